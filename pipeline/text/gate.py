"""Which steps of cleaning a text may need: one look at every character spares the searches.

Half of all real messages come out of cleaning as they went in, and most others need one step
of nine. This gate is one table lookup for each character of a batch. It may name a step that
then finds nothing to do, and never leaves out one that has (a property test holds that).
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.text.loops import find_steps

#: What a character may be, alone or as part of a pair; the loop knows the bits by their order.
KINDS: Final = (
    "suspect", "after_suspect", "invisible", "unstable", "html", "space", "maskable",
    "signature", "in_signature", "boundary",
)  # fmt: skip
#: The steps by the bits of the answer.
STEPS: Final = (
    "mojibake", "invisible", "compose", "html", "runs", "spaces", "quotes", "masks", "length",
)  # fmt: skip
#: Every character from here on is rare enough to be looked at by every step.
_END: Final = 0x30000


def table(patterns: Mapping[str, re.Pattern[str]], *, kept: str) -> NDArray[np.uint16]:
    """Return what each character may be, as bits in the order of `KINDS`.

    :param patterns: A pattern of single characters for each of `KINDS`, if there is one.
    :param kept: Characters that NFKC would change, and cleaning does not.
    """
    every = "".join(map(chr, range(_END)))
    found = np.zeros(_END, np.uint16)
    for kind, pattern in patterns.items():
        places = [match.start() for match in pattern.finditer(every)]
        found[places] |= 1 << KINDS.index(kind)
    found[[character.isspace() for character in every]] |= 1 << KINDS.index("space")
    unstable = [not _stable(character) and character not in kept for character in every]
    found[unstable] |= 1 << KINDS.index("unstable")
    found[_second_halves()] |= 1 << KINDS.index("unstable")
    return found


def steps(
    texts: Sequence[str], characters: NDArray[np.uint16], *, limit: int, tail: int
) -> list[int]:
    """Return which steps each text may need, as bits in the order of `STEPS`.

    :param characters: What each character may be (`table`).
    :param limit: Longer texts need the step ``length``.
    :param tail: Characters at the end in which a signature may begin.
    """
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    bounds = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=bounds[1:])
    found: list[int] = find_steps(codes, bounds, characters, limit, tail).tolist()
    return found


def _stable(character: str) -> bool:
    """Say whether NFKC leaves the character alone, whatever stands before it."""
    return not unicodedata.combining(character) and unicodedata.is_normalized("NFKC", character)


def _second_halves() -> list[int]:
    """Characters that NFKC joins with the one before them."""
    jamo = [*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)]
    parts = (unicodedata.decomposition(chr(code)).split() for code in range(_END))
    return jamo + [int(two[1], 16) for two in parts if len(two) == 2 and two[0][0] != "<"]
