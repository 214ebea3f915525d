"""Words and pairs of words of each language, as issues that may rise."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.insights.series import Family

#: A word in more than this share of a language's tickets is grammar, not an issue.
_TOO_COMMON = 0.3


def words_of(texts: Sequence[str], languages: Sequence[str]) -> list[list[str]]:
    """The words of each text, folded as the model folds them; no masks, signs, or numbers.

    Chinese is cut by jieba, Japanese where the script changes, Thai before leading vowels.

    >>> words_of(["Die Tür klemmt!! 42", "快递还没到"], ["de", "zh-Hans"])
    [['die', 'tür', 'klemmt'], ['快递', '还没到']]
    """
    from pipeline.text.clean import clean
    from pipeline.text.tokens import fold, tokens

    found = tokens(fold(clean(texts), languages))
    return [[word for word in one if _is_word(word)] for one in found]


def _is_word(token: str) -> bool:
    return len(token) > 1 and any(map(str.isalpha, token)) and not token.startswith("<")


def phrases_of(words: Sequence[str]) -> set[str]:
    """The words of one ticket and the pairs of neighbours among them.

    >>> sorted(phrases_of(["screen", "flickers"]))
    ['flickers', 'screen', 'screen flickers']
    """
    return {*words, *(f"{one} {two}" for one, two in pairwise(words))}


def phrases(tickets: pd.DataFrame, chosen: NDArray[np.bool_], few: int) -> Family:
    """Phrases that at least `few` of the `chosen` tickets of a language hold."""
    rows = np.flatnonzero(chosen)
    picked = tickets.iloc[rows]
    languages = picked["language"].tolist()
    stratum, tags = pd.factorize(tickets["language"], sort=True)
    ticket, name = [], []
    for row, language, words in zip(
        rows.tolist(), languages, words_of(picked["text"].tolist(), languages), strict=True
    ):
        held = phrases_of(words)
        ticket += [row] * len(held)
        name += [(language, phrase) for phrase in held]
    return _family(np.array(ticket, np.int64), name, stratum, tags, few)


def _family(
    ticket: NDArray[np.int64],
    name: list[tuple[str, str]],
    stratum: NDArray[np.int64],
    tags: "pd.Index[str]",
    few: int,
) -> Family:
    table = pd.DataFrame(name, columns=["language", "value"])
    issue = table.groupby(["language", "value"], sort=True).ngroup().to_numpy(np.int64)
    size = np.bincount(issue)
    first = np.unique(issue, return_index=True)[1]
    names = table.iloc[first].reset_index(drop=True).assign(reason="")
    home = tags.get_indexer(pd.Index(names["language"]))
    common = _TOO_COMMON * np.bincount(stratum, minlength=len(tags))[home]
    keep = (size >= few) & (size <= common)
    number = np.cumsum(keep) - 1
    member = keep[issue] if len(issue) else np.zeros(0, bool)
    return Family(
        "phrase",
        names[keep].reset_index(drop=True),
        ticket[member],
        number[issue[member]],
        home[keep].astype(np.int64),
    )
