"""Telephone numbers, by the rules of the customer's country."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from pipeline.privacy.cues import PHONE_CUES, nearest
from pipeline.privacy.numbers import Place

#: Digits of a telephone number: E.164 allows fifteen; 00 before it makes two more.
_FEWEST: Final = 7
_MOST: Final = 15

_CANDIDATE: Final = re.compile(
    r"(?<![A-Za-z\d_])(?<!\d[.,/])(?:\+ ?)?\(?\d(?:[ ().\-/]{0,3}\d){6,18}(?![A-Za-z\d_]|[.,:]\d)"
)
_DATE: Final = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{4}|\d{6})?|(?:19|20)\d\d[-/. ][01]?\d[-/. ][0-3]?\d(?:\D{0,3}\d{1,2})*|[0-3]?\d[-/.][01]?\d[-/.](?:19|20)\d\d(?: \d\d)?"
)
_THOUSANDS: Final = re.compile(r"[1-9]\d{0,2}(?:([ .])\d{3})(?:\1\d{3})+")
_MONEY: Final = re.compile(
    r"^\s?(?:[$€£¥₹₽₩฿₫₺₴]|EUR|USD|RUB|руб|грн|zł|PLN|TL|円|元|원|บาท|đ|Rp|kr|KRW|JPY|CNY|VND|IDR|IRR)"
)
_MONEY_BEFORE: Final = re.compile(r"(?:[$€£¥₹₽₩฿₫₺₴]|EUR|USD|Rp\.?|RM|PLN|CNY|VND|IDR|TL)\s?$")
_GROUPED: Final = re.compile(r"\d[ ().\-/]+\d")
_NOT_PHONES: Final = re.compile(r"\d\d?(?: \d\d?)+|\d{3}-\d{7}-\d{7}|\d{1,4}(?:/\d{1,4})+")
#: Mobile numbers that are written in one piece without a leading 0, by country.
_MOBILE_IN_ONE_PIECE: Final = {
    "CN": re.compile(r"1[3-9]\d{9}"),
    "RU": re.compile(r"[78]9\d{9}"),
    "UA": re.compile(r"380\d{9}"),
    "IN": re.compile(r"(?:91)?[6-9]\d{9}"),
}
#: Where people write without telling their country, by a letter of their script.
_BY_SCRIPT: Final = (
    (re.compile("[぀-ヿ]"), ("JP",)),
    (re.compile("[가-힯]"), ("KR",)),
    (re.compile("[一-鿿]"), ("CN", "TW", "HK")),
    (re.compile("[ก-๛]"), ("TH",)),
    (re.compile("[ऀ-ॿ]"), ("IN",)),
    (re.compile("[؀-ۿ]"), ("SA", "EG", "AE")),
    (re.compile("[іїєґ]"), ("UA",)),
    (re.compile("[а-я]"), ("RU", "KZ")),
    (re.compile("[đơưạảấậếệ]"), ("VN",)),
    (re.compile("[ąęłżź]"), ("PL",)),
    (re.compile("[ışğ]"), ("TR",)),
    (re.compile("[ãõ]"), ("BR", "PT")),
    (re.compile("[ñ¿]"), ("ES", "MX")),
    (re.compile("[äöüß]"), ("DE", "AT", "CH")),
)
_ANYWHERE: Final = ("US", "GB", "DE", "FR", "ES", "IT", "BR", "NL", "PL", "TR", "ID", "MY")


def phones(text: str, country: str) -> Iterator[Place]:
    """Places of telephone numbers.

    A number is one when it begins with +, when a word near it says so, or when it is written in
    groups and valid in `country`; never when the nearest word says order or parcel.

    :param country: ISO 3166 code of the customer; without one the script of the text tells.

    >>> text = "order 2025550142, call 2025550142 or +49 30 901820"
    >>> [text[slice(*place)] for place in phones(text, "US")]
    ['2025550142', '+49 30 901820']
    """
    for match in _CANDIDATE.finditer(text):
        if _is_phone(match[0], text, match.start(), match.end(), country):
            yield match.span()


def _is_phone(found: str, text: str, start: int, end: int, country: str) -> bool:
    digits = re.sub(r"\D", "", found)
    abroad = found.startswith("+") or digits.startswith("00")
    if not _FEWEST <= len(digits) <= _MOST + 2 * digits.startswith("00"):
        return False
    if _DATE.fullmatch(found) or _is_money(found, text, start, end):
        return False
    if abroad and len(digits) > 8:
        return found.startswith("+") or _valid(found, ("US",))
    cue = nearest(text, start, PHONE_CUES)
    if cue:
        return cue == "other" and len(digits) <= _MOST
    regions = _regions(text, country)
    if not _GROUPED.search(found):
        return _in_one_piece(found, regions)
    if len(digits) < (8 if country else 9) or _NOT_PHONES.fullmatch(found):
        return False  # short numbers without a cue are mostly something else
    return _valid(found, regions)


def _is_money(found: str, text: str, start: int, end: int) -> bool:
    if _MONEY.match(text[end : end + 6]) or _MONEY_BEFORE.search(text[max(0, start - 5) : start]):
        return True
    thousands = _THOUSANDS.fullmatch(found)
    return thousands is not None and thousands[1] == "."


def _in_one_piece(digits: str, regions: Sequence[str]) -> bool:
    if any(
        region in _MOBILE_IN_ONE_PIECE and _MOBILE_IN_ONE_PIECE[region].fullmatch(digits)
        for region in regions
    ):
        return True
    return digits.startswith("0") and _valid(digits, tuple(regions), mobile=True)


def _regions(text: str, country: str) -> tuple[str, ...]:
    if country:
        return (country,)
    for letters, regions in _BY_SCRIPT:
        if letters.search(text):
            return regions
    return _ANYWHERE


@lru_cache(maxsize=4096)
def _valid(number: str, regions: tuple[str, ...], *, mobile: bool = False) -> bool:
    """Whether `number` is one of those in use in a region; a mobile one when asked for."""
    import phonenumbers
    from phonenumbers import PhoneNumberType as Type

    for region in regions:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed) and (
            not mobile
            or phonenumbers.number_type(parsed) in (Type.MOBILE, Type.FIXED_LINE_OR_MOBILE)
        ):
            return True
    return False
