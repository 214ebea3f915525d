"""Which of the customer's words decided: the n-gram part of an explanation."""

import numpy as np
from numpy.typing import NDArray

from pipeline.model.store import Model
from pipeline.text.features import Windows
from pipeline.text.tokens import Folded, token_bounds

#: Words named for each ticket.
_WORDS = 4
#: A longer token (a whole phrase in a script without spaces) is cut for display.
_LONGEST_WORD = 24


def keywords(
    texts: list[str],
    folded: Folded,
    found: Windows,
    model: Model,
    chosen: NDArray[np.int64],
) -> list[str]:
    """Return the words that spoke most for the chosen category, as written, joined by ", ".

    A token's weight is the sum of its n-grams' idf x (weight for the chosen category - mean
    weight over all categories), so words that speak for everything count for nothing.
    """
    score = token_weights(folded, found, model, chosen)
    first, last = token_bounds(folded)
    document = folded.document[first]
    speaks = np.flatnonzero((score > 0) & ~folded.symbol[first])
    order = speaks[np.lexsort((-score[speaks], document[speaks]))]
    begins = np.searchsorted(document[order], np.arange(len(texts) + 1))
    inside = folded.offsets[document[order]]
    starts = (first[order] - inside).tolist()
    ends = (last[order] - inside).tolist()
    bounds = begins.tolist()
    return [
        _join(text, starts[i:j], ends[i:j])
        for text, i, j in zip(texts, bounds, bounds[1:], strict=False)
    ]


def token_weights(
    folded: Folded, found: Windows, model: Model, chosen: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return how much each token of the batch spoke for its ticket's chosen category."""
    column = model.vocabulary.lookup[found.column]
    known = np.flatnonzero(column >= 0)
    column = column[known]
    category = chosen[found.document[known]]
    weight = model.category_weights[column, category] * model.vocabulary.idf[column]
    return np.bincount(found.token[known], weights=weight, minlength=int(folded.token_start.sum()))


def _join(text: str, starts: list[int], ends: list[int]) -> str:
    """Join the first few different words."""
    words: dict[str, None] = {}
    for start, end in zip(starts, ends, strict=True):
        words[text[start : min(end, start + _LONGEST_WORD)]] = None
        if len(words) == _WORDS:
            break
    return ", ".join(words)
