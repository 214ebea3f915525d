"""The script gate: which script a text is written in, for a whole batch at once.

All texts become one array of code points; a lookup table turns each into a script; one count
per text and script follows. Most languages are decided here, without statistics.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

#: More text than this adds nothing: of 13,553 real tickets (up to 2,998 characters) one gets
#: another answer when all of it is read.
MAX_CHARACTERS: Final = 600

#: Not language: addresses, user names, and what stands in angle brackets (masks and HTML).
_NOT_LANGUAGE: Final = re.compile(
    r"https?://\S+|www\.\S+|[\w.+-]{0,64}@[\w.-]{1,64}|</?[A-Za-z][^<>\n]{0,40}>", re.ASCII
)

#: Families of letters the gate counts. ``Han`` is Chinese characters and kana: which of the two
#: Chinese variants or Japanese it is, single characters tell (`pipeline.text.language`).
FAMILIES: Final = (
    "none", "Latn", "Cyrl", "Han", "Kore", "Arab", "Deva", "Thai", "Hebr", "Grek", "Beng",
    "Taml", "Telu", "Khmr", "Laoo", "Mymr", "Geor", "Armn",
)  # fmt: skip
INDEX: Final = {family: index for index, family in enumerate(FAMILIES)}

#: Kana without the marks ー and ・, which Chinese borrows as dashes; with 々 and 〆.
KANA: Final = (
    (0x3005, 0x3006), (0x3041, 0x3096), (0x309D, 0x309F), (0x30A1, 0x30FA), (0x30FD, 0x30FF),
    (0x31F0, 0x31FF), (0xFF66, 0xFF6F), (0xFF71, 0xFF9D),
)  # fmt: skip
#: Ranges of code points that are letters (or marks that belong to letters), both ends included.
_RANGES: Final[dict[str, tuple[tuple[int, int], ...]]] = {
    "Latn": ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x24F),
             (0x1E00, 0x1EFF)),
    "Cyrl": ((0x400, 0x481), (0x48A, 0x52F)),
    "Han": ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FA1F), *KANA),
    "Kore": ((0x1100, 0x11FF), (0x3131, 0x318E), (0xAC00, 0xD7A3)),
    "Arab": ((0x620, 0x64A), (0x66E, 0x6D3), (0x6EE, 0x6EF), (0x6FA, 0x6FC), (0x750, 0x77F),
             (0xFB50, 0xFBB1), (0xFBD3, 0xFD3D), (0xFD50, 0xFDFB), (0xFE70, 0xFEFC)),
    "Deva": ((0x900, 0x963), (0x971, 0x97F)),
    "Thai": ((0xE01, 0xE3A), (0xE40, 0xE4E)),
    "Hebr": ((0x5D0, 0x5EA), (0xFB1D, 0xFB4F)),
    "Grek": ((0x370, 0x373), (0x376, 0x37D), (0x386, 0x386), (0x388, 0x3FF), (0x1F00, 0x1FFF)),
    "Beng": ((0x980, 0x9E3),),
    "Taml": ((0xB80, 0xBE5),),
    "Telu": ((0xC00, 0xC63),),
    "Khmr": ((0x1780, 0x17D3),),
    "Laoo": ((0xE80, 0xECF),),
    "Mymr": ((0x1000, 0x103F), (0x1050, 0x108F)),
    "Geor": ((0x10A0, 0x10FA), (0x10FC, 0x10FF)),
    "Armn": ((0x531, 0x556), (0x560, 0x588)),
}  # fmt: skip

#: How many Latin letters one letter weighs: a Chinese character or a Hangul syllable is
#: about half a word, and Latin words inside another script are mostly brands and order numbers,
#: while the reverse is rare.
_WEIGHTS: Final = {"none": 0.0, "Latn": 1.0, "Han": 4.0, "Kore": 4.0}
_OTHER_WEIGHT: Final = 2.0


class Letters(NamedTuple):
    """A batch as one array of code points: `codes` (0 where it is not language), the number of
    the text each belongs to, the family of each, and the number of texts."""

    codes: npt.NDArray[np.uint32]
    text: npt.NDArray[np.intp]
    family: npt.NDArray[np.uint8]
    size: int


class Scripts(NamedTuple):
    """For each text: its family (index into `FAMILIES`, 0 without letters) and the weighted
    share of its letters that are of that family, 0..1."""

    family: npt.NDArray[np.intp]
    share: npt.NDArray[np.float64]


def read(texts: Sequence[str]) -> Letters:
    """Turn a batch of texts into one array of code points, with one empty cell between texts."""
    parts = [unicodedata.normalize("NFC", text[:MAX_CHARACTERS]) for text in texts]
    joined = "\n".join(parts) + "\n"
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32).copy()
    lengths = np.fromiter((len(part) + 1 for part in parts), np.intp, len(parts))
    begins = np.cumsum(lengths) - lengths
    for begin, part in zip(begins.tolist(), parts, strict=True):
        if "<" in part or "@" in part or "://" in part or "www." in part:
            for match in _NOT_LANGUAGE.finditer(part):
                codes[begin + match.start() : begin + match.end()] = 0
    if not parts:
        codes = codes[:0]
    text = np.repeat(np.arange(len(parts)), lengths)
    table = family_table()
    family = table[np.minimum(codes, len(table) - 1)]
    return Letters(codes, text, family, len(parts))


def only(letters: Letters, rows: npt.NDArray[np.intp]) -> Letters:
    """The letters of some texts alone, which are then numbered from 0.

    >>> few = only(read(["ab", "в", "c"]), np.array([0, 2]))
    >>> "".join(map(chr, few.codes)).split(), few.text.tolist(), few.size
    (['ab', 'c'], [0, 0, 0, 1, 1], 2)
    """
    chosen = np.zeros(letters.size, dtype=bool)
    chosen[rows] = True
    kept = np.flatnonzero(chosen[letters.text])
    number = np.cumsum(chosen) - 1
    return Letters(letters.codes[kept], number[letters.text[kept]], letters.family[kept], len(rows))


def decide(letters: Letters) -> Scripts:
    """Choose the family that weighs most in each text.

    >>> [FAMILIES[i] for i in decide(read(["iPhone 坏了", "고장 났어요", "Broken", "👍"])).family]
    ['Han', 'Kore', 'Latn', 'none']
    """
    weighed = _count(letters) * [_WEIGHTS.get(name, _OTHER_WEIGHT) for name in FAMILIES]
    family = weighed.argmax(axis=1)
    best, total = weighed.max(axis=1, initial=0.0), weighed.sum(axis=1)
    share = np.divide(best, total, out=np.zeros(len(best)), where=total > 0)
    return Scripts(np.where(total > 0, family, 0), share)


def _count(letters: Letters) -> npt.NDArray[np.float64]:
    cells = letters.text * len(FAMILIES) + letters.family
    counts = np.bincount(cells, minlength=letters.size * len(FAMILIES))
    return counts.reshape(letters.size, len(FAMILIES)).astype(float)


@cache
def family_table() -> npt.NDArray[np.uint8]:
    """Family of each code point; the last entry stands for all code points beyond."""
    table = np.zeros(0x2FA21, np.uint8)
    for name, ranges in _RANGES.items():
        for first, last in ranges:
            table[first : last + 1] = INDEX[name]
    return table
