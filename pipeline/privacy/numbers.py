"""Numbers that prove themselves: cards, bank accounts and identity numbers with checksums."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from pipeline.privacy.cues import CARD_CUES, PASSPORT_CUES, nearest_is_order

#: Start and end of a piece of text.
Place = tuple[int, int]

_START: Final = r"(?<![A-Za-z\d_])"
_END: Final = r"(?![A-Za-z\d_])"

# --- Cards -----------------------------------------------------------------------------------
#: Digits by group; two characters may part groups.
_RUN: Final = re.compile(_START + r"\d++(?:[ .-]{1,2}\d++)*+(?![A-Za-z_])")
_GROUP: Final = re.compile(r"\d+")
#: First digits and lengths in use: Visa, Mastercard, Amex, Diners, Discover, JCB, UnionPay,
#: Maestro, Mir, Troy (ISO/IEC 7812 ranges as the brands publish them).
_BRANDS: Final = re.compile(
    r"4\d{15}|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}"
    r"|(?:50(?:18|20|38)|6304|67(?:59|61|62|63))\d{8,15}|220[0-4]\d{12}|9792\d{12}"
)
_LONGEST_CARD: Final = 19


def cards(text: str) -> Iterator[Place]:
    """Places of payment card numbers.

    A number that words call an order or a parcel is none. One in ten numbers of sixteen digits
    passes the checksum, so a brand's first digits are asked for too.

    >>> [*cards("card 4111 1111 1111 1111, order 4111111111111111")]
    [(5, 24)]
    """
    for run in _RUN.finditer(text):
        if len(run[0]) < 13:
            continue
        groups = [(m.start() + run.start(), m.end() + run.start()) for m in _GROUP.finditer(run[0])]
        first = 0
        while first < len(groups):
            last = _card_from(text, groups, first)
            if last is None:
                first += 1
                continue
            yield groups[first][0], groups[last][1]
            first = last + 1


def _card_from(text: str, groups: list[Place], first: int) -> int | None:
    """The last group of the card that begins at group `first`."""
    digits = ""
    for i in range(first, min(first + _LONGEST_CARD, len(groups))):
        digits += text[slice(*groups[i])]
        if len(digits) > _LONGEST_CARD:
            return None
        if _BRANDS.fullmatch(digits) and luhn(digits):
            start = groups[first][0]
            return None if nearest_is_order(text, start, CARD_CUES) else i
    return None


def luhn(digits: str) -> bool:
    """Whether the checksum of ISO/IEC 7812 holds.

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    total = 0
    for i, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + i % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


# --- Bank accounts ---------------------------------------------------------------------------
#: Characters of an IBAN by country (SWIFT registry).
IBAN_LENGTHS: Final = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL", 19: "MK SI", 20: "AT BA EE KZ LT LU XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT", 26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB PL SV", 29: "BR EG PS QA UA",
        30: "JO KW MU", 31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
_IBAN: Final = re.compile(_START + r"[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z\d]){11,30}")


def ibans(text: str) -> Iterator[Place]:
    """Places of bank account numbers whose country, length and checksum (mod 97) fit.

    >>> [*ibans("IBAN GB82 WEST 1234 5698 7654 32 please")]
    [(5, 32)]
    """
    for match in _IBAN.finditer(text):
        end = _iban_end(match[0])
        if end:
            yield match.start(), match.start() + end


def _iban_end(found: str) -> int:
    """Where the number ends within `found`, 0 when it is none."""
    length = IBAN_LENGTHS.get(found[:2].upper(), 0)
    places = [i for i, letter in enumerate(found) if letter.isalnum()]
    if not length or len(places) < length:
        return 0
    end = places[length - 1] + 1
    if found[end : end + 1].isalnum():
        return 0
    number = "".join(found[i] for i in places[:length]).upper()
    return end if mod97(number) == 1 else 0


def mod97(number: str) -> int:
    """Remainder of ISO 7064; 1 when the checksum of an IBAN holds.

    >>> mod97("GB82WEST12345698765432")
    1
    """
    return int("".join(str(int(letter, 36)) for letter in number[4:] + number[:4])) % 97


# --- Identity numbers ------------------------------------------------------------------------
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def chinese_id(number: str) -> bool:
    """Whether 18 characters are an identity number of China (GB 11643): date and checksum.

    >>> chinese_id("11010519491231002X"), chinese_id("110105194912310021")
    (True, False)
    """
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == number[17].upper()


def _cpf(number: str) -> bool:
    """Brazil: two check digits, each modulo 11."""
    digits = [int(letter) for letter in number if letter.isdecimal()]
    for size in (9, 10):
        total = sum(digit * (size + 1 - i) for i, digit in enumerate(digits[:size]))
        if digits[size] != total * 10 % 11 % 10:
            return False
    return True


def _hong_kong(number: str) -> bool:
    letters = [letter for letter in number.upper() if letter.isalnum()]
    values = [int(letter, 36) for letter in letters]
    values = [36] * (9 - len(values)) + values
    return sum(value * (9 - i) for i, value in enumerate(values)) % 11 == 0


def _taiwan(number: str) -> bool:
    code = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(number[0].upper()) + 10
    weights = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
    digits = [code // 10, code % 10, *map(int, number[1:])]
    return sum(a * b for a, b in zip(digits, weights, strict=True)) % 10 == 0


def _any(_: str) -> bool:
    return True


#: Form of each country's number, and what must hold for it.
_IDS: Final[tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...]] = (
    (
        re.compile(_START + r"[1-8]\d{5}[ -]?(?:18|19|20)\d{6}[ -]?\d{3}[\dXx]" + _END),
        lambda number: chinese_id(re.sub("[ -]", "", number)),
    ),
    (re.compile(_START + r"[A-Za-z][1289]\d{8}" + _END), _taiwan),
    (re.compile(_START + r"[A-Za-z]{1,2}\d{6} ?\([\dAa]\)"), _hong_kong),
    (re.compile(_START + r"\d{3}\.\d{3}\.\d{3}-\d\d" + _END), _cpf),
    # Korea and the United States: no checksum that always holds, but a form nothing else has.
    (re.compile(_START + r"\d\d(?:0\d|1[0-2])[0-3]\d-[1-8]\d{6}(?!-?\d)" + _END), _any),
    (re.compile(_START + r"(?<!\d-)(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?!-)" + _END), _any),
)


def identity_numbers(text: str) -> Iterator[Place]:
    """Places of identity numbers of China, Taiwan, Hong Kong, Brazil, Korea and the US."""
    for pattern, holds in _IDS:
        for match in pattern.finditer(text):
            if holds(match[0]):
                yield match.span()


# --- Passports -------------------------------------------------------------------------------
_PASSPORT: Final = re.compile(
    rf"(?:{PASSPORT_CUES})[^\d\n]{{0,30}}?(?<![A-Za-z])"
    r"(?P<number>(?:[A-Za-z]{1,3}[ -]?)?\d(?: ?\d){5,9}[A-Za-z]?|(?=(?:[A-Za-z]*\d){4})[A-Za-z\d]{8,10})(?![A-Za-z\d]|[-./]\d)",
    re.IGNORECASE,
)
#: The two lines a machine reads (ICAO 9303).
_MACHINE_READ: Final = re.compile(r"(?<![A-Z\d<])(?=[A-Z\d]{0,43}<)[A-Z\d<]{44}(?![A-Z\d<])")


def passports(text: str) -> Iterator[Place]:
    """Places of numbers that a word for passport announces.

    >>> [*passports("my passport no. is C01X00T47, my sister's passport 123456789")]
    [(19, 28), (51, 60)]
    """
    for match in _PASSPORT.finditer(text):
        yield match.span("number")
    if "<<" in text:
        for match in _MACHINE_READ.finditer(text):
            yield match.span()
