"""A number that near-identical texts share, so that copies are found without comparing texts."""

import unicodedata
from functools import cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.text.loops import hash_letters

#: Bytes (UTF-8) of letters from which equal texts are no coincidence: 10 Chinese characters, 15
#: Cyrillic letters or 30 Latin ones. "Where is my parcel?" is written by thousands.
SHORTEST: Final = 30
#: Every script in use lies below.
_END: Final = 0x30000


def text_keys(clean: pd.Series) -> pd.Series:
    """Hash of the letters of each cleaned text; 0 where there are too few.

    Masks, digits, punctuation, spaces and letter case make no difference. The hash is the same
    on every machine and in every run: a 64-bit polynomial, mixed. Two of a million different
    texts share one with a probability of 1 in 37 million.

    >>> a, b, c = text_keys(pd.Series([
    ...     "Order <code> has not arrived, nobody answers me!",
    ...     "order <number> has NOT arrived... nobody answers me",
    ...     "Where is my parcel?",
    ... ]))
    >>> bool(a == b), int(c)
    (True, 0)
    """
    texts = clean.fillna("").tolist()
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    bounds = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=bounds[1:])
    return pd.Series(hash_letters(codes, bounds, _letters(), SHORTEST), clean.index)


@cache
def _letters() -> NDArray[np.uint32]:
    """The lower-case letter (or mark) of each code point, 0 for what is none."""
    every = map(chr, range(_END))
    return np.array(
        [ord(c.lower()[0]) if unicodedata.category(c)[0] in "LM" else 0 for c in every], np.uint32
    )
