"""screening.toml: phrases after which a person should look before anyone pays."""

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import RulesError
from pipeline.rules.fields import texts, typed
from pipeline.rules.tables import Table, read_table


class Screening(NamedTuple):
    """One pattern for all phrases of all languages; empty when there are none."""

    path: Path
    pattern: str


def load(directory: Path | None = None) -> Screening:
    """Read screening.toml from `directory`, or the one that ships.

    :raises RulesError: A pattern is not a valid regular expression.
    """
    return parse(read_table("screening", directory))


def parse(table: Table) -> Screening:
    """Validate one screening table (see `load`)."""
    phrases = [
        _checked(pattern, f"{table.path} [{kind}] {language!r}")
        for kind, languages in table.content.items()
        for language, patterns in typed(languages, dict, where=f"{table.path} [{kind}]").items()
        for pattern in texts(patterns, where=f"{table.path} [{kind}] {language!r}")
    ]
    return Screening(table.path, "|".join(f"(?:{phrase})" for phrase in phrases))


def _checked(pattern: str, where: str) -> str:
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        raise RulesError(f"{where}: {pattern!r} is no regular expression: {error}.") from error
    return pattern
