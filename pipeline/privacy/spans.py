"""Where personal data stands in a text, and the text with placeholders in its stead."""

import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from pipeline.privacy.addresses import addresses
from pipeline.privacy.fold import TAKEN, fold
from pipeline.privacy.handles import emails, handles
from pipeline.privacy.names import names
from pipeline.privacy.numbers import Place, cards, ibans, identity_numbers, passports
from pipeline.privacy.phones import phones

#: Kinds that a form or a checksum tells.
STRUCTURED: Final = ("email", "iban", "id", "card", "passport", "handle", "phone")

#: All kinds, in the order they are sought: what one has taken, no later one looks at.
KINDS: Final = (*STRUCTURED, "address", "name")

_FINDERS: Final[dict[str, Callable[[str], Iterable[Place]]]] = {
    "email": emails,
    "iban": ibans,
    "id": identity_numbers,
    "card": cards,
    "passport": passports,
    "handle": handles,
    "address": addresses,
    "name": names,
}
_DIGITS: Final = re.compile(r"\d(?:\D{0,3}\d){5}")
#: Kinds that need six digits.
_NUMBERS: Final = frozenset({"iban", "id", "card", "phone", "passport"})


class Span(NamedTuple):
    """Personal data from `start` to before `end`."""

    start: int
    end: int
    kind: str


def find(text: str, country: str = "") -> list[Span]:
    """Return what is personal in `text`, in order and without overlaps.

    :param country: ISO 3166 code of the customer, for telephone numbers.

    >>> find("Call me: +44 20 7946 0018. Anna")
    [Span(start=9, end=25, kind='phone')]
    """
    work, places = fold(text)
    has_numbers = _DIGITS.search(work) is not None
    found: list[Span] = []
    for kind in KINDS:
        if kind in _NUMBERS and not has_numbers and not (kind == "passport" and "<<" in work):
            continue
        taken = phones(work, country) if kind == "phone" else _FINDERS[kind](work)
        spans = _apart(taken, work)
        found += [Span(places[start], places[end - 1] + 1, kind) for start, end in spans]
        work = _without(work, spans)
    return sorted(found)


def redact(text: str, country: str = "") -> str:
    """Return `text` with a placeholder for each piece of personal data.

    >>> redact("Dear Ms Lee, mail me: lee@post.example, order 4111222233")
    'Dear Ms [name], mail me: [email], order 4111222233'
    """
    spans = find(text, country)
    if not spans:
        return text
    parts, last = [], 0
    for start, end, kind in spans:
        parts += [text[last:start], f"[{kind}]"]
        last = end
    return "".join((*parts, text[last:]))


def _apart(places: Iterable[Place], work: str) -> list[Place]:
    """Places in order; those that touch are one, and those on taken ground end before it."""
    merged: list[Place] = []
    for start, end in sorted(places):
        taken = work.find(TAKEN, start, end)
        end = len(work[start : end if taken < 0 else taken].rstrip(" ,")) + start
        if end <= start:
            continue
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _without(work: str, spans: list[Place]) -> str:
    for start, end in spans:
        work = work[:start] + TAKEN * (end - start) + work[end:]
    return work
