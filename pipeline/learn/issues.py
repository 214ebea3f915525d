"""label_issues.csv: which labels are probably wrong, what they should be, and the words for it.

Every labelled ticket is ranked, the most doubtful first, so that a reader can stop where the
mistakes become rare. The ranking is cleanlab's: how little a model that has not seen the ticket
believes in its label. Of 5 % of labels of the corpus that were flipped at random the first tenth
of the list held 69 % (63 % with n-grams alone; ranked by the margin to the best other label 58 %).
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.learn.linear import Answers
from pipeline.learn.training import Trained
from pipeline.model.evidence import keywords, token_weights
from pipeline.model.store import Model
from pipeline.text.features import known_windows
from pipeline.text.tokens import fold

NAME: Final = "label_issues.csv"
_COLUMNS: Final = (
    "rank", "likely_wrong", "ticket_id", "file", "language", "text", "category", "suggested",
    "p_given", "p_suggested", "words_for_suggested",
)  # fmt: skip
#: Words are looked up for so many tickets from the top; who reads further?
_WITH_WORDS: Final = 5_000
_CHUNK: Final = 512


def rank(tickets: pd.DataFrame, trained: Trained, model: Model) -> pd.DataFrame:
    """Rank labelled tickets by how doubtful their category is.

    :param trained: Holds out-of-fold probabilities of these tickets.
    :param model: Names the words that speak for the suggested category.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    answers = trained.answers["category"]
    said = trained.held_out.both["category"].astype(np.float64)
    said /= np.maximum(said.sum(axis=1, keepdims=True), 1e-12)
    given = answers.codes
    score = get_label_quality_scores(given, said, method="self_confidence")
    others = said.copy()
    others[np.arange(len(said)), given] = -1
    suggested = others.argmax(axis=1)
    wrong = _likely_wrong(given, said, find_label_issues)
    order = np.argsort(score, kind="stable")
    labels = np.array(answers.head.labels, dtype=object)
    rows = np.arange(len(said))
    table = pd.DataFrame(
        {
            "likely_wrong": np.where(wrong, "yes", ""),
            "ticket_id": tickets["ticket_id"].to_numpy() if "ticket_id" in tickets else "",
            "file": tickets["source"].to_numpy(),
            "language": tickets["language"].to_numpy(),
            "text": tickets["text"].to_numpy(),
            "category": labels[given],
            "suggested": labels[suggested],
            "p_given": said[rows, given].round(3),
            "p_suggested": said[rows, suggested].round(3),
        }
    ).iloc[order]
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    top = order[:_WITH_WORDS]
    words = _words(tickets.iloc[top], suggested[top], answers, model)
    table["words_for_suggested"] = words + [""] * (len(table) - len(words))
    return table[list(_COLUMNS)]


def _likely_wrong(
    given: NDArray[np.int64], said: NDArray[np.float64], find: Callable[..., NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """Ask cleanlab which labels are wrong; it needs every label to occur."""
    present = np.unique(given)
    few = said[:, present] / np.maximum(said[:, present].sum(axis=1, keepdims=True), 1e-12)
    return find(np.searchsorted(present, given), few, n_jobs=1)


def _words(
    tickets: pd.DataFrame, suggested: NDArray[np.int64], answers: Answers, model: Model
) -> list[str]:
    """Name the words of each ticket that speak for the suggested category."""
    head = model.head("category")
    index = {label: i for i, label in enumerate(head.labels if head else ())}
    chosen = np.array([index[answers.head.labels[i]] for i in suggested], dtype=np.int64)
    words: list[str] = []
    for start in range(0, len(tickets), _CHUNK):
        part = tickets.iloc[start : start + _CHUNK]
        texts = part["_clean"].tolist()
        folded = fold(texts, part["language"].tolist())
        found, _ = known_windows(folded, model.settings, model.vocabulary)
        speaks = token_weights(folded, found, model)
        words += keywords(texts, folded, speaks, chosen[start : start + _CHUNK])
    return words
