"""Which model ``--model current`` means: the last complete line of a log that is only appended to.

Each line of ``models/current.jsonl`` says who became current, when, and the fingerprint of the
model then. The state is read from the log itself, so the two cannot disagree; a line that was cut
short by a crash has no line end and does not count.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from pipeline.errors import ModelError
from pipeline.model import store

LOG: Final = "current.jsonl"
#: What a user writes instead of a folder.
CURRENT: Final = "current"


class Entry(NamedTuple):
    """One line of the log."""

    at: str
    """UTC ISO 8601."""
    action: str
    """``promote`` or ``rollback``."""
    model: str
    """Folder, as seen from the folder of models, or absolute."""
    fingerprint: str


def entries(models: Path) -> list[Entry]:
    """Return the log, first line first.

    :raises ModelError: A line is not one that this program wrote.
    """
    path = models / LOG
    if not path.is_file():
        return []
    found = []
    for number, line in enumerate(_complete(path.read_bytes()).splitlines(), start=1):
        try:
            one = json.loads(line)
            found.append(Entry(*(str(one[name]) for name in Entry._fields)))
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{path} line {number} is not a line of the log: {line[:80]!r}. Take it out."
            ) from error
    return found


def current(models: Path, *, default: Path) -> Path:
    """Return the folder of the model in use; `default` as long as nothing was promoted."""
    standing = _standing(entries(models))
    return _folder(models, standing[-1].model) if standing else default


def promote(models: Path, name: str, *, now: datetime, force: bool = False) -> Entry:
    """Make the model `name` the current one, and write that down.

    :param name: A folder inside `models`, or the path of another one.
    :raises ModelError: It cannot be loaded, or its comparison with the model before said no and
        `force` is not given.
    """
    folder = models / name if (models / name).is_dir() else Path(name)
    fingerprint = store.load(folder).fingerprint  # reads and checks every file
    refused = _refusal(folder)
    if refused and not force:
        raise ModelError(
            f"{folder} was compared with the model before and refused: {refused} "
            "Add --force to promote it all the same."
        )
    with _locked(models):
        return _append(models, Entry(_utc(now), "promote", _name(models, folder), fingerprint))


def rollback(models: Path, *, now: datetime, default: Path) -> Entry:
    """Make the model that was current before the last promotion current again.

    :raises ModelError: Nothing was promoted, or that model is gone or was changed since.
    """
    with _locked(models):
        standing = _standing(entries(models))
        if not standing:
            raise ModelError(f"{models / LOG}: no model was promoted, so there is no way back.")
        before = standing[-2] if len(standing) > 1 else None
        folder = _folder(models, before.model) if before else default
        fingerprint = store.load(folder).fingerprint
        if before and fingerprint != before.fingerprint:
            raise ModelError(
                f"{folder} is not the model it was when it was promoted ({before.at}): its "
                f"fingerprint was {before.fingerprint[:12]} and is {fingerprint[:12]}. Promote "
                "another one: python -m pipeline model promote NAME"
            )
        entry = Entry(_utc(now), "rollback", _name(models, folder), fingerprint)
        return _append(models, entry)


def _standing(log: list[Entry]) -> list[Entry]:
    """Return the promotions that no rollback took back."""
    standing: list[Entry] = []
    for one in log:
        if one.action == "rollback":
            del standing[-1:]
        else:
            standing.append(one)
    return standing


def _append(models: Path, entry: Entry) -> Entry:
    path = models / LOG
    line = json.dumps(entry._asdict(), ensure_ascii=False).encode() + b"\n"
    with path.open("ab") as file:
        file.truncate(len(_complete(path.read_bytes())))
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    return entry


def _complete(data: bytes) -> bytes:
    """Return the lines that were written to their end."""
    return data[: data.rfind(b"\n") + 1]


@contextmanager
def _locked(models: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    models.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(models / f".{LOG}.lock", timeout=30):
            yield
    except Timeout as error:
        raise ModelError(
            f"{models / LOG} is being written by another program. Try again when it is done."
        ) from error


def _refusal(folder: Path) -> str:
    """Return why the comparison with an earlier model said no; "" when it did not."""
    try:
        metrics: Any = json.loads((folder / "metrics.json").read_bytes())
        gate = metrics["baseline"]["gate"]
        return "" if gate["passed"] else " ".join(map(str, gate["reasons"]))
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _name(models: Path, folder: Path) -> str:
    here, there = models.resolve(), folder.resolve()
    return there.name if there.parent == here else there.as_posix()


def _folder(models: Path, name: str) -> Path:
    return Path(name) if Path(name).is_absolute() else models / name


def _utc(now: datetime) -> str:
    return now.isoformat(timespec="seconds").replace("+00:00", "Z")
