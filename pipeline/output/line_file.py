"""A text file written as whole columns of lines."""

from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_END = pa.scalar("\n", pa.large_string())
_NOTHING = pa.scalar("", pa.large_string())


class LineFile:
    """Appends lines to an open file; the header comes at once, for an empty file has it too."""

    def __init__(self, file: IO[bytes], header: str | None = None) -> None:
        self._file = file
        if header is not None:
            self._file.write(f"{header}\n".encode())

    def write(self, lines: pa.Array) -> None:
        """Append `lines` (text without line ends)."""
        ended = pc.binary_join_element_wise(lines, _END, _NOTHING)
        # The values of a text array lie end to end in one buffer, which is the file's content.
        _, offsets, values = ended.buffers()
        edges = np.frombuffer(offsets, np.int64)[ended.offset :]
        first, last = int(edges[0]), int(edges[len(ended)])
        if last > first:
            self._file.write(values.slice(first, last - first))

    def close(self) -> None:
        """Flush and close."""
        self._file.close()
