"""Files that appear whole or not at all, and the folder they appear in.

The folder may hold files of other people. Only what an earlier run wrote is ever removed, and
only with ``--force``; all that is unfinished waits in the hidden folder ``.work``.
"""

import contextlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Final

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from pipeline.errors import OutputError
from pipeline.output.layout import FORMATS

#: Its presence says that a run is complete, so it goes first and comes last.
SUMMARY: Final = "summary.json"
#: The folder inside DIR where batches and unfinished files wait.
WORK: Final = ".work"
#: Held by the run that is at work in the output folder.
LOCK: Final = ".lock"
QUEUES: Final = "queues"
#: How folders of unfinished files inside WORK are called; each run makes one of its own.
DRAFTS: Final = "drafts-"

_TABLES: Final = ("triaged", "queue", "review", "followup", "rejected", "corrections", "incidents")
_TOPS: Final = (SUMMARY, "report.html", *(f"{t}.{f}" for t in _TABLES for f in FORMATS))
_QUEUE_FORMATS: Final = ("csv", "xlsx")
_QUEUE_FILE: Final = re.compile(rf"{QUEUES}/[^/\\]+\.(?:{'|'.join(_QUEUE_FORMATS)})")


@contextlib.contextmanager
def alone(out: Path) -> Iterator[None]:
    """Keep other runs out of the folder while this one is at work.

    The system lets go of the lock when this process ends, however it ends, and workers do not
    inherit it. Where there are no such locks (Windows) nothing is kept out.

    :raises OutputError: Another run is writing into the folder.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        file = (out / LOCK).open("a")
    except OSError:  # `prepare_out` says why
        yield
        return
    with file:
        try:
            if fcntl is not None:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            raise OutputError(
                f"Another run is writing into {out}. Wait until it has ended, or give another "
                "--out."
            ) from None
        try:
            yield
        finally:
            (out / LOCK).unlink(missing_ok=True)


def prepare_out(out: Path, *, force: bool = False) -> Path:
    """Make the output folder ready and return it; an earlier run stays until a new one is done.

    Nothing that is in the folder is changed or removed.

    :raises OutputError: The folder holds a run and `force` is not given, a folder stands where
        a file is to be, or it cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        # A file without a name: whatever the folder holds, nothing of it is touched.
        with tempfile.TemporaryFile(dir=out):
            pass
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputError(f"{out} is not a folder. Give --out a folder.") from error
    except OSError as error:
        raise cannot_write(out, error) from error
    taken = _taken(out)
    if taken and not force:
        raise OutputError(
            f"{out} already holds a run ({taken[0].name}). "
            "Add --force to replace it, or give another --out."
        )
    _refuse_folders(taken)
    return out


def _taken(out: Path) -> list[Path]:
    """All that a run would overwrite or that looks like a run, whoever wrote it."""
    tops = [out / name for name in _TOPS if (out / name).exists()]
    return tops + sorted(p for f in _QUEUE_FORMATS for p in (out / QUEUES).glob(f"*.{f}"))


def own_files(out: Path) -> list[Path]:
    """The files in `out` that an earlier run left there, and no others.

    Those are what its summary.json lists. Without a summary the names of queues cannot be
    told from files of other people, so only the fixed names count.
    """
    names = _listed(out / SUMMARY)
    return [path for path in (out / name for name in names) if path.is_file()]


def _listed(summary: Path) -> list[str]:
    """The files that a summary lists; the fixed names when it lists none."""
    try:
        files = json.loads(summary.read_bytes())["files"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return list(_TOPS)
    if not isinstance(files, list):
        return list(_TOPS)
    # Anybody can edit a summary: a name that we would never write is not ours to delete.
    return [
        name
        for name in files
        if isinstance(name, str) and (name in _TOPS or _QUEUE_FILE.fullmatch(name))
    ]


def _refuse_folders(finals: Iterable[Path]) -> None:
    """A file cannot take the place of a folder; say so while nothing is changed yet."""
    for path in finals:
        if path.is_dir():
            raise OutputError(
                f"{path} is a folder, but a file of that name is to be written. Rename the "
                "folder or give another --out."
            )


class Drafts:
    """Files written out of sight, then shown all together.

    Used in a ``with`` block: leaving it without `publish` removes every draft and leaves the
    folder as it was. The drafts are in a folder inside ``.work``, so that those of a killed
    run go with its work folder.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._names: dict[str, None] = {}
        self._open: list[IO[bytes]] = []

    def path(self, name: str) -> Path:
        """Where to write the file that will be called `name` (``queues/x.csv``)."""
        draft = self._folder / name
        draft.parent.mkdir(parents=True, exist_ok=True)
        self._names[name] = None
        return draft

    def open(self, name: str) -> IO[bytes]:
        """The file that will be called `name`, open for writing; leaving the block closes it."""
        file = self.path(name).open("wb")
        self._open.append(file)
        return file

    @property
    def names(self) -> list[str]:
        """The files of this run so far, in alphabetical order."""
        return sorted(self._names)

    def publish(self) -> None:
        """Replace the files of an earlier run by these; summary.json last.

        :raises OutputError: A folder stands where a file is to be; nothing is changed then.
        """
        for file in self._open:
            file.close()
        finals = {name: self._out / name for name in self.names}
        _refuse_folders(finals.values())
        for folder in {final.parent for final in finals.values()}:
            folder.mkdir(parents=True, exist_ok=True)
        stale = set(own_files(self._out)) - set(finals.values())
        # The summary never stands beside half a run: the old one goes first, the new comes last.
        (self._out / SUMMARY).unlink(missing_ok=True)
        for path in stale:
            path.unlink(missing_ok=True)
        for name in sorted(finals, key=lambda name: name == SUMMARY):
            (self._folder / name).replace(finals[name])

    def __enter__(self) -> "Drafts":
        work = self._out / WORK
        self._made_work = not work.exists()
        try:
            work.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix=DRAFTS, dir=work))
        except OSError as error:
            raise cannot_write(self._out, error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._open:
            # On a full disk closing fails again, and the first error says enough.
            with contextlib.suppress(OSError):
                file.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._made_work:
            with contextlib.suppress(OSError):
                self._folder.parent.rmdir()
        if isinstance(error, OSError):
            raise cannot_write(self._out, error) from error


def cannot_write(folder: Path, error: OSError) -> OutputError:
    """The error for a disk that is full or a folder that is closed to us."""
    return OutputError(
        f"Cannot write to {folder}: {error.strerror or error}. "
        "Free space or mend the permissions, or give another --out."
    )
