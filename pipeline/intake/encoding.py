"""Find the encoding of a text file.

In this order: the user's word; a byte-order mark; UTF-16 and UTF-32 by their zero bytes; UTF-8
over the whole file; else the legacy code page under which the bytes read most like a language
(`CODE_PAGES`); else whatever charset-normalizer makes of them.

A file with some broken bytes keeps its encoding: `decode errors` become lone surrogates
(`ESCAPE`), and the rows that hold them are rejected later, one by one.
"""

import codecs
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from pipeline.errors import InputError
from pipeline.intake import letters
from pipeline.intake.streams import ESCAPE, ByteStream

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK: Final = 1 << 18
_SAMPLE_PER_CHUNK: Final = 1 << 14
_SAMPLE: Final = 1 << 17

#: UTF-8 with broken bytes is still UTF-8 while good characters outside ASCII are at least five
#: times as many. GB18030 read as UTF-8 has about one good per two broken.
_GOOD_PER_BROKEN: Final = 5

#: A text of one-byte characters holds hardly a zero byte; UTF-16 one for each ASCII character.
_MANY_ZEROS: Final = 0.02
_WIDE: Final = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")

#: Below this mean log probability for each byte no code page of ours fits (real text: -2 to -4.5).
_UNLIKELY: Final = -5.5


class CodePage(NamedTuple):
    """A legacy encoding and the text one expects in it."""

    encoding: str
    letters: str  # everyday characters, most frequent first
    rest: str  # character class of the rarer ones
    odd: str = ""  # what does not occur in such text


_HAN: Final = "\u3000-\u303f\u4e00-\u9fff\uff01-\uff60"
# A Latin letter inside a word of another alphabet, or a letter that stands alone.
_GLUED: Final = (
    r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]|(?<![^\x00-\x7f])[^\x00-\x7f](?![^\x00-\x7f])"
)
_LONG_RUN: Final = "[^\x00-\x7f]{3}"  # accents do not come three in a row

#: The commonest in exports first: each place costs `_LATER`, so ties go to the earlier row.
CODE_PAGES: Final = (
    CodePage("cp1252", letters.WESTERN, "\xa0-\xff", _LONG_RUN),
    CodePage("gb18030", letters.HANS + letters.HANT, _HAN),
    CodePage("cp932", letters.JAPANESE, _HAN + "\u3040-\u30ff"),
    CodePage("cp949", letters.KOREAN, _HAN + "\uac00-\ud7a3"),
    CodePage("cp950", letters.HANT, _HAN),
    CodePage("big5hkscs", letters.HANT, _HAN),
    CodePage("cp1251", letters.CYRILLIC, "\u0401-\u0491", _GLUED),
    CodePage("cp1250", letters.CENTRAL, "\xa0-\xff\u0100-\u017f", _LONG_RUN),
    CodePage("cp1254", letters.TURKISH, "\xa0-\xff\u0100-\u017f", _LONG_RUN),
    CodePage("cp1256", letters.ARABIC, "\u060c-\u064a", _GLUED),
    CodePage("cp874", letters.THAI, "\u0e01-\u0e5b", _GLUED),
    CodePage("koi8_r", letters.CYRILLIC, "\u0401-\u0491", _GLUED),
    CodePage("euc_jp", letters.JAPANESE, _HAN + "\u3040-\u30ff"),
)

# Log probabilities of one character. They need only be roughly right: a wrong code page loses
# by several units for each byte.
_ASCII: Final = -3.5
_RARE: Final = -10.0
_FOREIGN: Final = -14.0
_IMPLAUSIBLE: Final = -18.0  # private use, box drawing, control characters, half-width kana
_UNREADABLE: Final = -25.0
_ODD: Final = -4.0
_LATER: Final = -0.4
_EVERYDAY_SHARE: Final = 0.8  # of the characters outside ASCII, measured on data/corpus


def detect(path: Path, *, given: str | None = None) -> str:
    """Return the Python codec name of the file at `path`; ``utf-8`` when it is empty or ASCII.

    :param given: The user's word. It beats everything else.
    :raises InputError: The file cannot be opened, is no text at all, or it plainly is not in the
        encoding `given`.
    """
    if given is not None:
        return _confirm(path, given)
    with ByteStream(path) as stream:
        head = stream.read(_CHUNK) or b""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    return _utf16_without_mark(head) or _wide_without_mark(head) or _utf8_or_legacy(path, head)


def likely_code_page(sample: bytes) -> str:
    """Return the encoding under which `sample` (whole lines) reads most like a language.

    >>> likely_code_page("订单号,投诉内容\\n1,快递三天没到".encode("gb18030"))
    'gb18030'
    >>> likely_code_page("注文番号\\n荷物がまだ届きません".encode("cp932"))
    'cp932'
    >>> likely_code_page("O produto não chegou".encode("latin-1"))
    'cp1252'
    """
    scores = [_log_likelihood(sample, page) + i * _LATER for i, page in enumerate(CODE_PAGES)]
    likeliest = CODE_PAGES[int(np.argmax(scores))].encoding
    if max(scores) >= _UNLIKELY * len(sample):
        return likeliest
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return best.encoding if best is not None else likeliest


def _confirm(path: Path, given: str) -> str:
    try:
        name = codecs.lookup(given).name
        "".encode(name)
    except (LookupError, UnicodeError) as error:
        raise InputError(
            f"Unknown encoding {given!r}. Give a name Python knows: utf-8, gb18030, cp932 ..."
        ) from error
    try:
        good, broken = _count_all(path, name)
    except UnicodeError as error:  # of codecs that stop at the first wrong byte
        raise InputError(
            f"{path} is not {given}: {error}. "
            f"It looks like {detect(path)}; leave out the encoding, or give the right one."
        ) from error
    if broken * _GOOD_PER_BROKEN > good:
        raise InputError(
            f"{path} is not {given}: {broken:,} characters cannot be read. "
            f"It looks like {detect(path)}; leave out the encoding, or give the right one."
        )
    return "utf-8-sig" if name == "utf-8" else name


def _count_all(path: Path, encoding: str) -> tuple[int, int]:
    """Good and broken characters outside ASCII, as far as needed to tell which prevail."""
    good, broken = 0, 0
    decoder = codecs.getincrementaldecoder(encoding)(ESCAPE)
    with ByteStream(path) as stream:
        while data := stream.read(_CHUNK):
            more_good, more_broken = _count(decoder.decode(data))
            good, broken = good + more_good, broken + more_broken
            if broken * _GOOD_PER_BROKEN > good and broken > _CHUNK // 8:
                break  # no need to count every broken byte of a large file
    return good, broken


def _utf16_without_mark(head: bytes) -> str:
    """UTF-16 keeps the high byte of every ASCII character at zero: all even, or all odd."""
    zero = np.frombuffer(head[: len(head) // 2 * 2], np.uint8) == 0
    even, odd = int(zero[::2].sum()), int(zero[1::2].sum())
    if max(even, odd) < len(head) // 20 or max(even, odd) < 10 * min(even, odd) + 1:
        return ""
    name = "utf-16-le" if odd > even else "utf-16-be"
    return name if "\n" in head.decode(name, "replace") else ""


def _wide_without_mark(head: bytes) -> str:
    """UTF-16 and UTF-32 of text with few ASCII characters: what decodes into lines of text."""
    zeros = head.count(0)
    if zeros < len(head) * _MANY_ZEROS:
        return ""
    can_be_utf8 = _count(head.decode("utf-8", ESCAPE))[1] == 0
    for name in _WIDE:
        text = head[: len(head) // 4 * 4].decode(name, "replace")
        odd = text.count("\0") + text.count("\ufffd")
        if "\n" not in text or odd > len(text) // 100:
            continue
        ascii_count = int(np.count_nonzero(_code_points(text) < 0x80))
        if name.startswith("utf-32") or (not can_be_utf8 and ascii_count * 2 >= zeros):
            return name
    return ""


def _utf8_or_legacy(path: Path, head: bytes) -> str:
    good, broken, sample = 0, 0, b""
    for lines in _whole_lines(path):
        if broken <= _CHUNK // 8:
            more_good, more_broken = _count(lines.decode("utf-8", ESCAPE))
            good, broken = good + more_good, broken + more_broken
        if broken and len(sample) < _SAMPLE:
            sample += _spread(lines)
        elif broken > _CHUNK // 8:
            break  # enough seen of what is plainly not UTF-8
    if broken * _GOOD_PER_BROKEN <= good:
        return "utf-8"
    if head.count(0) >= len(head) * _MANY_ZEROS:
        raise InputError(
            f"{path} is no text file: {head.count(0):,} of its first {len(head):,} bytes are zero. "
            "Export it again, as UTF-8."
        )
    return likely_code_page(sample)


def _whole_lines(path: Path) -> Iterator[bytes]:
    """Chunks cut after a line end: no encoding asked about here has 0x0A inside a character."""
    rest = b""
    with ByteStream(path) as stream:
        while data := stream.read(_CHUNK):
            lines, newline, tail = data.rpartition(b"\n")
            if newline:
                yield rest + lines + newline
                rest = tail
            else:
                rest += data
    yield rest


def _spread(lines: bytes) -> bytes:
    """Lines with bytes outside ASCII, picked evenly, about `_SAMPLE_PER_CHUNK` bytes of them."""
    high = [line for line in lines.split(b"\n") if not line.isascii()]
    step = max(1, sum(map(len, high)) // _SAMPLE_PER_CHUNK)
    return b"\n".join(high[::step]) + b"\n"


def _count(text: str) -> tuple[int, int]:
    """Number of good and of broken characters outside ASCII."""
    points = _code_points(text)
    broken = int(np.count_nonzero(points & 0xFFFFFF00 == 0xDC00))
    return int(np.count_nonzero(points > 0x7F)) - broken, broken


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _log_likelihood(sample: bytes, page: CodePage) -> float:
    text = sample.decode(page.encoding, "replace")
    points = np.minimum(_code_points(text), 0xFFFF)
    odd = len(re.findall(page.odd, text)) if page.odd else 0
    return float(_log_probabilities(page)[points].sum()) + odd * _ODD


@lru_cache(maxsize=len(CODE_PAGES))
def _log_probabilities(page: CodePage) -> np.ndarray:
    """Table of shape (65536,): everyday letters fall off as 1 / rank, as letters do (Zipf)."""
    table = np.full(0x10000, _FOREIGN)
    for first, last in re.findall("(.)-(.)", page.rest, re.DOTALL):
        table[ord(first) : ord(last) + 1] = _RARE
    for first, last in ((0x80, 0x9F), (0x2500, 0x257F), (0xE000, 0xF8FF), (0xFF61, 0xFF9F)):
        table[first : last + 1] = _IMPLAUSIBLE
    table[:0x80] = _ASCII
    table[:0x20] = _IMPLAUSIBLE
    table[[0x09, 0x0A, 0x0D]] = _ASCII
    weights = 1 / (np.arange(len(page.letters)) + 3.0)
    everyday = np.log(_EVERYDAY_SHARE * weights / weights.sum())
    for letter, value in zip(page.letters, everyday, strict=True):
        table[ord(letter)] = max(table[ord(letter)], value)
    table[0xFFFD] = _UNREADABLE
    return table
