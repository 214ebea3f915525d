"""All tables together: read, checked against each other, and fingerprinted."""

import difflib
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from pipeline.errors import RulesError
from pipeline.rules import actions, conditions, reasons, routing, screening, sla, urgency
from pipeline.rules.columns import ColumnRules
from pipeline.rules.conditions import REPEATS_COLUMN
from pipeline.rules.languages import LanguageRules, check_tag
from pipeline.rules.tables import SHIPPED, check_known, find_table, read_table

#: The tables that `load` reads, with the module that parses each.
_TABLES: Final = (
    "columns",
    "languages",
    "routing",
    "sla",
    "actions",
    "reasons",
    "screening",
    "urgency",
)


@dataclass(frozen=True)
class Rules:
    """Everything that operations people decide; cheap to send to another process.

    `fingerprint` is the SHA-256 over all tables that were in force, the ones that ship and
    those of ``--rules DIR`` alike: two runs with the same fingerprint had the same rules.
    """

    columns: ColumnRules
    languages: LanguageRules
    routing: routing.Routing
    sla: sla.Sla
    actions: actions.Actions
    reasons: dict[str, reasons.Reason]
    screening: screening.Screening
    urgency: urgency.UrgencyRules
    fingerprint: str

    @property
    def ask_about_repeats(self) -> bool:
        """Whether any rule needs the number of earlier contacts before routing."""
        asked = [rule.conditions for rule in self.routing.rules]
        asked += [application.conditions for application in self.sla.applications]
        return any(conditions.asks_about(one, REPEATS_COLUMN) for one in asked)


def load(directory: Path | None = None) -> Rules:
    """Read all tables; a file in `directory` replaces the one of that name that ships.

    :raises RulesError: A table cannot be read or is wrong (the message says where).
    """
    misplaced = _misplaced(directory)
    if misplaced:
        raise RulesError(misplaced[0])
    tables = {name: _loader(name)(directory) for name in _TABLES}
    rules = Rules(**tables, fingerprint=fingerprint(directory))
    wrong = _wrong_policies(rules.routing, rules.sla)
    wrong += _wrong_languages(rules.routing, rules.sla, rules.languages)
    wrong += sla.wrong_owners(rules.sla, rules.routing.teams)
    if wrong:
        raise RulesError(wrong[0])
    return rules


def fingerprint(directory: Path | None = None) -> str:
    """SHA-256 over the bytes of all tables in force, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(path.stem for path in SHIPPED.glob("*.toml")):
        content = find_table(name, directory).read_bytes()
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def table_fingerprints(directory: Path | None = None) -> dict[str, str]:
    """SHA-256 of each table in force, by name: says later which of them changed."""
    return {
        path.stem: hashlib.sha256(find_table(path.stem, directory).read_bytes()).hexdigest()
        for path in sorted(SHIPPED.glob("*.toml"))
    }


def check(directory: Path | None = None) -> list[str]:
    """Everything that is wrong with the tables, one sentence each; empty when all is well.

    Finds more than `load` refuses: rules that are never reached, conditions that exclude each
    other, teams without a rule, languages that nobody reads, files that are no table, opening
    hours that lose a minute.
    """
    found: list[str] = [*_misplaced(directory), *_unknown_files(directory)]
    loaded: dict[str, Any] = {}
    for name in _TABLES:
        try:
            loaded[name] = _loader(name)(directory)
        except RulesError as error:
            found.append(str(error))
            found += [one for one in _more(name, directory) if one not in found]
    if "routing" in loaded:
        found += routing.problems(loaded["routing"])
    if "sla" in loaded:
        found += sla.problems(loaded["sla"])
    if "routing" in loaded and "sla" in loaded:
        found += _wrong_policies(loaded["routing"], loaded["sla"])
        found += sla.wrong_owners(loaded["sla"], loaded["routing"].teams)
    if "actions" in loaded and "languages" in loaded:
        tags = [one.tag for one in loaded["languages"].languages]
        found += actions.problems(loaded["actions"], tags)
    if {"routing", "sla", "languages"} <= loaded.keys():
        found += _wrong_languages(loaded["routing"], loaded["sla"], loaded["languages"])
        found += _wrong_team_languages(loaded["routing"], loaded["languages"])
    if "routing" in loaded and "languages" in loaded:
        found += _unread_languages(loaded["routing"], loaded["languages"])
    return found


def _loader(name: str) -> Callable[[Path | None], Any]:
    loader: Callable[[Path | None], Any] = import_module(f"pipeline.rules.{name}").load
    return loader


def _more(name: str, directory: Path | None) -> list[str]:
    """What else is wrong in the table, when it can be read at all."""
    try:
        return routing.mistakes(read_table(name, directory)) if name == "routing" else []
    except RulesError:
        return []


def _wrong_languages(
    routes: routing.Routing, deadlines: sla.Sla, table: LanguageRules
) -> list[str]:
    """Conditions on languages that no ticket ever has."""
    asked = [(f"{routes.path} rule {one.id!r}", one.when) for one in routes.rules]
    asked += [
        (f"{deadlines.path} [[apply]] {number}", one.conditions)
        for number, one in enumerate(deadlines.applications, start=1)
    ]
    return [
        problem
        for where, when in asked
        for condition in when
        if condition.field.test == "language"
        for problem in _wrong_tags(condition.values, table, where)
    ]


def _wrong_team_languages(routes: routing.Routing, table: LanguageRules) -> list[str]:
    return [
        problem
        for team in routes.teams.values()
        if not team.reads_all
        for problem in _wrong_tags(team.languages, table, f"{routes.path} team {team.id!r}")
    ]


def _wrong_tags(tags: Iterable[str], table: LanguageRules, where: str) -> list[str]:
    problems = []
    for tag in tags:
        try:
            check_tag(tag, table, where=where)
        except RulesError as error:
            problems.append(str(error))
    return problems


def _wrong_policies(routes: routing.Routing, deadlines: sla.Sla) -> list[str]:
    problems = []
    for rule in routes.rules:
        if not rule.sla:
            continue
        try:
            where = f"{routes.path} rule {rule.id!r}"
            check_known(rule.sla, deadlines.policies, where=where, kind="sla policy")
        except RulesError as error:
            problems.append(str(error))
    return problems


def _misplaced(directory: Path | None) -> list[str]:
    """Why `directory` changes nothing, or not what it seems to: every table is shipped too."""
    if directory is None or not directory.is_dir():
        return []
    known = sorted(path.name for path in SHIPPED.glob("*.toml"))
    names = sorted(path.name for path in directory.iterdir())
    cased = [name for name in names if name not in known and name.lower() in known]
    if not cased and not any(name in known for name in names):
        return [
            f"{directory} holds no table. Give --rules a folder with any of {', '.join(known)}."
        ]
    return [
        f"{directory / name} is not read: its name must be {name.lower()!r}, in small letters. "
        "Rename it."
        for name in cased
    ]


def _unknown_files(directory: Path | None) -> list[str]:
    if directory is None or not directory.is_dir():
        return []
    known = {path.name for path in SHIPPED.glob("*.toml")}
    problems = []
    for path in sorted(directory.glob("*.toml")):
        if path.name not in known:
            near = difflib.get_close_matches(path.name, sorted(known), n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            names = ", ".join(sorted(known))
            problems.append(f"{path} is not read: no table has that name.{hint} Known: {names}.")
    return problems


def _unread_languages(routes: routing.Routing, table: LanguageRules) -> list[str]:
    """Languages of the table that no rule but the last can give to anybody who reads them."""
    teams = [routes.teams[rule.team] for rule in routes.rules[:-1]]
    if any(team.reads_all for team in teams):
        return []
    read = {tag for team in teams for tag in team.languages}
    return [
        f"{routes.path}: no team that a rule names reads {one.tag!r}; only the last rule takes "
        "such tickets. Add the language to a team."
        for one in table.languages
        if not conditions.reads(read, one.tag)
    ]
