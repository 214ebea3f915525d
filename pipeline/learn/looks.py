"""A look at labelled tickets before anything is learnt: what is there, and what may be wrong.

What makes training pointless is refused by `labelled.check_labels` and `refuse_leaks`; the rest is
told: duplicates with different labels, labels that are hardly used or hard to tell apart.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import TrainingError
from pipeline.rules.columns import fold

#: Examples of a category below which its numbers say little; 20 is what a start needs.
FEW: Final = 20
#: A category with a smaller share of the tickets is hardly used.
_HARDLY_USED: Final = 0.002
#: Two categories are hard to tell apart when this share of one goes to the other, held out.
_MIXED_UP: Final = 0.25
_LISTED: Final = 5

#: Parts of headers whose column is written when a ticket is answered or closed: none of it is
#: known when the next ticket comes in. Folded as in columns.toml.
_AFTERWARDS: Final = (
    "resolution", "resolved", "solution", "agentreply", "agentanswer", "agentresponse",
    "agentnote", "agentcomment", "supportreply", "staffreply", "sellerreply", "merchantreply",
    "reply", "closingcode", "closecode", "closurecode", "closingnote", "rootcause", "outcome",
    "compensation", "refundamount", "csat", "satisfaction", "handlingresult", "internalnote",
    "respuesta", "solucion", "resolucion", "resposta", "solucao", "reponse", "antwort", "loesung",
    "lösung", "risposta", "soluzione", "ответ", "решение",
    "处理结果", "处理意见", "解决方案", "解决方式", "客服回复", "商家回复",
    "回复内容", "结案", "关闭原因",
    "處理結果", "解決方案", "客服回覆", "賣家回覆", "結案", "対応内容",
    "対応結果", "回答", "返信", "処理結果",
    "답변", "처리결과", "해결",
)  # fmt: skip

#: A word that nearly every ticket of a label holds and nearly no other was not written by
#: customers: "[RC-17]" at the end of the text, or the answer pasted below the question.
_IN_LABEL: Final = 0.9
_ELSEWHERE: Final = 0.01
_FEWEST_TICKETS: Final = 20
_WORD: Final = re.compile(r"[^\s,;.!?，。；！？、]+")


def counts(tickets: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Count the tickets by category, language and month."""
    found = {name: counted(tickets[name]) for name in ("category", "language")}
    if "created_at" in tickets and tickets["created_at"].notna().any():
        found["month"] = counted(tickets["created_at"].dropna().dt.strftime("%Y-%m"))
    return found


def findings(tickets: pd.DataFrame, group: NDArray[np.int64]) -> list[str]:
    """Return one line for each thing that a careful person would want to know.

    :param group: Near-duplicates share a number (`copies.near_duplicates`).
    """
    lines = []
    number = tickets["category"].value_counts()
    languages = tickets["language"].value_counts()
    lines.append(
        f"{len(tickets):,} labelled tickets, {len(number)} categories, "
        f"{len(languages)} languages (most in {languages.index[0]})"
    )
    few = number[number < FEW]
    if len(few):
        lines.append(
            f"few examples: {_named(few)}: below {FEW} a category is mostly guessed. "
            "Label more of them, or merge them with --map"
        )
    hardly = number[(number >= FEW) & (number < _HARDLY_USED * len(tickets))]
    if len(hardly):
        lines.append(
            f"hardly used: {_named(hardly)}: merge each with another (--map KEPT=RARE), or define "
            "when it holds"
        )
    lines += _on_copies(tickets, group)
    return lines


def _on_copies(tickets: pd.DataFrame, group: NDArray[np.int64]) -> list[str]:
    codes = pd.factorize(tickets["category"])[0]
    sizes = np.bincount(group)
    labels = pd.Series(codes).groupby(group).nunique().to_numpy()
    copies = int((sizes - 1).clip(0).sum())
    if not copies:
        return []
    lines = [
        f"{copies:,} tickets are near-duplicates of others; they stay on one side of any split"
    ]
    torn = np.flatnonzero(labels > 1)
    if len(torn):
        first = np.flatnonzero(group == torn[0])
        both = " and ".join(sorted(set(tickets["category"].iloc[first]))[:2])
        text = " ".join(tickets["text"].iloc[first[0]].split())[:60]
        lines.append(
            f"{len(torn):,} near-identical texts have different categories, for instance {text!r}:"
            f" {both}. label_issues.csv ranks the doubtful ones"
        )
    return lines


def mixed_up(truth: NDArray[np.int64], said: NDArray[np.int64], labels: Iterable[str]) -> list[str]:
    """Name pairs of categories that held-out tickets show to be hard to tell apart.

    >>> mixed_up(np.array([0] * 20 + [1] * 20), np.array([0] * 12 + [1] * 28), ["a", "b"])[0][:51]
    "hard to tell apart: 8 of 20 'a' were taken for 'b'."
    """
    names = list(labels)
    table = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(table, (truth, said), 1)
    total = table.sum(axis=1)
    share = table / np.maximum(total, 1)[:, None]
    np.fill_diagonal(share, 0)
    share[total < FEW] = 0
    worst = np.argsort(-share, axis=None, kind="stable")[:_LISTED]
    lines = []
    for one, other in zip(*np.unravel_index(worst, share.shape), strict=True):
        if share[one, other] >= _MIXED_UP:
            lines.append(
                f"hard to tell apart: {table[one, other]:,} of {total[one]:,} {names[one]!r} were "
                f"taken for {names[other]!r}. Merge them with --map, or define which is which"
            )
    return lines


def refuse_late_columns(columns: Mapping[str, str]) -> None:
    """Refuse a text column that is written only after the ticket was solved.

    :param columns: Header by field, as given with ``--column`` or as found in a file.
    :raises TrainingError: The text would be an agent's answer or a resolution.
    """
    for field in ("text", "subject"):
        header = columns.get(field, "")
        if any(part in fold(header) for part in _AFTERWARDS):
            raise TrainingError(
                f"The column {header!r} is written when a ticket is solved, so no new ticket has "
                f"it: a model that learns from it knows nothing. Give --column {field}=HEADER "
                "with the customer's own words."
            )


def refuse_leaks(tickets: pd.DataFrame) -> None:
    """Refuse texts that carry their own answer.

    :raises TrainingError: One word tells a category nearly without fail: it was added later.
    """
    total = tickets["category"].value_counts()
    leaks = []
    held = _words_by_label(tickets)
    for (label, word), n in held.items():
        everywhere = sum(held.get((other, word), 0) for other in total.index)
        others = max(len(tickets) - total[label], 1)
        if (
            total[label] >= _FEWEST_TICKETS
            and n >= _IN_LABEL * total[label]
            and everywhere - n <= _ELSEWHERE * others
        ):
            leaks.append((label, word, n))
    # In a real history a category has one such word at most; when most have one, or the word
    # is no word at all, somebody wrote the answer into the text.
    telling = [one for one in leaks if not one[1].isalpha()]
    spread = len({label for label, _, _ in leaks}) * 2 >= len(total)
    if telling or spread:
        label, word, n = (telling or leaks)[0]
        raise TrainingError(
            f"The texts give their category away: {word!r} stands in {n:,} of {total[label]:,} "
            f"tickets of {label!r} and hardly elsewhere, in {len(leaks)} such cases. It looks like "
            "something added after the ticket was solved (a code, a tag, an answer). Take it out, "
            "or give --keep-leaks if customers really write it."
        )


def _words_by_label(tickets: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Count the tickets of each label that hold a word, for words that may be in most of them."""
    found: dict[tuple[str, str], int] = {}
    for label, rows in tickets.groupby("category", sort=True):
        most = _IN_LABEL * len(rows)
        seen: dict[str, int] = {}
        for i, text in enumerate(rows["text"]):
            words = set(_WORD.findall(text.lower()))
            if i < max(_FEWEST_TICKETS, len(rows) - most):
                for word in words:
                    seen[word] = seen.get(word, 0) + 1
            else:  # what was not seen in the first tenth cannot be in nine tenths of all
                for word in words & seen.keys():
                    seen[word] += 1
        found |= {(str(label), word): n for word, n in seen.items() if n > 1}
    return found


def counted(column: pd.Series) -> dict[str, int]:
    number = column.value_counts().sort_index()
    return {str(name): int(n) for name, n in number.items()}


def _named(number: pd.Series) -> str:
    names = [f"{name!r} ({n:,})" for name, n in number.items()]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def shown(table: Mapping[str, Any]) -> str:
    """Return `counts` as lines for card.md."""
    return "\n".join(
        f"- by {name}: " + ", ".join(f"{key or 'unknown'} {n:,}" for key, n in rows.items())
        for name, rows in table.items()
    )
