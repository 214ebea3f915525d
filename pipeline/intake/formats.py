"""Open an export of any known format as headers and raw rows, plain or gzip."""

from pathlib import Path
from typing import Final

from pipeline.intake.columnar import open_parquet, open_xlsx
from pipeline.intake.delimited import open_delimited
from pipeline.intake.encoding import detect
from pipeline.intake.jsonl import open_jsonl
from pipeline.intake.rows import IsHeader, Table

#: Format for each file name suffix; ``.gz`` may follow any of them.
SUFFIXES: Final = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
}


def suffix_of(path: Path) -> str:
    """Return the suffix that tells the format, without ``.gz``.

    >>> suffix_of(Path("a.CSV.gz"))
    '.csv'
    """
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def open_table(path: Path, *, is_header: IsHeader, encoding: str | None = None) -> Table:
    """Open the export at `path`.

    :param is_header: Tells the row of headers from title rows above it.
    :param encoding: The user's word on text formats.
    :raises InputError: The file cannot be read at all.
    """
    kind = SUFFIXES[suffix_of(path)]
    if kind in ("csv", "tsv"):
        return open_delimited(path, kind, is_header, detect(path, given=encoding))
    if kind == "jsonl":
        return open_jsonl(path, detect(path, given=encoding))
    return open_xlsx(path, is_header) if kind == "xlsx" else open_parquet(path)
