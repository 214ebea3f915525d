"""sla.toml: how long each step of a ticket may take, on which clock, and who owns the step."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from pipeline.errors import RulesError
from pipeline.rules import calendars
from pipeline.rules.calendars import Calendar
from pipeline.rules.conditions import Condition, contradict, implies, parse_when
from pipeline.rules.fields import check_keys, get, need, texts, typed
from pipeline.rules.tables import Table, check_known, read_table
from pipeline.ticket import LEVELS, OPEN_STATES, STEPS

#: The clock that never stops.
CALENDAR_CLOCK: Final = "calendar"
#: Owners that are not teams: the agent of the ticket, and the team that routing chose.
AGENT, TEAM = "agent", "team"

_UNITS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_DURATION: Final = re.compile(r"(\d+)\s*(s|min|h|d)")
_FIRST, *_LATER = STEPS
#: Only what has been answered can wait for the customer, so the first response never does
#: unless a policy says so.
_PAUSED: Final = {"resolution": ["pending"]}


class Policy(NamedTuple):
    """A promise.

    `targets` has, for each step, the seconds allowed by level in the order of ticket.LEVELS;
    a step without a promise is not in it. `calendar` is None when the clock runs day and
    night. `paused_while` has the states in which a step's clock stands still.
    """

    id: str
    targets: Mapping[str, tuple[int, ...]]
    calendar: Calendar | None
    paused_while: Mapping[str, frozenset[str]]
    note: str

    @property
    def first_response(self) -> tuple[int, ...]:
        """Seconds allowed for the first response, by level."""
        return self.targets[_FIRST]


class Application(NamedTuple):
    """`policy` holds for tickets that fit all of `conditions`."""

    conditions: tuple[Condition, ...]
    policy: str


class Sla(NamedTuple):
    """The whole table.

    `owners` has, for each step, who owns it: the first until it is late, the next from then
    on, each further one when as much time as the step was allowed has passed again.
    `automatic_within`: a first response that came in fewer seconds was written by no person.
    """

    path: Path
    default: str
    policies: dict[str, Policy]
    applications: tuple[Application, ...]
    calendars: dict[str, Calendar]
    owners: dict[str, tuple[str, ...]]
    automatic_within: int


def load(directory: Path | None = None) -> Sla:
    """Read and validate sla.toml from `directory`, or the one that ships.

    :raises RulesError: Anything in the table is unknown, of the wrong kind or missing.

    >>> load().policies["standard"].targets["first_response"]
    (86400, 86400, 14400, 3600)
    """
    return parse(read_table("sla", directory))


def parse(table: Table) -> Sla:
    """Validate one deadline table (see `load`)."""
    path, content = table
    where = str(path)
    allowed = ("default", "automatic_within", "owners", "policy", "apply", "calendar")
    check_keys(content, allowed, where=where)
    markets = {
        name: calendars.parse(name, typed(value, dict, where=f"{where} calendar {name!r}"), where)
        for name, value in get(content, "calendar", {}, where=where).items()
    }
    policies = {
        name: _policy(name, typed(value, dict, where=f"{where} policy {name!r}"), markets, where)
        for name, value in need(content, "policy", dict, where=where).items()
    }
    applications = tuple(
        _application(value, policies, f"{where} [[apply]] {number}")
        for number, value in enumerate(get(content, "apply", [], where=where), start=1)
    )
    default = need(content, "default", str, where=where)
    check_known(default, policies, where=f"{where}: 'default'", kind="policy")
    owners = get(content, "owners", {}, where=where)
    check_keys(owners, STEPS, where=f"{where} [owners]")
    automatic = content.get("automatic_within", 0)
    return Sla(
        path,
        default,
        policies,
        applications,
        markets,
        {step: texts(owners.get(step, TEAM), where=f"{where} [owners] {step!r}") for step in STEPS},
        seconds(automatic, where=f"{where}: 'automatic_within'") if automatic else 0,
    )


def problems(sla: Sla) -> list[str]:
    """What is valid but surely not meant: lost minutes, holidays of nowhere, hidden [[apply]]s."""
    found = []
    for calendar in sla.calendars.values():
        found += calendars.problems(calendar, sla.path)
    for number, one in enumerate(sla.applications):
        where = f"{sla.path} [[apply]] {number + 1}"
        if contradict(one.conditions):
            found.append(f"{where}: its conditions exclude each other. Remove one of them.")
        for before, earlier in enumerate(sla.applications[:number]):
            if implies(one.conditions, earlier.conditions):
                found.append(
                    f"{where} is never reached: [[apply]] {before + 1} above takes all of its "
                    "tickets. Move it up or remove it."
                )
                break
    return found


def wrong_owners(sla: Sla, teams: Iterable[str]) -> list[str]:
    """Owners that are neither a team of routing.toml nor the agent nor the ticket's team."""
    known = [AGENT, TEAM, *teams]
    found = []
    for step, owners in sla.owners.items():
        for owner in owners:
            try:
                check_known(owner, known, where=f"{sla.path} [owners] {step!r}", kind="owner")
            except RulesError as error:
                found.append(str(error))
    return found


def seconds(value: Any, *, where: str) -> int:
    """Read a duration: text with a unit, or a whole number of seconds; more than 0.

    >>> seconds("15 min", where=""), seconds("1 h", where=""), seconds(90, where="")
    (900, 3600, 90)
    """
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    number = int(match[1]) * _UNITS[match[2]] if match else value
    if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
        raise RulesError(
            f"{where} must be a time such as '15 min', '4 h', '2 d' or a number of seconds. "
            f"Got {value!r} instead."
        )
    return number


def _policy(name: str, content: dict[str, Any], markets: dict[str, Calendar], path: str) -> Policy:
    where = f"{path} policy {name!r}"
    check_keys(content, ("clock", *STEPS, "paused_while", "note"), where=where)
    clock = get(content, "clock", CALENDAR_CLOCK, where=where)
    check_known(clock, (CALENDAR_CLOCK, *markets), where=where, kind="clock")
    need(content, _FIRST, dict, where=where)
    targets: dict[str, tuple[int, ...]] = {
        step: _by_level(typed(content[step], dict, where=f"{where}: {step!r}"), step, where)
        for step in STEPS
        if step in content
    }
    paused = get(content, "paused_while", dict(_PAUSED), where=where)
    check_keys(paused, STEPS, where=f"{where}: 'paused_while'")
    return Policy(
        name,
        targets,
        markets.get(clock),
        {step: _states(paused.get(step, []), f"{where}: paused_while {step!r}") for step in STEPS},
        get(content, "note", "", where=where),
    )


def _by_level(times: Mapping[str, Any], step: str, where: str) -> tuple[int, ...]:
    check_keys(times, LEVELS, where=f"{where}: {step!r}")
    return tuple(seconds(times.get(level), where=f"{where}: {step} {level!r}") for level in LEVELS)


def _states(value: Any, where: str) -> frozenset[str]:
    states = texts(value, where=where) if value else ()
    for state in states:
        check_known(state, OPEN_STATES, where=where, kind="state")
    return frozenset(states)


def _application(value: Any, policies: dict[str, Policy], where: str) -> Application:
    content = typed(value, dict, where=where)
    check_keys(content, ("when", "policy", "note"), where=where)
    policy = need(content, "policy", str, where=where)
    check_known(policy, policies, where=where, kind="policy")
    return Application(parse_when(get(content, "when", {}, where=where), where=where), policy)
