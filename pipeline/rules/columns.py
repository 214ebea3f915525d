"""What the columns of an export are called (columns.toml), parsed and validated."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from pipeline import ticket
from pipeline.errors import RulesError
from pipeline.rules.calendars import zone
from pipeline.rules.fields import typed
from pipeline.rules.tables import check_known, read_table

#: A field of the table that is not a column: it is joined into ``text``.
SUBJECT: Final = "subject"

#: Labels that a labelled export may carry, read only on request.
LABELS: Final = ("category", "secondary", "reason", "urgency", "emotion", "lang")

_FIELDS: Final = (*ticket.INPUT_COLUMNS, SUBJECT)
_STATES: Final = ticket.OPEN_STATES + ticket.CLOSED_STATES
_EVENTS: Final = (*ticket.EVENTS, *ticket.EVENTS["reply"], *ticket.LEVELS)
_SECTIONS: Final = ("reading", "fields", "labels", "status", "history")
_ORDERS: Final = ("day_first", "month_first")
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_MARKS: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class ColumnRules:
    """How to read an export. All names and words are folded (`fold`).

    :ivar names: Names of each field and label, the most telling first.
    :ivar statuses: State for each known status word.
    :ivar events: Kind of event, writer or level for each word of a history.
    :ivar zone: Zone of times that name none.
    :ivar day_first: How 04/11/2026 is read when nothing in the file settles it ...
    :ivar month_first_countries: ... unless all its tickets come from these countries.
    :ivar containers: Parents of nested JSON that are left out of the name.
    :ivar zone_hours: Hours from UTC for the zone names some exports write.
    :ivar months: Month 1..12 for each name.
    """

    names: Mapping[str, tuple[str, ...]]
    statuses: Mapping[str, str]
    events: Mapping[str, str]
    zone: ZoneInfo
    day_first: bool
    month_first_countries: frozenset[str]
    containers: frozenset[str]
    zone_hours: Mapping[str, float]
    months: Mapping[str, int]


@lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """Return `name` without what people write differently: case, width, accents, punctuation.

    >>> fold("Ticket_ID"), fold("ＴＩＣＫＥＴ－ＩＤ"), fold("Número de pedido"), fold("工单 号")
    ('ticketid', 'ticketid', 'numerodepedido', '工单号')
    """
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", name.casefold()))
    return _MARKS.sub("", unicodedata.normalize("NFKC", plain)).casefold()


def load(directory: Path | None = None) -> ColumnRules:
    """Read columns.toml from `directory` if it is there, else the one that ships.

    :raises RulesError: A field, state, zone or country is unknown, or a name stands twice.

    >>> load().statuses[fold("处理中")]
    'open'
    """
    path, content = read_table("columns", directory)
    for section in content:
        check_known(section, _SECTIONS, where=str(path), kind="section")
    names = _lists(content, "fields", _FIELDS, path) | _lists(content, "labels", LABELS, path)
    words = _lists(content, "status", _STATES, path)
    events = _lists(content, "history", _EVENTS, path)
    return ColumnRules(
        names={field: tuple(map(fold, listed)) for field, listed in names.items()},
        statuses=_inverted(words, f"{path} [status]"),
        events=_inverted(events, f"{path} [history]"),
        **_reading(content.get("reading", {}), path),
    )


def _lists(
    content: dict[str, Any], section: str, known: tuple[str, ...], path: Path
) -> dict[str, list[str]]:
    """The lists of one section; a name may stand under one key of the section only."""
    table = content.get(section, {})
    for key, listed in table.items():
        check_known(key, known, where=f"{path} [{section}]", kind="field")
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            raise RulesError(f"{path} [{section}] {key}: must be a list of names in quotes.")
    _inverted(table, f"{path} [{section}]")
    return table


def _inverted(table: dict[str, list[str]], where: str) -> dict[str, str]:
    owner: dict[str, str] = {}
    for key, listed in table.items():
        for name in listed:
            first = owner.setdefault(fold(name), key)
            if first != key:
                raise RulesError(
                    f"{where}: {name!r} stands under {first!r} and under {key!r}. Keep one."
                )
    return owner


def _reading(settings: dict[str, Any], path: Path) -> dict[str, Any]:
    where = f"{path} [reading]"
    known = ("timezone", "date_order", "month_first_countries", "containers", "zones", "months")
    for key in settings:
        check_known(key, known, where=where, kind="setting")
    timezone = typed(settings.get("timezone", "UTC"), str, where=f"{where}: 'timezone'")
    countries = settings.get("month_first_countries", [])
    for country in countries:
        if not re.fullmatch("[A-Z]{2}", country):
            raise RulesError(f"{where}: {country!r} is not an ISO 3166 code of two capitals.")
    zones = settings.get("zones", {})
    for name, hours in zones.items():
        if not isinstance(hours, int | float) or not -12 <= hours <= 14:
            raise RulesError(f"{where}: zone {name!r} must be -12 to 14 hours. Got {hours!r}.")
    order = check_known(
        settings.get("date_order", "day_first"), _ORDERS, where=where, kind="date_order"
    )
    return {
        "zone": zone(timezone, where=where),
        "day_first": order == "day_first",
        "month_first_countries": frozenset(countries),
        "containers": frozenset(fold(name) for name in settings.get("containers", [])),
        "zone_hours": zones,
        "months": _months(settings.get("months", {}), where),
    }


def _months(table: dict[str, list[str]], where: str) -> dict[str, int]:
    for key in table:
        check_known(key, map(str, range(1, 13)), where=f"{where} months", kind="month")
    return {name: int(key) for name, key in _inverted(table, f"{where} months").items()}
