"""Fold a batch of cleaned texts into one array of characters, and say where tokens start.

The whole batch is one array of code points, so that every later step is a numpy operation on
it and no Python loop runs over characters. Folding maps one character to one character (lower
case, traditional Chinese to simplified, punctuation to a space), so a position in the folded
array is a position in the cleaned text and an explanation can point at the customer's words.

Where a token starts depends on the script:

- words written with spaces: after a space;
- Chinese: where jieba cuts (with a user dictionary of the trade's words);
- Japanese: where the script changes (kanji, hiragana, katakana), which parts content words
  from their endings; Thai: before a leading vowel, which always opens a syllable. These are
  not words, but the character n-grams carry those languages (docs/decisions/0004-features.md).
"""

import hashlib
import sys
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Changes whenever the same text would give other tokens: a model refuses another version.
TOKENS_VERSION = 2

SPACE = 32
#: Stands between the documents of a batch; cleaned text never holds it.
EDGE = "\0"

_TABLE_SIZE = sys.maxunicode + 1
#: Character classes of the folded text.
_BLANK, _WORD, _SYMBOL, _HAN, _HIRAGANA, _KATAKANA = range(6)
#: Signs that carry meaning of their own (a question, anger), each a token, and what they fold to.
_MEANINGFUL_SIGNS = dict(zip("!?%！？％؟٪", "!?%!?%?%", strict=True))
_MASK_BRACKETS = "<>"
_LONG_VOWEL = 0x30FC
_THAI_LEADING_VOWELS = (0x0E40, 0x0E44)
#: U+3005 repeats the kanji before it (色々).
_HAN_RANGES = (
    (0x3005, 0x3005),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2FA1F),
)
#: Punctuation amid the katakana: the middle dot between words, and the double hyphen.
_KATAKANA_PUNCTUATION = "・゠"
#: Say how the character before is drawn (text or emoji), not what it is.
_VARIATION_SELECTORS = (0xFE00, 0xFE0F)
_USER_DICTIONARY = Path(__file__).parent / "words_zh.txt"


class Folded(NamedTuple):
    """A batch of texts as one array of characters."""

    codes: NDArray[np.uint32]
    """Folded code points of all texts, each text followed by one blank; shape (n_chars,)."""
    symbol: NDArray[np.bool_]
    """True where the character is a sign that is a token of its own; shape (n_chars,)."""
    document: NDArray[np.int32]
    """Which text each character belongs to; shape (n_chars,)."""
    token_start: NDArray[np.bool_]
    """True where a token begins; shape (n_chars,)."""
    offsets: NDArray[np.int64]
    """Where each text begins, and the total length; shape (n_texts + 1,)."""


def fold(texts: Sequence[str], languages: Sequence[str]) -> Folded:
    """Fold `texts` (cleaned, without NUL) and find their tokens.

    >>> folded = fold(["Sehr SCHLECHT!", "快遞還沒到"], ["de", "zh-Hant"])
    >>> "".join(map(chr, folded.codes))
    'sehr schlecht! 快递还没到 '
    >>> tokens(folded)
    [['sehr', 'schlecht', '!'], ['快递', '还没到']]
    """
    joined = EDGE.join(texts) + EDGE
    raw = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype=np.uint32)
    fold_table, class_table = _tables()
    codes = fold_table[raw]
    classes = class_table[raw]
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(lengths + 1, out=offsets[1:])
    document = np.repeat(np.arange(len(texts), dtype=np.int32), lengths + 1)
    start = _token_starts(codes, classes)
    is_chinese = np.fromiter((tag.startswith("zh") for tag in languages), bool, len(texts))
    if is_chinese.any():
        _cut_chinese(codes, (classes == _HAN) & is_chinese[document], start)
    return Folded(codes, classes == _SYMBOL, document, start, offsets)


def token_bounds(folded: Folded) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and the one-past-last position of every token of the batch."""
    blank = folded.codes == SPACE
    edges = np.flatnonzero(folded.token_start | blank)
    first = edges[~blank[edges]]
    after = np.searchsorted(edges, first, side="right")
    return first, edges[after]


def letters(folded: Folded) -> NDArray[np.int64]:
    """Count the letters and digits of each text, masks and signs aside; shape (n_texts,).

    >>> letters(fold(["ab 1!", "好 <money>"], ["en", "zh-Hans"])).tolist()
    [3, 1]
    """
    first, last = token_bounds(folded)
    counted = ~folded.symbol[first] & ~is_mask(folded, first)
    weights = (last - first) * counted
    counts = np.bincount(folded.document[first], weights, minlength=len(folded.offsets) - 1)
    return counts.astype(np.int64)


def is_mask(folded: Folded, first: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which tokens, given by their first position, are masks such as ``<money>``."""
    return folded.codes[first] == ord(_MASK_BRACKETS[0])


def tokens(folded: Folded) -> list[list[str]]:
    """Return the tokens of each text, for people and tests (the features never need them)."""
    string = folded.codes.tobytes().decode("utf-32-le")
    found: list[list[str]] = [[] for _ in range(len(folded.offsets) - 1)]
    for first, last in zip(*token_bounds(folded), strict=True):
        found[folded.document[first]].append(string[first:last])
    return found


@cache
def dictionary_fingerprint() -> str:
    """Return the SHA-256 of what decides Chinese tokens: the user dictionary and t2s."""
    common = np.arange(0x4E00, 0xA000, dtype=np.uint32)  # the same in every Unicode version
    digest = hashlib.sha256(_USER_DICTIONARY.read_bytes())
    digest.update(fold_characters(common).tobytes())
    return digest.hexdigest()


def fold_characters(points: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Fold single characters, given and returned as code points."""
    folded: NDArray[np.uint32] = _tables()[0][points]
    return folded


def _token_starts(codes: NDArray[np.uint32], classes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    # The long-vowel mark is katakana by its code, and belongs to hiragana too (すごーい).
    after = np.flatnonzero(codes[1:] == _LONG_VOWEL) + 1
    classes = classes.copy()
    classes[after[classes[after - 1] == _HIRAGANA]] = _HIRAGANA
    start = np.empty(len(codes), dtype=bool)
    if len(codes):
        start[0] = True
        start[1:] = (classes[1:] != classes[:-1]) | (classes[1:] == _SYMBOL)
    low, high = _THAI_LEADING_VOWELS
    start |= (codes >= low) & (codes <= high)
    start &= classes != _BLANK
    return start


def _cut_chinese(
    codes: NDArray[np.uint32], is_han: NDArray[np.bool_], start: NDArray[np.bool_]
) -> None:
    """Mark in `start` where jieba cuts each run of Han characters."""
    cut = cutter()
    edges = np.flatnonzero(np.diff(is_han, prepend=False, append=False))
    string = codes.tobytes().decode("utf-32-le")
    begins: list[int] = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        position = first
        for word in cut(string[first:last]):
            begins.append(position)
            position += len(word)
    start[np.array(begins, dtype=np.int64)] = True


@cache
def cutter() -> Callable[[str], list[str]]:
    """Return the function that cuts a run of Han characters into words.

    The fast backend (rjieba) and jieba give the same cuts on runs of pure Han with the same
    user dictionary, so either serves the same model; a test compares them on the corpus.
    """
    words = _USER_DICTIONARY.read_text(encoding="utf-8").split()
    try:
        import rjieba
    except ImportError:
        return _jieba_cutter(words)
    engine = rjieba.Jieba()
    for word in words:
        engine.add_word(word, _USER_WORD_FREQUENCY, "n")
    cut: Callable[[str], list[str]] = engine.cut
    return cut


#: Above any sum of its parts, so that a word of the user dictionary is never split.
_USER_WORD_FREQUENCY = 100_000


def _jieba_cutter(words: Sequence[str]) -> Callable[[str], list[str]]:
    warnings.warn(
        "rjieba is not installed: Chinese is cut by jieba, about 20 times slower, with the same"
        " result. pip install rjieba",
        stacklevel=2,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba's source has invalid escapes
        import jieba
    jieba.setLogLevel("WARNING")
    # A private tokenizer, filled from its dictionary here: left to itself it would read and write
    # a cache file in the temporary folder that all users share (fxsjy/jieba issues 26 and 903).
    engine = jieba.Tokenizer()
    engine.FREQ, engine.total = engine.gen_pfdict(engine.get_dict_file())
    engine.initialized = True
    for word in words:
        engine.add_word(word, _USER_WORD_FREQUENCY, "n")
    cut: Callable[[str], list[str]] = engine.lcut
    return cut


@cache
def _tables() -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Return two tables over all code points: the folded character, and its class."""
    class_table = _classes()
    fold_table = np.full(_TABLE_SIZE, SPACE, dtype=np.uint32)
    han = class_table == _HAN
    cased = np.flatnonzero((class_table != _BLANK) & ~han)
    # İ alone has a lower case of two characters, i and a dot; Turkish writes just i.
    fold_table[cased] = [ord(chr(point).lower()[0]) for point in cased.tolist()]
    for sign, folded in _MEANINGFUL_SIGNS.items():
        fold_table[ord(sign)] = ord(folded)
    fold_table[han] = _simplified(np.flatnonzero(han))
    return fold_table, class_table


#: Every script in use lies below; beyond are only private and special planes.
_END_OF_SCRIPTS = 0x30000


def _classes() -> NDArray[np.uint8]:
    """Class of each code point: by its Unicode category, then what we know better."""
    categories = [unicodedata.category(chr(point)) for point in range(_END_OF_SCRIPTS)]
    kinds = dict.fromkeys(("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd", "Nl", "No"), _WORD)
    kinds["So"] = _SYMBOL
    table = np.full(_TABLE_SIZE, _BLANK, dtype=np.uint8)
    table[:_END_OF_SCRIPTS] = [kinds.get(category, _BLANK) for category in categories]
    better = [(_BLANK, *_VARIATION_SELECTORS)]
    better += [(_WORD, ord(sign), ord(sign)) for sign in _MASK_BRACKETS]
    better += [(_SYMBOL, ord(sign), ord(sign)) for sign in _MEANINGFUL_SIGNS]
    better += [(_KATAKANA, 0x30A0, 0x30FF), (_HIRAGANA, 0x3040, 0x309F)]
    better += [(_BLANK, ord(sign), ord(sign)) for sign in _KATAKANA_PUNCTUATION]
    better += [(_HAN, first, last) for first, last in _HAN_RANGES]
    for kind, first, last in better:
        table[first : last + 1] = kind
    return table


def _simplified(points: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Map each Han character to its simplified form, one to one."""
    import opencc

    characters = [chr(point) for point in points.tolist()]
    # One line each: the converter must not see words, whose conversion may change lengths.
    converted = opencc.OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return np.array(
        [
            ord(new) if len(new) == 1 else ord(old)
            for old, new in zip(characters, converted, strict=True)
        ],
        dtype=np.uint32,
    )
