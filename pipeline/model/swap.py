"""Replace a whole folder at once: readers find the old one or the new one, never a mixture.

The new files are written into a hidden sibling; then the old folder steps aside and the sibling
takes its name. Between these two renames a crash leaves the old folder under its hidden name,
where `whole` finds it.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import OutputError


def publish(files: Mapping[str, bytes], folder: Path, *, ours: frozenset[str]) -> None:
    """Make `folder` hold `files`, and of what it held before only what is not ours.

    :param ours: Names that an earlier version of the folder may hold and that go with it.
    :raises OutputError: The folder cannot be written.
    """
    folder = folder.resolve()
    aside = _aside(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if aside.is_dir() and not folder.exists():
            aside.rename(folder)  # an earlier swap was cut short
        shutil.rmtree(aside, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))
    except OSError as error:
        raise _cannot_write(folder, error) from error
    try:
        draft.chmod(0o777 & ~_mask())
        for name, data in files.items():
            _write(draft / name, data)
        _keep_others(folder, draft, ours | files.keys())
        if folder.exists():
            folder.rename(aside)
        draft.rename(folder)
    except OSError as error:
        if aside.is_dir() and not folder.exists():
            aside.rename(folder)
        raise _cannot_write(folder, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    shutil.rmtree(aside, ignore_errors=True)


def whole(folder: Path) -> Path:
    """Return where the files of `folder` are: elsewhere only after a swap that was cut short."""
    if folder.exists():
        return folder
    aside = _aside(folder.resolve())
    return aside if aside.is_dir() else folder


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _keep_others(folder: Path, draft: Path, ours: frozenset[str]) -> None:
    """Take along what somebody else put into the folder."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.name in ours:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, draft / path.name, symlinks=True)
        else:
            shutil.copy2(path, draft / path.name, follow_symlinks=False)


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _cannot_write(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"Cannot write the model folder {folder}: {error.strerror or error}. The model that was "
        "there is as it was. Free space or mend the permissions, or give another --out."
    )
