"""routing.toml: the teams, and the rules that say which ticket goes to whom."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import RulesError
from pipeline.rules.conditions import Condition, contradict, implies, parse_when
from pipeline.rules.fields import check_keys, get, need, texts, typed, within
from pipeline.rules.tables import Table, check_known, read_table
from pipeline.ticket import UNDETERMINED

#: A team with this in `languages` reads every language.
ANY_LANGUAGE = "any"


class Team(NamedTuple):
    """Who handles tickets; `languages` are BCP 47 tags, or ``("any",)``."""

    id: str
    en: str
    zh: str
    languages: tuple[str, ...]

    @property
    def reads_all(self) -> bool:
        return ANY_LANGUAGE in self.languages


class Rule(NamedTuple):
    """One line of the table: when all of `conditions` hold, `team` takes the ticket.

    `conditions` are those of `when`, and that the team can read the language. `sla` and `action`
    are empty when the tables sla.toml and actions.toml decide.
    """

    id: str
    conditions: tuple[Condition, ...]
    team: str
    sla: str
    action: str
    note: str
    when: tuple[Condition, ...] = ()


class Routing(NamedTuple):
    """The whole table. `tiers` map lower-case names to 0..1, `currencies` codes to dollars."""

    path: Path
    teams: dict[str, Team]
    rules: tuple[Rule, ...]
    tiers: dict[str, float]
    currencies: dict[str, float]


def load(directory: Path | None = None) -> Routing:
    """Read and validate routing.toml from `directory`, or the one that ships.

    :raises RulesError: Anything in the table is unknown, of the wrong kind or missing; or the
        last rule does not catch every ticket.

    >>> load().rules[0].id
    'critical'
    """
    return parse(read_table("routing", directory))


def parse(table: Table) -> Routing:
    """Validate one routing table (see `load`)."""
    path, content = table
    where = str(path)
    check_keys(content, ("labels", "teams", "rule", "tiers", "currencies"), where=where)
    labels = {
        name: texts(value, where=f"{where} [labels] {name!r}")
        for name, value in get(content, "labels", {}, where=where).items()
    }
    teams = {
        name: _team(name, typed(value, dict, where=f"{where} team {name!r}"), where)
        for name, value in need(content, "teams", dict, where=where).items()
    }
    rules = tuple(
        _rule(number, typed(value, dict, where=f"{where} rule {number}"), teams, labels, where)
        for number, value in enumerate(need(content, "rule", list, where=where), start=1)
    )
    _check_ids(rules, where)
    _check_last(rules, teams, where)
    return Routing(
        path,
        teams,
        rules,
        {k.lower(): v for k, v in _numbers(content, "tiers", where, top=1.0).items()},
        {k.upper(): v for k, v in _numbers(content, "currencies", where).items()},
    )


def mistakes(table: Table) -> list[str]:
    """What is wrong with each rule, not only with the first wrong one as `parse` says it."""
    path, content = table
    where, found = str(path), []
    named = content.get("teams")
    teams = {
        name: Team(name, "", "", (ANY_LANGUAGE,))
        for name in (named if isinstance(named, dict) else ())
    }
    labels = content.get("labels")
    known = {
        name: tuple(value) if isinstance(value, list) else (str(value),)
        for name, value in (labels if isinstance(labels, dict) else {}).items()
    }
    rules = content.get("rule")
    for number, rule in enumerate(rules if isinstance(rules, list) else (), start=1):
        try:
            _rule(number, typed(rule, dict, where=f"{where} rule {number}"), teams, known, where)
        except RulesError as error:
            found.append(str(error))
    return found


def problems(routing: Routing) -> list[str]:
    """What is valid but surely not meant: rules that can never decide, teams without a rule.

    A rule is reported as unreachable when a *single* earlier rule takes all of its tickets;
    several earlier rules that do so together are not noticed.
    """
    found = []
    for number, rule in enumerate(routing.rules):
        where = f"{routing.path} rule {rule.id!r}"
        if contradict(rule.conditions):
            found.append(f"{where}: its conditions exclude each other. Remove one of them.")
        for earlier in routing.rules[:number]:
            if implies(rule.conditions, earlier.conditions):
                found.append(
                    f"{where} is never reached: rule {earlier.id!r} above takes all of its "
                    "tickets. Move it up or remove it."
                )
                break
    used = {rule.team for rule in routing.rules}
    found += [
        f"{routing.path} team {team!r} gets no ticket: no rule names it."
        for team in routing.teams
        if team not in used
    ]
    return found


def _team(name: str, content: dict[str, Any], path: str) -> Team:
    where = f"{path} team {name!r}"
    check_keys(content, ("en", "zh", "languages"), where=where)
    return Team(
        name,
        need(content, "en", str, where=where),
        need(content, "zh", str, where=where),
        texts(content.get("languages", ANY_LANGUAGE), where=f"{where}: 'languages'"),
    )


def _rule(
    number: int,
    content: dict[str, Any],
    teams: Mapping[str, Team],
    labels: Mapping[str, tuple[str, ...]],
    path: str,
) -> Rule:
    name = need(content, "id", str, where=f"{path} rule {number}")
    where = f"{path} rule {name!r}"
    check_keys(content, ("id", "when", "team", "sla", "action", "note"), where=where)
    team = check_known(
        need(content, "team", str, where=where), list(teams), where=where, kind="team"
    )
    conditions = parse_when(get(content, "when", {}, where=where), where=where, labels=labels)
    return Rule(
        name,
        conditions + _readable(teams[team]),
        team,
        get(content, "sla", "", where=where),
        get(content, "action", "", where=where),
        get(content, "note", "", where=where),
        conditions,
    )


def _readable(team: Team) -> tuple[Condition, ...]:
    """The silent condition of every rule; a language that is unknown hinders nobody."""
    if team.reads_all:
        return ()
    return (Condition("language", (*(tag.lower() for tag in team.languages), UNDETERMINED)),)


def _check_ids(rules: tuple[Rule, ...], where: str) -> None:
    ids = [rule.id for rule in rules]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise RulesError(f"{where}: rule id {twice[0]!r} is used twice. Give each its own id.")


def _check_last(rules: tuple[Rule, ...], teams: Mapping[str, Team], where: str) -> None:
    if not rules:
        raise RulesError(f"{where} has no [[rule]]. Add one without `when` to catch all tickets.")
    last = rules[-1]
    if last.conditions:
        why = (
            'its team does not read "any" language'
            if len(last.conditions) == 1 and (not teams[last.team].reads_all)
            else "it has conditions"
        )
        raise RulesError(
            f"{where} rule {last.id!r}: the last rule must catch every ticket, but {why}. "
            'Add a last rule without `when` whose team has languages = "any".'
        )


def _numbers(
    content: Mapping[str, Any], key: str, where: str, *, top: float = float("inf")
) -> dict[str, float]:
    place = f"{where} [{key}]"
    numbers = {
        name: typed(value, float, where=f"{place} {name!r}")
        for name, value in get(dict(content), key, {}, where=where).items()
    }
    for name, value in numbers.items():
        within(value, 0.0, top, where=f"{place} {name!r}")
    return numbers
