"""The words that tell one issue from the others: class-based TF-IDF, per language.

The tickets of an issue in one language are one document. A word weighs
``tf * log(1 + A / f)``: how often it is in the issue's document (as a share), times how rare it
is, with f its count in all documents of the language and A their mean length (Grootendorst 2022,
BERTopic). The whole language is the background, so that function words drop out by themselves.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from pipeline.insights.phrases import words_of

#: Words shown, and languages they are shown for: the issue's largest ones.
_WORDS, _LANGUAGES = 4, 3
#: A word of fewer tickets of the issue is one customer's wording.
_FEWEST: Final = 2


def characteristic(tickets: pd.DataFrame, issues: pd.DataFrame) -> list[str]:
    """The characteristic words of each issue, as ``en: zip, broken; zh-Hans: 拉链``.

    :param tickets: ``reason``, ``language``, ``text`` and the columns that ``kind`` names.
    :param issues: ``kind`` (a column of `tickets`, or ""), ``value``, ``reason``.
    """
    words = words_of(tickets["text"].tolist(), tickets["language"].tolist())
    held = pd.Series([set(one) for one in words], index=tickets.index)
    by_language = {
        str(language): Counter(word for one in held.loc[rows] for word in one)
        for language, rows in tickets.groupby("language").groups.items()
    }
    return [
        _of_issue(tickets[_of(tickets, kind, value, reason)], held, by_language)
        for kind, value, reason in issues[["kind", "value", "reason"]].itertuples(index=False)
    ]


def _of(tickets: pd.DataFrame, kind: str, value: str, reason: str) -> pd.Series:
    chosen = tickets["reason"] == reason
    return chosen & (tickets[kind] == value) if kind else chosen


def _of_issue(
    inside: pd.DataFrame, held: pd.Series, by_language: Mapping[str, Counter[str]]
) -> str:
    parts = []
    for language in inside["language"].value_counts().index[:_LANGUAGES]:
        rows = inside.index[inside["language"] == language]
        own = Counter(word for one in held.loc[rows] for word in one)
        words = class_tf_idf(own, by_language[str(language)])
        if words:
            parts.append(f"{language}: {', '.join(words[:_WORDS])}")
    return "; ".join(parts)


def class_tf_idf(own: Mapping[str, int], everywhere: Mapping[str, int]) -> Sequence[str]:
    """The words of `own`, the most characteristic first.

    >>> class_tf_idf({"zip": 3, "the": 5}, {"zip": 4, "the": 500, "late": 90, "box": 50})
    ['zip', 'the']
    """
    words = sorted(word for word, count in own.items() if count >= _FEWEST)
    if not words:
        return []
    count = np.array([own[word] for word in words], float)
    total = np.array([everywhere[word] for word in words], float)
    mean = sum(everywhere.values()) / len(everywhere)
    weight = count / count.sum() * np.log1p(mean / total)
    return [words[at] for at in np.lexsort((words, -weight))]
