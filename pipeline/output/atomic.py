"""Files that appear whole or not at all, and the folder they appear in."""

import contextlib
import shutil
from pathlib import Path
from types import TracebackType
from typing import IO, Final

from pipeline.errors import OutputError
from pipeline.output.layout import FORMATS

#: Its presence says that a run is complete, so it goes first and comes last.
SUMMARY: Final = "summary.json"
#: The folder inside DIR where batches wait.
WORK: Final = ".work"
QUEUES: Final = "queues"

_TABLES: Final = ("triaged", "queue", "review", "followup", "rejected")
_DRAFT: Final = ".part"


def prepare_out(out: Path, *, force: bool = False) -> Path:
    """Make the output folder ready and return it; an earlier run stays until a new one is done.

    :raises OutputError: The folder holds a run and `force` is not given, or cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / f".probe{_DRAFT}").touch()
        # The probe, and what a killed run left.
        for left in [*out.glob(f".*{_DRAFT}"), *(out / QUEUES).glob(f".*{_DRAFT}")]:
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputError(f"{out} is not a folder. Give --out a folder.") from error
    except OSError as error:
        raise cannot_write(out, error) from error
    earlier = own_files(out)
    if earlier and not force:
        raise OutputError(
            f"{out} already holds a run ({earlier[0].name}). "
            "Add --force to replace it, or give another --out."
        )
    return out


def own_files(out: Path) -> list[Path]:
    """The files in `out` that a run of this program leaves there, and no others."""
    names = [SUMMARY, "report.html", *(f"{t}.{f}" for t in _TABLES for f in FORMATS)]
    tops = [out / name for name in names if (out / name).is_file()]
    return tops + sorted(p for f in ("csv", "xlsx") for p in (out / QUEUES).glob(f"*.{f}"))


class Drafts:
    """Files written beside their place under a hidden name, then shown all together.

    Used in a ``with`` block: leaving it without `publish` removes every draft and leaves the
    folder as it was.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._names: list[str] = []
        self._open: list[IO[bytes]] = []

    def path(self, name: str) -> Path:
        """Where to write the file that will be called `name` (``queues/x.csv``)."""
        final = self._out / name
        final.parent.mkdir(parents=True, exist_ok=True)
        self._names.append(name)
        return _draft(final)

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
        """Replace the files of an earlier run by these; summary.json last."""
        for file in self._open:
            file.close()
        finals = [self._out / name for name in self.names]
        # The summary never stands beside half a run: the old one goes first, the new comes last.
        (self._out / SUMMARY).unlink(missing_ok=True)
        for stale in set(own_files(self._out)) - set(finals):
            stale.unlink()
        for final in sorted(finals, key=lambda path: path.name == SUMMARY):
            _draft(final).replace(final)
        self._names.clear()

    def __enter__(self) -> "Drafts":
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
        for name in self._names:
            _draft(self._out / name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise cannot_write(self._out, error) from error


def _draft(final: Path) -> Path:
    return final.with_name(f".{final.name}{_DRAFT}")


def cannot_write(folder: Path, error: OSError) -> OutputError:
    """The error for a disk that is full or a folder that is closed to us."""
    return OutputError(
        f"Cannot write to {folder}: {error.strerror or error}. "
        "Free space or mend the permissions, or give another --out."
    )
