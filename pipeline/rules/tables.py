"""Find and read one TOML table; the errors that every table shares."""

import difflib
import io
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import RulesError

#: The tables that ship, inside the package so that an installed wheel has them too.
SHIPPED = Path(__file__).parent

#: Of more names than these (time zones: 600) an error names the nearest three, not all.
_LISTED = 100


class Table(NamedTuple):
    """One TOML file: where it was found, and what it holds."""

    path: Path
    content: dict[str, Any]


def read_table(name: str, directory: Path | None = None) -> Table:
    """Read ``<name>.toml`` from `directory` if it is there, else the one that ships.

    A byte-order mark, as Notepad writes it, does no harm.

    :raises RulesError: The folder does not exist, or the file is not UTF-8 or not valid TOML.

    >>> read_table("columns").path.name
    'columns.toml'
    """
    path = find_table(name, directory)
    content = path.read_bytes()
    try:
        # As text files are read everywhere: any line end is one.
        text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig").read()
        return Table(path, tomllib.loads(text))
    except UnicodeDecodeError:
        raise RulesError(
            f"{path} line {_first_foreign_line(content)} is not UTF-8. Save it as UTF-8."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"{path} is not valid TOML: {error}. Mend that line.") from error


def _first_foreign_line(content: bytes) -> int:
    """The number of the first line that is not UTF-8."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start) + 1
    return 1


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
    if len(names) > _LISTED:
        nearest = difflib.get_close_matches(value, names, n=3, cutoff=0.0)
        first, last = ", ".join(map(repr, nearest[:-1])), repr(nearest[-1])
        raise RulesError(f"{where}: unknown {kind} {value!r}. Did you mean {first} or {last}?")
    near = difflib.get_close_matches(value, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise RulesError(f"{where}: unknown {kind} {value!r}.{hint} Known: {', '.join(names)}.")
