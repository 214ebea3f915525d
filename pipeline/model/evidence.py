"""Which of the customer's words decided: the n-gram part of an explanation."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.model.heads import Floats
from pipeline.model.store import Model
from pipeline.text.features import Windows, known_windows, weigh
from pipeline.text.loops import add_rows, add_tokens
from pipeline.text.tokens import Folded, fold, is_mask, token_bounds

#: Words named for each ticket.
_WORDS = 4
#: A longer token (a whole phrase in a script without spaces) is cut for display.
_LONGEST_WORD = 24
_FIRST_HAN = 0x3400


def keywords(
    texts: list[str],
    folded: Folded,
    weights: Floats,
    chosen: NDArray[np.int64],
) -> list[str]:
    """Return the words that spoke most for the chosen category, as written, joined by ", ".

    :param weights: Of each token for each category (`token_weights`): words that speak for
        everything count for nothing.
    :param chosen: The category of each text.
    """
    first, last = token_bounds(folded)
    document = folded.document[first]
    score = weights[np.arange(len(first)), chosen[document]]
    # Masks are ours, not the customer's words. A single letter says nothing to a reader; a
    # single Han character often is a word.
    is_word = (last - first > 1) | (folded.codes[first] >= _FIRST_HAN)
    speaks = np.flatnonzero((score > 0) & is_word & ~is_mask(folded, first))
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


def token_weights(folded: Folded, found: Windows, model: Model) -> Floats:
    """Return how much each token of the batch speaks for each category.

    :return: Sums of idf x (weight for the category - mean weight); shape (n_tokens, n_categories).
    """
    n_tokens = int(folded.token_start.sum())
    n_categories = len(model.heads[0].labels)  # category is the first head of every model
    weights, scale, _bias = model.ngrams
    idf = model.vocabulary.idf
    total: Floats = add_tokens(
        found.column, found.token, idf, weights, scale[:n_categories], n_tokens
    )
    return total - total.mean(axis=1, keepdims=True)


class Account(NamedTuple):
    """What makes up one score of the n-gram view: ``logit = bias + sum of the words``."""

    words: list[tuple[str, float]]
    """Each token as written and what it adds, in the order of the text."""
    bias: float
    logit: float


def account(text: str, language: str, model: Model, label: str) -> Account:
    """Share the n-grams' score for one category out among the words of a cleaned text.

    An n-gram seen c times gives each of its places a c-th of value x weight; an n-gram belongs to
    the token that holds its middle. The shares add up to the score but for rounding.

    :raises ValueError: The model has no such category.
    """
    output = model.heads[0].labels.index(label)
    folded = fold([text], [language])
    found, _ = known_windows(folded, model.settings, model.vocabulary)
    matrix = weigh(found, 1, model.vocabulary)
    weights, scale, bias = model.ngrams
    value = np.zeros(len(model.vocabulary.idf))
    times = np.bincount(found.column, minlength=len(value))
    value[matrix.indices] = matrix.data / times[matrix.indices]
    each = value[found.column] * weights[found.column, output] * float(scale[output])
    first, last = token_bounds(folded)
    shares = np.bincount(found.token, weights=each, minlength=len(first)).tolist()
    words = [text[i:j] for i, j in zip(first.tolist(), last.tolist(), strict=True)]
    scores = add_rows(matrix.indptr, matrix.indices, matrix.data, *model.ngrams)
    pairs = list(zip(words, shares, strict=True))
    return Account(pairs, float(bias[output]), float(scores[0, output]))


def _join(text: str, starts: list[int], ends: list[int]) -> str:
    """Join the first few different words."""
    words: dict[str, None] = {}
    for start, end in zip(starts, ends, strict=True):
        words[text[start : min(end, start + _LONGEST_WORD)]] = None
        if len(words) == _WORDS:
            break
    return ", ".join(words)
