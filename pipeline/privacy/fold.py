"""Read through disguises: other digits, full-width letters and invisible characters."""

import re
import sys
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

#: Stands for what was found already; no pattern takes it.
TAKEN: Final = "\ue0ff"

_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_DASHES: Final = "‐‑‒–—−﹣"
_SPACES: Final = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t"


class Folded(NamedTuple):
    """A text to search, and where each of its characters stands in the original."""

    text: str
    places: Sequence[int]


def fold(text: str) -> Folded:
    """Return `text` with plain digits, letters, dashes and blanks, without invisible characters.

    >>> fold("１３８\u200b-٤٥").text
    '138-45'
    """
    if text.isascii():
        return Folded(text.replace("\t", " "), range(len(text)))
    places: Sequence[int] = range(len(text))
    if _INVISIBLE.search(text):
        hidden = {i for match in _INVISIBLE.finditer(text) for i in range(*match.span())}
        places = [i for i in places if i not in hidden]
        text = _INVISIBLE.sub("", text)
    return Folded(text.translate(_plain()), places)


@cache
def _plain() -> dict[int, str]:
    """One character for one, so that places stay."""
    wide = {0xFF01 + i: chr(0x21 + i) for i in range(94)}
    digits = {
        code: str(unicodedata.decimal(chr(code)))
        for code in range(0x80, sys.maxunicode + 1)
        if chr(code).isdecimal()
    }
    return {
        **{ord(dash): "-" for dash in _DASHES},
        **{ord(space): " " for space in _SPACES},
        **wide,
        **digits,
        ord("﹫"): "@",
        ord(TAKEN): " ",
    }
