"""reasons.toml: what each reason is called and means."""

from pathlib import Path
from typing import NamedTuple

from pipeline.errors import RulesError
from pipeline.rules.fields import check_keys, need, typed
from pipeline.rules.tables import Table, read_table
from pipeline.ticket import REASONS


class Reason(NamedTuple):
    """One reason: its category, its names in English and Chinese, what it means."""

    id: str
    category: str
    en: str
    zh: str
    definition: str


def load(directory: Path | None = None) -> dict[str, Reason]:
    """Read reasons.toml from `directory`, or the one that ships; keys are reason ids.

    :raises RulesError: A reason of `ticket.REASONS` is missing, or one is there that it does
        not know.

    >>> load()["delayed"].category
    'logistics'
    """
    return parse(read_table("reasons", directory))


def parse(table: Table) -> dict[str, Reason]:
    """Validate one table of reasons (see `load`)."""
    path, content = table
    check_keys(content, REASONS, where=str(path))
    return {
        name: _reason(name, category, table)
        for category, names in REASONS.items()
        for name in names
    }


def _reason(name: str, category: str, table: Table) -> Reason:
    where = f"{table.path} [{category}]"
    group = need(table.content, category, dict, where=str(table.path))
    check_keys(group, REASONS[category], where=where)
    if name not in group:
        raise RulesError(f"{where}: reason {name!r} is missing. Add its names and definition.")
    where = f"{where} {name!r}"
    content = typed(group[name], dict, where=where)
    check_keys(content, ("en", "zh", "definition"), where=where)
    en, zh, definition = (
        need(content, key, str, where=where) for key in ("en", "zh", "definition")
    )
    return Reason(name, category, en, zh, definition)
