"""What a rule may ask about a ticket: the vocabulary of every ``when = { ... }`` in the tables.

Adding a condition is a row in `CONDITIONS`. The tests of a condition are in
`pipeline.dispatch.matching`, which looks at a whole batch at once.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from pipeline import ticket
from pipeline.errors import RulesError
from pipeline.rules.fields import texts as read_texts
from pipeline.rules.fields import typed, within
from pipeline.rules.names import country_code, english_countries
from pipeline.rules.tables import check_known


class Field(NamedTuple):
    """What a condition looks at.

    `test` is ``in`` (equals one of the values, letter case ignored), ``language`` (equals a
    value or begins with it: ``zh`` also takes ``zh-Hant``), ``country`` (the same country, by
    whatever name), ``min`` or ``max`` (a number, the
    bound included; an empty cell never fits) or ``flag`` (true or false).
    """

    column: str
    test: str
    known: tuple[str, ...] = ()
    top: float = float("inf")
    """The highest value a ``min`` or ``max`` may have; the lowest is 0."""


_ALL_REASONS: Final = tuple(reason for group in ticket.REASONS.values() for reason in group)
CATEGORY_OF: Final = {r: category for category, group in ticket.REASONS.items() for r in group}

#: Order values are compared in US dollars (see ``[currencies]`` in routing.toml), because
#: 10,000 is a fortune in dollars and a lunch in Korean won.
VALUE_COLUMN: Final = "_order_value_usd"

#: Earlier tickets of this customer or order, counted before routing when a rule asks
#: (`pipeline.dispatch.contacts`); not there for single texts, which count as first contacts.
REPEATS_COLUMN: Final = "_repeats"

CONDITIONS: Final[dict[str, Field]] = {
    "category": Field("category", "in", ticket.CATEGORIES),
    "secondary_category": Field("secondary_category", "in", ticket.CATEGORIES),
    "reason": Field("reason", "in", _ALL_REASONS),
    "level": Field("urgency_level", "in", ticket.LEVELS),
    "emotion": Field("emotion", "in", ticket.EMOTIONS),
    "review_reason": Field("review_reason", "in", ticket.REVIEW_REASONS),
    "status": Field("status", "in", ticket.OPEN_STATES + ticket.CLOSED_STATES),
    "language": Field("language", "language"),
    "country": Field("country", "country"),
    "channel": Field("channel", "in"),
    "customer_tier": Field("customer_tier", "in"),
    "carrier": Field("carrier", "in"),
    "seller": Field("seller_id", "in"),
    "warehouse": Field("warehouse", "in"),
    "sku": Field("sku", "in"),
    "min_order_value": Field(VALUE_COLUMN, "min"),
    "max_order_value": Field(VALUE_COLUMN, "max"),
    "min_repeat_contacts": Field(REPEATS_COLUMN, "min"),
    "max_repeat_contacts": Field(REPEATS_COLUMN, "max"),
    "min_confidence": Field("category_confidence", "min", top=1.0),
    "max_confidence": Field("category_confidence", "max", top=1.0),
    "min_urgency": Field("urgency", "min", top=100.0),
    "max_urgency": Field("urgency", "max", top=100.0),
    "min_p_urgent": Field("p_urgent", "min", top=1.0),
    "needs_review": Field("needs_review", "flag"),
}


class Condition(NamedTuple):
    """One thing that must hold: `name` is a key of `CONDITIONS`.

    `values` serves the tests ``in``, ``country`` and ``language`` (lower case); `bound` serves
    ``min`` and ``max``, and 1 or 0 for ``flag``.
    """

    name: str
    values: tuple[str, ...] = ()
    bound: float = 0.0

    @property
    def field(self) -> Field:
        return CONDITIONS[self.name]


def parse_when(
    when: Mapping[str, Any], *, where: str, labels: Mapping[str, Iterable[str]] | None = None
) -> tuple[Condition, ...]:
    """Read one ``when`` table.

    :param labels: Label names that a user's own model adds, by condition name.
    :raises RulesError: An unknown condition or label (with the nearest valid one), or a value
        of the wrong kind.

    >>> parse_when({"level": "critical", "min_order_value": 500}, where="routing.toml rule 'a'")
    ... # doctest: +NORMALIZE_WHITESPACE
    (Condition(name='level', values=('critical',), bound=0.0),
     Condition(name='min_order_value', values=(), bound=500.0))
    """
    return tuple(_parse_one(name, value, where, labels or {}) for name, value in when.items())


def _parse_one(name: str, value: Any, where: str, labels: Mapping[str, Iterable[str]]) -> Condition:
    check_known(name, CONDITIONS, where=where, kind="condition")
    field, place = CONDITIONS[name], f"{where}: {name!r}"
    if field.test == "flag":
        return Condition(name, bound=float(typed(value, bool, where=place)))
    if field.test in {"min", "max"}:
        number = typed(value, float, where=place)
        return Condition(name, bound=within(number, 0.0, field.top, where=place))
    values = read_texts(value, where=place)
    if field.test == "country":
        return Condition(name, tuple(sorted({_country(one, where) for one in values})))
    if field.known:
        known = (*field.known, *labels.get(name, ()))
        for one in values:
            check_known(one, known, where=where, kind=name)
    return Condition(name, tuple(sorted({one.lower() for one in values})))


def _country(name: str, where: str) -> str:
    """The code of a country in small letters."""
    code = country_code(name)
    if not code:
        near = difflib.get_close_matches(name.strip().title(), english_countries(), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise RulesError(
            f"{where}: unknown country {name!r}.{hint} Give its ISO 3166 code, such as CN, or a "
            "usual name."
        )
    return code.lower()


def asks_about(conditions: Iterable[Condition], column: str) -> bool:
    """Whether any of `conditions` looks at `column`."""
    return any(condition.field.column == column for condition in conditions)


def implies(narrow: Iterable[Condition], wide: Iterable[Condition]) -> bool:
    """Whether every ticket that fits all of `narrow` surely fits all of `wide`.

    Sound but not complete: true is a proof, false means "not seen at once".

    >>> late = parse_when({"reason": "delayed", "level": "high"}, where="")
    >>> implies(late, parse_when({"category": "logistics"}, where=""))
    True
    >>> implies(late, parse_when({"level": ["low", "normal"]}, where=""))
    False
    """
    known = [fact for condition in narrow for fact in (condition, *_follows(condition))]
    return all(any(_covers(w, fact) for fact in known) for w in wide)


def contradict(conditions: Iterable[Condition]) -> bool:
    """Whether no ticket can fit all of `conditions` (as far as can be seen at once).

    >>> contradict(parse_when({"category": "quality", "reason": "delayed"}, where=""))
    True
    """
    facts = [fact for condition in conditions for fact in (condition, *_follows(condition))]
    return any(_exclude(a, b) for a in facts for b in facts)


def _follows(condition: Condition) -> tuple[Condition, ...]:
    """What else is known of a ticket that fits `condition`."""
    if condition.name == "reason" and all(value in CATEGORY_OF for value in condition.values):
        return (Condition("category", tuple(CATEGORY_OF[value] for value in condition.values)),)
    if condition.name == "review_reason":
        return (Condition("needs_review", bound=1.0),)
    return ()


def _covers(wide: Condition, narrow: Condition) -> bool:
    if wide.field.column != narrow.field.column or wide.field.test != narrow.field.test:
        return False
    tests = {
        "country": lambda: set(narrow.values) <= set(wide.values),
        "in": lambda: set(narrow.values) <= set(wide.values),
        "language": lambda: all(reads(wide.values, tag) for tag in narrow.values),
        "min": lambda: narrow.bound >= wide.bound,
        "max": lambda: narrow.bound <= wide.bound,
        "flag": lambda: narrow.bound == wide.bound,
    }
    return tests[wide.field.test]()


def _exclude(a: Condition, b: Condition) -> bool:
    if a.field.column != b.field.column:
        return False
    if (a.field.test, b.field.test) == ("min", "max"):
        return a.bound > b.bound
    if a.field.test == b.field.test and a.field.test in {"in", "country"}:
        return not set(a.values) & set(b.values)
    return (a.field.test, b.field.test) == ("flag", "flag") and a.bound != b.bound


def reads(languages: Iterable[str], tag: str) -> bool:
    """Whether `tag` is one of `languages` or a variant of one (letter case ignored).

    >>> reads(["zh", "en"], "zh-Hant"), reads(["zh-Hans"], "zh-Hant"), reads(["e"], "en")
    (True, False, False)
    """
    low = tag.lower()
    return any(low == own.lower() or low.startswith(f"{own.lower()}-") for own in languages)
