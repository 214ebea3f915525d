"""Find and read one TOML table; the errors that every table shares."""

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import RulesError

#: The tables that ship, inside the package so that an installed wheel has them too.
SHIPPED = Path(__file__).parent


class Table(NamedTuple):
    """One TOML file: where it was found, and what it holds."""

    path: Path
    content: dict[str, Any]


def read_table(name: str, directory: Path | None = None) -> Table:
    """Read ``<name>.toml`` from `directory` if it is there, else the one that ships.

    :raises RulesError: The folder does not exist, or the file is not valid TOML.

    >>> read_table("columns").path.name
    'columns.toml'
    """
    path = find_table(name, directory)
    try:
        return Table(path, tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesError(f"{path} is not valid TOML: {error}. Mend that line.") from error


def find_table(name: str, directory: Path | None = None) -> Path:
    """Return where ``<name>.toml`` stands: in `directory` if it is there, else among the shipped.

    :raises RulesError: The folder does not exist.
    """
    if directory is not None and not directory.is_dir():
        raise RulesError(f"{directory} is not a folder. Give --rules a folder that holds *.toml.")
    own = directory / f"{name}.toml" if directory is not None else None
    return own if own is not None and own.is_file() else SHIPPED / f"{name}.toml"


def check_known(value: str, known: Iterable[str], *, where: str, kind: str) -> str:
    """Return `value` when it is `known`, else raise with the nearest valid name.

    :raises RulesError: `value` is not one of `known`.

    >>> check_known("billing", ["billing", "delivery"], where="x.toml", kind="category")
    'billing'
    >>> check_known("biling", ["billing", "delivery"], where="x.toml rule 'a'", kind="category")
    Traceback (most recent call last):
        ...
    pipeline.errors.RulesError: x.toml rule 'a': unknown category 'biling'. \
Did you mean 'billing'? Known: billing, delivery.
    """
    names = sorted(known)
    if value in names:
        return value
    near = difflib.get_close_matches(value, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise RulesError(f"{where}: unknown {kind} {value!r}.{hint} Known: {', '.join(names)}.")
