"""What ``replay`` does, from an export to the numbers of four orders."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from pipeline import engine
from pipeline.dispatch.arranging import NARROW, inputs
from pipeline.dispatch.deadline import to_seconds
from pipeline.dispatch.disciplines import POLICIES, Standing
from pipeline.dispatch.groups import codes, earlier
from pipeline.dispatch.incidents import find_incidents
from pipeline.dispatch.priority import COMPLAINT_POINTS, Points, consequence
from pipeline.dispatch.repeats import repeat_contacts
from pipeline.dispatch.replay_numbers import TARGET, agents_needed, numbers
from pipeline.dispatch.replaying import Arrivals, handling_time, replay_all
from pipeline.dispatch.staffing import (
    EVERYBODY,
    Hours,
    parse_agents,
    parse_days,
    parse_hours,
    share_out,
)
from pipeline.errors import InputError, OutputError
from pipeline.output.results import read_triaged
from pipeline.rules.calendars import zone
from pipeline.rules.load import Rules
from pipeline.ticket import LEVELS

if TYPE_CHECKING:
    from rich.console import Console

#: What a replay needs of each ticket.
COLUMNS: Final = (
    *NARROW,
    "team",
    "language",
    "first_response_due_at",
    "first_response_at",
    "agent",
)
#: Hours of the teams that have none of their own.
_OTHERS: Final = ""


class Staff(NamedTuple):
    """What the command line says about who works when (see `staffing`)."""

    agents: Sequence[str]
    hours: Sequence[str]
    days: str = "mon-sun"
    timezone: str = "UTC"
    minutes: float | None = None


def read(run: engine.Run, **more: Any) -> pd.DataFrame:
    """The tickets of exports, triaged; or of the results of a run, as they are.

    :raises InputError: No ticket says when it was created.
    """
    first = Path(run.exports[0])
    if len(run.exports) == 1 and (first / "summary.json").is_file():
        wanted = [name for name in COLUMNS if not name.startswith("_")]
        tickets = read_triaged(first, wanted).assign(_text_key=np.uint64(0))
    else:
        tickets = engine.triaged(run, COLUMNS, **more)
    tickets = tickets[tickets["created_at"].notna()]
    if tickets.empty:
        raise InputError("No ticket says when it was created, so nothing can be replayed.")
    return tickets.sort_values(["created_at", "ticket_id"], kind="stable", ignore_index=True)


def compare(tickets: pd.DataFrame, rules: Rules, staff: Staff) -> dict[str, Any]:
    """Replay `tickets` (see `read`) under four orders; the content of ``--json``."""
    seconds, source = handling_time(tickets, staff.minutes)
    service = np.full(len(tickets), seconds)
    arrivals = arrivals_of(tickets, rules, service)
    teams = rules.routing.teams
    work = {str(team): seconds * n for team, n in tickets["team"].value_counts().items()}
    given = parse_agents(staff.agents, teams, rules.languages)
    groups = share_out(given, work) if isinstance(given, int) else given
    staffed = {group.team for group in groups}
    if staffed == {EVERYBODY}:
        arrivals = arrivals._replace(team=np.full(len(tickets), EVERYBODY, object))
    hours = _hours(staff, [*teams, EVERYBODY], arrivals.epoch)
    unstaffed = sorted(set(arrivals.team) - staffed)
    answered = replay_all(arrivals, groups, hours)
    return {
        "tickets": len(tickets),
        "first": _day(tickets["created_at"].iloc[0]),
        "last": _day(tickets["created_at"].iloc[-1]),
        "handling": source,
        "staff": [
            {
                "team": group.team,
                "languages": sorted(group.languages) if group.languages else "all",
                "agents": group.agents,
                "hours_per_week": hours[group.team].per_week,
            }
            for group in groups
        ],
        "teams_without_agents": unstaffed,
        "target": TARGET,
        "agents_needed": agents_needed(arrivals, groups, hours),
        "policies": {policy: numbers(arrivals, times) for policy, times in answered.items()},
    }


def arrivals_of(tickets: pd.DataFrame, rules: Rules, service: Points) -> Arrivals:
    """`tickets` in order of arrival, each with what was known of it when it came.

    An incident counts as large as it was by then.
    """
    moment = tickets["created_at"].iloc[-1].to_pydatetime()
    created = to_seconds(tickets["created_at"], now=moment)
    customer, _ = codes(tickets["customer_id"])
    by_time = np.arange(len(tickets))
    incident, _ = codes(pd.Series(find_incidents(tickets, created, customer).id))
    so_far = np.where(incident < 0, 0, earlier(incident, by_time) + 1)
    repeats = repeat_contacts(created, customer, codes(tickets["order_id"])[0])
    known = inputs(tickets, rules, repeats, so_far)
    due = to_seconds(tickets["first_response_due_at"], now=moment)
    epoch = float(created[0])
    standing = Standing(
        created=(created - epoch).astype(np.float64),
        due=(due - epoch).astype(np.float64),
        level=pd.Index(LEVELS).get_indexer(pd.Index(tickets["urgency_level"])).astype(float),
        fixed=known.level_points + COMPLAINT_POINTS * known.complaint,
        consequence=np.sum(list(consequence(known).values()), axis=0),
    )
    return Arrivals(
        standing,
        tickets["team"].to_numpy(object),
        tickets["language"].to_numpy(object),
        service,
        epoch,
    )


def write(path: Path, found: Mapping[str, Any]) -> None:
    """Write the numbers as JSON.

    :raises OutputError: `path` cannot be written.
    """
    try:
        path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror}. Give --json a file.") from error


def show(found: Mapping[str, Any], console: "Console") -> None:
    """Print the numbers of the four orders, and the agents each team needs."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for policy in POLICIES:
        table.add_column(policy, justify="right", no_wrap=True)
    every = [found["policies"][policy] for policy in POLICIES]
    table.add_row("late, critical and high", *(f"{one['late_critical_high']:,}" for one in every))
    for level, count in every[0]["late_by_level"].items():
        late = [one["late_by_level"][level]["late"] for one in every]
        table.add_row(f"late, {level} (of {count['of']:,})", *(f"{n:,}" for n in late))
    for heading, shown in _LINES.items():
        table.add_row(heading, *(shown(one) for one in every))
    console.print(
        f"{found['tickets']:,} tickets, {found['first']} to {found['last']}; {found['handling']}",
        highlight=False,
    )
    console.print(table)
    languages = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Language", "tickets", "late: fifo", "level", "edf", "ours", "p90 h, ours"):
        languages.add_column(heading, justify="left" if heading == "Language" else "right")
    ours = found["policies"]["ours"]["by_language"]
    for language in sorted(ours, key=lambda name: (-ours[name]["tickets"], name))[:_LANGUAGES]:
        late = [f"{found['policies'][p]['by_language'][language]['late']:,}" for p in POLICIES]
        one = ours[language]
        languages.add_row(
            language, f"{one['tickets']:,}", *late, _number(one["p90_first_response_h"])
        )
    console.print(languages)
    teams = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Team", "tickets", "agents", f"needs for {found['target']:.0%}", "at most"):
        teams.add_column(heading, justify="left" if heading == "Team" else "right")
    for team, one in found["agents_needed"].items():
        needs = "longer hours" if one["needs"] is None else str(one["needs"])
        teams.add_row(
            team, f"{one['tickets']:,}", str(one["agents"]), needs, f"{one['at_most']:.0%}"
        )
    console.print(teams)
    for line in _notes(found):
        console.print(line, highlight=False, markup=False)


def _notes(found: Mapping[str, Any]) -> list[str]:
    lines = [
        ", ".join(f"{policy}: {name}" for policy, name in POLICIES.items() if policy != name) + ".",
        "at most: the share that enough agents would answer in time within these hours.",
    ]
    if found["teams_without_agents"]:
        names = ", ".join(found["teams_without_agents"])
        lines.append(f"No agents were given to {names}: their tickets are never answered.")
    unread = found["policies"]["ours"]["nobody_reads"]
    if unread:
        lines.append(f"{unread:,} tickets are never answered: no agent of their team reads them.")
    return lines


def _number(value: float | None) -> str:
    return "never" if value is None else f"{value:,.1f}"


#: Languages in the terminal; all of them are in the JSON.
_LANGUAGES: Final = 8
_LINES: Final[dict[str, Any]] = {
    "answered within 24 h": lambda one: f"{one['within_24h']:.1%}",
    "half answered, h": lambda one: _number(one["p50_first_response_h"]),
    "90 % answered, h": lambda one: _number(one["p90_first_response_h"]),
    "longest wait, h": lambda one: _number(one["longest_wait_h"]),
    "starving": lambda one: f"{one['starving']:,}",
}


def _hours(staff: Staff, teams: Sequence[str], epoch: float) -> dict[str, Hours]:
    where, days = zone(staff.timezone, where="--timezone"), parse_days(staff.days)
    given = parse_hours(staff.hours, teams)
    everybody = given.get(_OTHERS) or parse_hours(["9-18"], teams)[_OTHERS]
    return {team: Hours(given.get(team, everybody), days, where, epoch) for team in teams}


def _day(moment: pd.Timestamp) -> str:
    return f"{moment:%Y-%m-%d}"
