"""Find the exports that the user named: files, folders, globs."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.errors import InputError
from pipeline.intake.formats import SUFFIXES, suffix_of


def find(exports: Sequence[str | Path]) -> list[Path]:
    """Return the files behind `exports`, sorted, each once.

    A folder stands for the files directly in it, a glob for the files it matches; of both only
    known formats are taken, and no hidden files. A file named outright must be of a known format.

    :raises InputError: Nothing matches, a path cannot be read, or a named file is of no known
        format or no regular file.

    >>> find(["no such file.csv"])
    Traceback (most recent call last):
        ...
    pipeline.errors.InputError: no such file.csv: there is no such file. Check the path.
    """
    found = [path for export in exports for path in _readable_paths(Path(export))]
    once = {path.resolve(): path for path in sorted(found, key=Path.as_posix, reverse=True)}
    return sorted(once.values(), key=Path.as_posix)


def _readable_paths(export: Path) -> list[Path]:
    try:
        return _expand(export)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{export} cannot be read: {reason}. Check the path.") from error


def _expand(export: Path) -> list[Path]:
    if export.is_dir():
        if suffix_of(export) in SUFFIXES:
            raise InputError(f"{export} is a folder, though its name looks like a file. Rename it.")
        return _known(export.iterdir()) or _nothing(f"{export}: the folder holds no export")
    if export.exists():
        if not export.is_file():
            raise InputError(f"{export} is no regular file. Save what it gives, and name that.")
        return [export] if suffix_of(export) in SUFFIXES else _nothing(f"{export}: unknown format")
    if glob.has_magic(str(export)):
        matches = glob.iglob(str(export), recursive=True)  # noqa: PTH207 - may be absolute
        return _known(map(Path, matches)) or _nothing(f"{export}: no export matches")
    raise InputError(f"{export}: there is no such file. Check the path.")


def _known(paths: Iterator[Path]) -> list[Path]:
    return [
        path
        for path in paths
        if suffix_of(path) in SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]


def _nothing(what: str) -> list[Path]:
    known = ", ".join(suffix.removeprefix(".") for suffix in SUFFIXES)
    raise InputError(f"{what}. Known: {known}, plain or .gz.")
