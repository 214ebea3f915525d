"""Clean text: from what an export holds to what a model can read.

`clean` takes a batch and treats each text alone, so neighbours, batch size and processes never
change a result. A text passes these steps, each a pure function that can be used by itself; a
step is skipped when its cheap test finds nothing for it to do:

===========  ==================================================  ==============================
step         does                                                example
===========  ==================================================  ==============================
mojibake     mend text read in the wrong encoding (ftfy)         ``fÃ¼r`` -> ``für``
invisible    drop control, zero-width and direction characters   ``re\\u00adfund`` -> ``refund``
compose      NFKC, but not where it would spoil ำ ㅠ 5² ，          ``ＡＢＣ１２`` -> ``ABC12``
html         unescape entities, drop tags, scripts, comments     ``a&lt;br&gt;b`` -> two lines
runs         cut repeated characters to three                    ``soooooo`` -> ``sooo``
spaces       one space, no empty lines                           ``a  b`` -> ``a b``
quotes       cut quoted mail and signatures (quotes.py)          ``Sent from my iPhone``
masks        name addresses, dates, money, numbers (masks.py)    ``€12,50`` -> ``<money>``
length       keep the head and the tail of very long texts       4,000 characters at most
===========  ==================================================  ==============================

Cleaning is idempotent: a step that can uncover work for an earlier one (an entity may hide a tag)
sends a text it changed through all steps again, at most `PASSES` times. Only texts wrapped in
more layers than that, which no real export holds, could change when cleaned once more.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from html import unescape
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.text import gate
from pipeline.text.masks import mask, needs_mask
from pipeline.text.quotes import SIGNATURE_BEGINS, cut_quotes, needs_cut
from pipeline.text.quotes import TAIL as SIGNATURE_TAIL

#: Longest text that is modelled, in characters. Of 13,500 real messages none was longer than
#: 3,000; what is longer is pasted mail or a log. The head tells the story, the tail the demand.
HEAD: Final = 3000
TAIL: Final = 1000
GAP: Final = " [...] "
LIMIT: Final = HEAD + TAIL

#: How often a text may pass. Each of 13,500 real messages settled in the first pass; four leaves
#: room for mail that was escaped or wrapped again by every system on its way.
PASSES: Final = 4

# --- Mojibake --------------------------------------------------------------------------------
# Pairs that UTF-8 leaves when it is read as another encoding. ftfy decides; this only spares
# it (20 µs a text) the texts without any such pair.
_CP1252 = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_CP1251 = "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—™љ›њќћџЎўЈ¤Ґ¦§Ё©Є«¬®Ї°±Ііґµ¶·ё№є»јЅѕї\xa0\xad"
_SUSPECT = re.compile(
    # One class for all first characters, then what may follow each: six times faster than
    # alternatives that each bring their own.
    r"[\xc2-\xf4РС√‚Γ├](?:"
    rf"(?<=[\xc2-\xf4])[\x80-\xbf{_CP1252}]"  # as Latin-1 or Windows-1252: Ã¼ â€™ å¥½
    r"|(?<=[ÃÂ]) (?=[^\W\d_A-Z])"  # the same after a no-break space became a space: Ã  la
    rf"|(?<=[РС])[{_CP1251}][РС][{_CP1251}]"  # as Windows-1251: РџСЂ
    r"|(?<=√)[©®°¢†]|(?<=‚)Ä[ôìîò¶]"  # as Mac Roman
    r"|(?<=Γ)Ç[Öú£Ø]|(?<=├)[⌐╝ñ])"  # as code page 437
)


def mend_mojibake(text: str) -> str:
    """Decode again what was decoded wrongly, line by line, with ftfy's judgement.

    Wrong for texts that discuss mojibake; and bytes that were lost on the way cannot come back
    ("ð" alone was once an emoji).

    >>> print(mend_mojibake("LautstÃ¤rke fÃ¼r 20â‚¬"))
    Lautstärke für 20€
    >>> print(mend_mojibake("é€€æ¬¾"))
    退款
    >>> print(mend_mojibake("CAFÉ… Ângela disse NÃO"))
    CAFÉ… Ângela disse NÃO
    """
    from ftfy import fix_encoding

    lines = text.split("\n")
    return "\n".join(fix_encoding(line) if _SUSPECT.search(line) else line for line in lines)


# --- HTML ------------------------------------------------------------------------------------
_BLOCKS = (
    "address|article|blockquote|br|d[dlt]|div|footer|form|h[1-6]|header|hr|li|ol|p|pre|section|"
    "table|tbody|t[dhr]|tfoot|thead|ul"
)
# <code> is missing on purpose: it is also a mask.
_INLINES = (
    "a|abbr|b|big|body|center|cite|del|em|font|head|html|i|img|input|ins|label|link|main|mark|"
    "meta|nav|o:p|option|s|script|select|small|span|strike|strong|style|su[bp]|title|tt|u|wbr"
)
# An attribute must have "=", so that "x <b and c> y" is not a tag. No part can cross a "<".
_REST_OF_TAG = r"(?:\s[^<>=]*+=[^<>]*+|\s*+/?)>"
_BLOCK_TAG = re.compile(rf"</?(?:{_BLOCKS}){_REST_OF_TAG}", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?(?:{_INLINES}){_REST_OF_TAG}|<!doctype[^<>]*+>", re.IGNORECASE)
# Neither body can cross its own opening, so each character is read at most twice.
_UNSEEN = re.compile(
    r"<(script|style|title)\b[^<>]*+>(?:[^<]|<(?!/?\1\b))*+</\1\s*+>|<!--(?:[^<-]|-(?!->)|<(?!!--))*+-->",
    re.IGNORECASE,
)
_AMPERSAND = re.compile(r"&(?:amp;|#0{0,4}38;|#x0{0,4}26;)++", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z\d]{1,30}|#\d{1,7}|#[xX][\dA-Fa-f]{1,6});")


def strip_html(text: str) -> str:
    """Unescape entities, turn block tags to line ends, drop other tags, scripts and comments.

    Escaped tags are taken for tags, because helpdesks escape whole mails. Wrong for texts about
    HTML itself. Unknown tags stay, so "a<b" and the masks are safe.

    >>> print(strip_html("<p>Hola,<br/>lleg&oacute; <b>roto</b></p><style>p{}</style>"))
    <BLANKLINE>
    Hola,
    llegó roto
    <BLANKLINE>
    >>> print(strip_html("退款&amp;nbsp;a<b and c>d, 5 &lt; 7 <money>"))
    退款\xa0a<b and c>d, 5 < 7 <money>
    """
    if "&" in text:
        text = _ENTITY.sub(_unescape, _AMPERSAND.sub("&", text))
    if "<" in text:
        text = _INLINE_TAG.sub("", _BLOCK_TAG.sub("\n", _UNSEEN.sub(" ", text)))
    return text


def _unescape(match: re.Match[str]) -> str:
    return unescape(match.group())


# --- Characters ------------------------------------------------------------------------------
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\u2028\u2029]")
_HANGUL_FILLERS = "\u115f\u1160\u3164\uffa0"
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u180b-\u180e\u200b-\u200f\u2028-\u202e"
    f"\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff{_HANGUL_FILLERS}]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def drop_invisible(text: str) -> str:
    """Remove what cannot be seen: controls, zero-width and direction marks, soft hyphens.

    Halves of surrogate pairs are joined, and lone ones become U+FFFD. Wrong for display: Persian
    and Indic words lose their joiners, and a family emoji falls into its members. For a model
    that is the wish, because the same word is typed with and without them.

    >>> drop_invisible("re\\u00adfund\\u200b 退\\ufeff款 \\u202eabc\\u202c می\\u200cخواهم\\x00")
    'refund 退款 abc میخواهم'
    >>> drop_invisible("\\ud83d\\ude00 \\ud83d!")
    '😀 �!'
    """
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))


# What NFKC would spoil: the Thai and Lao vowel am, which every dictionary writes as one character;
# the single Korean letters of ㅠㅠ and ㅋㅋ; 5² and 1½, which would become 52 and 11⁄2; and the
# comma of 99，30, which parts two numbers where the ASCII comma joins one.
_SPOILT = "\u0e33\u0eb3\u3131-\u318e⁰¹²³⁴-⁹₀-₉¼-¾⅐-⅞，"
_COMPOSABLE = re.compile(f"[^{_SPOILT}]+")
_APOSTROPHE = re.compile("[‘’ʼ´＇′]")


def compose(text: str) -> str:
    """Bring one letter to one form: NFKC, and one apostrophe for all keyboards.

    Wrong for display, and for mathematics: "ﬁ" becomes "fi", "①" becomes "1".

    >>> print(compose("Ｔシャツ ﾌｧｽﾅｰ １２ cafe\\u0301 l’écran м’яка ㎏"))
    Tシャツ ファスナー 12 café l'écran м'яка kg
    >>> print(compose("ทำไม ㅠㅠ 5² 1½ 99，30！"))
    ทำไม ㅠㅠ 5² 1½ 99，30!
    """
    return _COMPOSABLE.sub(_nfkc, _APOSTROPHE.sub("'", text))


def _nfkc(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match.group())


def _needs_compose(text: str) -> bool:
    return not text.isascii() and (
        not unicodedata.is_normalized("NFKC", text.replace("，", "").replace("ำ", ""))
        or _APOSTROPHE.search(text) is not None
    )


# --- Repetition and space --------------------------------------------------------------------
_RUN = re.compile(r"([^\d\s])\1{3,}")
# 55555 is laughter in Thai, 6666 applause and 2333 laughter in Chinese; elsewhere the same digits
# are a number.
_LAUGHTER = re.compile(
    r"(?:(?<=[\u0e00-\u0e7f\u4e00-\u9fff])|(?<=[\u0e00-\u0e7f] )(?=5))(\d)\1{3,}+(?!\d)"
)


def cut_runs(text: str) -> str:
    """Shorten four and more of the same character to three: emphasis stays, its length goes.

    Digits are left alone, except repeated ones glued to Thai or Han letters (laughter).

    >>> print(cut_runs("soooooo bad！！！！！！ 好好好好好好 10000 ชอบ55555"))
    sooo bad！！！ 好好好 10000 ชอบ555
    """
    return _LAUGHTER.sub(r"\1\1\1", _RUN.sub(r"\1\1\1", text))


def _needs_squeeze(text: str) -> bool:
    return "\n" in text or "  " in text or "\t" in text or text != text.strip()


def squeeze_spaces(text: str) -> str:
    """Leave single spaces and single line ends; none at the edges.

    Wrong for poems, tables and code.

    >>> squeeze_spaces("  no  llega \\n\\n 三周\\u3000了 ")
    'no llega\\n三周 了'
    """
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(filter(None, lines))


def cut_length(text: str) -> str:
    """Keep the first and last characters of a text longer than `LIMIT`, with a gap mark between.

    Wrong where the middle matters; the raw text is kept in its own column.

    >>> len(cut_length("退" * 300_000)), cut_length("short")
    (4000, 'short')
    """
    if len(text) <= LIMIT:
        return text
    head, tail = text[: HEAD - len(GAP)], text[-TAIL:]
    return head.rstrip() + GAP + tail.lstrip()


# --- The steps -------------------------------------------------------------------------------
class Step(NamedTuple):
    """One row of the table above.

    `needed` is a cheap test, truthy when `apply` may change the text. `uncovers` is true when
    the result may hold work for this step again or for an earlier one.
    """

    name: str
    needed: Callable[[str], object]
    apply: Callable[[str], str]
    uncovers: bool


def _is_long(text: str) -> bool:
    return len(text) > LIMIT


_ANY_INVISIBLE = re.compile(f"{_INVISIBLE.pattern}|{_SURROGATE.pattern}")

#: In the order of application. Mojibake needs the control characters that `invisible` drops;
#: tags may be written in full width; quotes need clean lines; masks need folded digits and signs.
STEPS: Final = (
    Step("mojibake", _SUSPECT.search, mend_mojibake, True),
    Step("invisible", _ANY_INVISIBLE.search, drop_invisible, True),
    Step("compose", _needs_compose, compose, False),
    Step("html", re.compile("[<&]").search, strip_html, True),
    Step("runs", re.compile(r"(.)\1\1\1").search, cut_runs, False),
    Step("spaces", _needs_squeeze, squeeze_spaces, False),
    Step("quotes", needs_cut, cut_quotes, True),
    Step("masks", needs_mask, mask, True),
    Step("length", _is_long, cut_length, True),
)


def clean(texts: Sequence[str]) -> list[str]:
    """Clean each text of a batch for modelling; see the table at the top of this module.

    Same text, same result, whatever its neighbours. Texts are at most `LIMIT` characters
    afterwards, hold no control character but the line end, and may be empty.

    >>> clean(["Soooo late!!!!! Order 285814691111, paid $42 &amp; no reply", "  "])
    ['Sooo late!!! Order <code>, paid <money> & no reply', '']
    >>> clean(["<p>退款１００元！！！！</p><p>发自我的iPhone</p>", "Größe 42 paßt"])
    ['退款<money>!!!', 'Größe 42 paßt']
    """
    cleaned = list(texts)
    pending = list(range(len(cleaned)))
    for _pass in range(PASSES):
        flags = gate.steps(
            [cleaned[i] for i in pending], _characters(), limit=LIMIT, tail=SIGNATURE_TAIL
        )
        again = []
        for i, flag in zip(pending, flags, strict=True):
            if flag:
                cleaned[i], unsettled = _apply(cleaned[i], flag)
                if unsettled:
                    again.append(i)
        pending = again
        if not pending:
            break
    return cleaned


def _apply(text: str, flags: int) -> tuple[str, bool]:
    """Pass a text through the steps once.

    :param flags: The steps that may have to do (`gate.steps`).
    :return: The text, and whether it has to pass again.
    """
    start, uncovered = text, False
    for bit, step in enumerate(STEPS):
        # A step that changed the text may have made work for the ones after it.
        if (flags >> bit & 1 or text is not start) and step.needed(text):
            before, text = text, step.apply(text)
            uncovered |= step.uncovers and text != before
    if text == start:
        return text, False
    # ftfy judges a suspect by its surroundings, which any step may have changed.
    return text, uncovered or _SUSPECT.search(text) is not None


@cache
def _characters() -> NDArray[np.uint16]:
    first, second = SIGNATURE_BEGINS
    patterns = {
        "suspect": "[\xc2-\xf4РС√‚Γ├]",
        "after_suspect": f"[ \x80-\xbf{_CP1252}{_CP1251}©®°¢†ÄÇ⌐╝ñ]",
        "invisible": _ANY_INVISIBLE.pattern,
        "unstable": _APOSTROPHE.pattern,
        "html": "[<&]",
        "maskable": r"[\d@#]",
        "signature": f"[{first}]",
        "in_signature": f"[{second}]",
        "boundary": r"[\s.!?。！？]",
    }
    compiled = {kind: re.compile(pattern) for kind, pattern in patterns.items()}
    return gate.table(compiled, kept="，ำ")
