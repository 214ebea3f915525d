"""Open an export as a stream of bytes or of lines, plain or gzip."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pipeline.errors import InputError
from pipeline.intake.rows import Row

#: Every gzip file begins with these bytes (RFC 1952), whatever its name ends in.
GZIP_MAGIC: Final = b"\x1f\x8b"

#: Name of the error handler that turns each unreadable byte b into U+DC00 + b.
ESCAPE: Final = "triage-escape"

_ESCAPED: Final = re.compile("[\ud800-\udfff]")


class ByteStream(io.RawIOBase):
    """Bytes of a file; a damaged gzip file ends where the damage begins, and `damage` says why."""

    def __init__(self, path: Path) -> None:
        self.damage = ""
        try:
            handle = path.open("rb")
            zipped = handle.read(2) == GZIP_MAGIC
            handle.seek(0)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}.") from error
        self._file = gzip.GzipFile(fileobj=handle) if zipped else handle
        self._handle = handle

    def explain(self) -> str:
        """Why the file ends early, or nothing."""
        return self.damage

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._file.read1(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self.damage = str(error).rstrip(".")
            return 0
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
            self._handle.close()
        super().close()


def read_all(path: Path) -> bytes:
    """Return the whole content, unzipped: for formats that cannot be streamed.

    :raises InputError: The file cannot be opened, or its gzip wrapping is damaged.
    """
    with ByteStream(path) as stream:
        content = stream.read()
        if stream.damage:
            raise InputError(f"{path} is a damaged gzip file: {stream.damage}. Export it again.")
    return content or b""


def text_lines(stream: ByteStream, encoding: str) -> io.TextIOWrapper:
    """Lines that end with a line feed, or in old Macintosh files with a carriage return.

    Python's universal newlines would also cut at a lone carriage return inside a cell.
    """
    buffered = io.BufferedReader(stream, 1 << 16)
    wide = encoding.startswith(("utf-16", "utf_16", "utf-32", "utf_32"))
    old = not wide and b"\n" not in (head := buffered.peek(1 << 16)) and b"\r" in head
    return io.TextIOWrapper(buffered, encoding, errors=ESCAPE, newline="\r" if old else "\n")


def lines_of(path: Path, encoding: str) -> Iterator[str]:
    with ByteStream(path) as stream:
        yield from text_lines(stream, encoding)


def until_damage(rows: Iterator[Row], stream: ByteStream) -> Iterator[Row]:
    """The rows; where a damaged gzip file breaks off, one row that says so."""
    last: Row | None = None
    for row in rows:
        if last is not None:
            yield last
        last = row
    if stream.damage:
        problem = f"truncated file: {stream.damage}"
        if last is not None and not last.raw.endswith(("\n", "\r")):
            last = last._replace(problem=problem)
        else:
            if last is not None:
                yield last
            after = last.line + last.raw.count("\n") if last is not None else 1
            last = Row(after, (), "", problem)
    if last is not None:
        yield last


def readable(text: str) -> str:
    r"""Return `text` with each unreadable byte spelled out, so that it can be written.

    >>> print(readable("caf\udce9"))
    caf\xe9
    """
    return _ESCAPED.sub(_spell, text)


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    broken = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in broken), error.end


def _spell(match: re.Match[str]) -> str:
    return f"\\x{ord(match[0]) & 0xFF:02x}"


codecs.register_error(ESCAPE, _escape)
