"""What a model decides, and the arithmetic from the two views' scores to one probability.

A *head* is one question with its possible answers (category, reason, urgency, emotion). Each
*view* of a ticket (the sparse n-grams, the dense encoder) has linear weights for every head.
Their probabilities are pooled, then calibrated by one temperature for each head: pooling
two models beat one model on both views (docs/decisions/0005-model.md).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Head(NamedTuple):
    """One question and its answers."""

    name: str
    labels: tuple[str, ...]


class View(NamedTuple):
    """Linear weights of all heads on one view of the ticket, side by side."""

    weights: Floats
    """Shape (n_columns, n_outputs): the heads' labels in order, one column each."""
    bias: Floats
    """Shape (n_outputs,)."""


class SparseView(NamedTuple):
    """A view over n-grams: each output's weights in one byte, -127..127 times its scale."""

    weights: NDArray[np.int8] | Floats
    """Shape (n_columns, n_outputs)."""
    scale: Floats
    """Shape (n_outputs,)."""
    bias: Floats
    """Shape (n_outputs,)."""


def pack(view: View | SparseView) -> SparseView:
    """Round a view's weights to one byte each, scaled by the largest of their output.

    The rounding moves a probability by less than 0.005 (a test holds that); the model stays
    small enough for a repository and for the processor's cache.
    """
    if isinstance(view, SparseView):
        if view.weights.dtype == np.int8:
            return view
        view = View(view.weights * view.scale, view.bias)
    largest = np.abs(view.weights).max(axis=0, initial=1e-12)
    scale = np.asarray(largest / np.float32(127), dtype=np.float32)
    return SparseView(np.round(view.weights / scale).astype(np.int8), scale, view.bias)


class Tuned(NamedTuple):
    """An upper part of the sentence encoder tuned on complaints, and its heads."""

    upper: dict[str, Floats]
    """Arrays under the names of `text.encoder.UPPER_SHAPES`."""
    view: View


class Calibration(NamedTuple):
    """What turns a head's pooled probabilities into calibrated ones."""

    temperature: float
    """Above 1 flattens, below 1 sharpens (Guo et al. 2017)."""
    prior: tuple[float, ...]
    """Added to each label's log-probability: the expected mix against the training mix."""


def columns_of(heads: tuple[Head, ...]) -> dict[str, slice]:
    """Return where each head's outputs stand among all outputs of a view.

    >>> columns_of((Head("category", ("a", "b")), Head("urgency", ("0", "1", "2"))))
    {'category': slice(0, 2, None), 'urgency': slice(2, 5, None)}
    """
    ends = np.cumsum([len(head.labels) for head in heads]).tolist()
    return {
        head.name: slice(end - len(head.labels), end) for head, end in zip(heads, ends, strict=True)
    }


def softmax(scores: Floats) -> Floats:
    """Turn scores into probabilities, row by row.

    >>> softmax(np.array([[0.0, 0.0]], dtype=np.float32)).tolist()
    [[0.5, 0.5]]
    """
    exp = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Floats = exp / exp.sum(axis=1, keepdims=True)
    return result


def calibrate(probabilities: Floats, calibration: Calibration) -> Floats:
    """Apply temperature and prior to probabilities of shape (n_tickets, n_labels).

    >>> half = np.array([[0.8, 0.2]], dtype=np.float32)
    >>> calibrate(half, Calibration(2.0, (0.0, 0.0))).round(3).tolist()  # sqrt(.8) : sqrt(.2)
    [[0.6669999957084656, 0.3330000042915344]]
    """
    logs = np.log(np.maximum(probabilities, np.float32(1e-9)))
    prior = np.array(calibration.prior, dtype=np.float32)
    scores = logs / np.float32(calibration.temperature) + prior
    return softmax(scores.astype(np.float32))


#: What n-grams, encoder and tuned encoder count in the pool. The tuned one gains more on
#: held-out batches of the corpus than on real messages (docs/decisions/0005-model.md).
_SHARES = np.array([0.4, 0.4, 0.2], dtype=np.float32)


def pool(views: list[Floats], groups: Sequence[NDArray[np.int64]] | None = None) -> Floats:
    """Pool the probabilities of two or three views; each of shape (n_tickets, n_labels).

    The logarithmic opinion pool (Genest & Zidek 1986): the mean of the logarithms, normalised.
    A view that excludes a label is heard, which the mean of probabilities drowns.

    :param groups: Labels that are compared with each other; all of them when not given.

    >>> one, other = np.array([[0.8, 0.2]], np.float32), np.array([[0.5, 0.5]], np.float32)
    >>> pool([one, other]).round(3).tolist()  # sqrt(.8 x .5) : sqrt(.2 x .5) = 2 : 1
    [[0.6669999957084656, 0.3330000042915344]]
    """
    shares = _SHARES if len(views) == len(_SHARES) else np.full(len(views), 1 / len(views))
    logs = np.log(np.maximum(np.stack(views), np.float32(1e-9)))
    mean = np.tensordot(shares.astype(np.float32), logs, axes=1)
    found = np.empty_like(mean)
    for group in groups or [np.arange(mean.shape[1])]:
        found[:, group] = softmax(mean[:, group])
    return found
