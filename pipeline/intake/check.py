"""Accept tickets, and reject rows with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import ticket
from pipeline.intake.cells import Rejected, gather
from pipeline.intake.fields import EARLIEST, blank, latest, read_field
from pipeline.intake.plan import Plan, Seen, notes_on
from pipeline.intake.rows import Row
from pipeline.intake.source import Batch
from pipeline.intake.streams import readable

#: A larger cell is not a ticket's text but a file that went astray.
LARGEST_CELL: Final = 1_000_000  # bytes of UTF-8

#: Characters of a rejected row that are kept.
RAW_LENGTH: Final = 500

_INVISIBLE: Final = r"^[\s\x00\p{Z}\p{Cf}]*$"
_REJECTED: Final = {"file": "str", "line": "Int64", "reason": "str", "raw": "str"}


def examine(rows: Sequence[Row], plan: Plan, seen: Seen) -> Batch:
    """Return the batch that `rows` make; every row is in its tickets or in its rejected."""
    cells, sound, rejected = gather(rows, plan)
    tickets, reasons = _tickets(cells, sound, plan, seen)
    accepted = reasons == ""
    if not accepted.all():
        rejected += [(sound[i], reasons[i]) for i in np.flatnonzero(~accepted)]
        tickets = tickets[accepted].reset_index(drop=True)
    plan.counts["rows"] += len(rows)
    plan.doubts.extend(row.doubt for row in rows if row.doubt)
    source = replace(plan.source, notes=notes_on(plan))
    return Batch(tickets, _rejected_frame(rejected, plan), source)


def _tickets(
    cells: pa.Table, rows: Sequence[Row], plan: Plan, seen: Seen
) -> tuple[pd.DataFrame, np.ndarray]:
    """The frame of all `rows`, and why each is rejected ("" when it is not)."""
    reasons = np.full(len(rows), "", dtype=object)
    _reject(reasons, _largest(cells) > LARGEST_CELL, "cell too long: over 1 MB")
    _reject(reasons, pc.match_substring_regex(cells["text"], _INVISIBLE), "empty text")
    frame = cells.to_pandas()
    read = {name: read_field(frame, name, plan) for name in ticket.INPUT_COLUMNS}
    _check_created(reasons, frame, read["created_at"], plan)
    made_up = read["ticket_id"] == ""
    if made_up.any():
        name = plan.source.file
        numbers = pd.Series([f"{name}:{row.line}" for row in rows], dtype="str")
        read["ticket_id"] = read["ticket_id"].where(~made_up, numbers)
        plan.counts["made up"] += int((made_up & (reasons == "")).sum())
    _check_duplicates(reasons, read, made_up.to_numpy(), plan, seen)
    for name in plan.extra:
        read[name] = frame[name] if name in frame else blank(len(frame))
    return pd.DataFrame(read), reasons


def _largest(cells: pa.Table) -> np.ndarray:
    """Bytes of the largest cell of each row."""
    sizes = np.zeros(cells.num_rows, np.int64)
    for column in cells.columns:
        np.maximum(sizes, pc.binary_length(column).to_numpy(), out=sizes)
    return sizes


def _reject(reasons: np.ndarray, where: Any, reason: str) -> None:
    """Note `reason` for the rows `where` it holds and that have none yet."""
    reasons[np.asarray(where, bool) & (reasons == "")] = reason


def _check_created(
    reasons: np.ndarray, frame: pd.DataFrame, created: pd.Series, plan: Plan
) -> None:
    """An empty time is accepted; one that is given must be a time, and a plausible one."""
    if "created_at" not in frame:
        return
    given = frame["created_at"]
    for wrong, why in (
        (created.isna() & (given != ""), "is not a date"),
        (created < EARLIEST, "is before 2000"),
        (created > latest(plan), f"is after {plan.now:%Y-%m-%d}"),
    ):
        for i in np.flatnonzero(wrong):
            reason = f"bad created_at: {given.iloc[i][:40]!r} {why}"
            reasons[i] = reasons[i] or reason


def _check_duplicates(
    reasons: np.ndarray, read: Mapping[str, pd.Series], made_up: np.ndarray, plan: Plan, seen: Seen
) -> None:
    """Reject what came before with the same id, time and text; count ids that came before."""
    ids = _digest(read["ticket_id"])
    texts = _digest(read["text"])
    created = read["created_at"].astype("int64").to_numpy().view(np.uint64)
    # Odd multipliers (of splitmix64) mix the three digests; sums wrap around on purpose.
    whole = ids * np.uint64(0x9E3779B97F4A7C15) + texts * np.uint64(0xBF58476D1CE4E5B9)
    whole += created * np.uint64(0x94D049BB133111EB)
    candidates = np.flatnonzero((reasons == "") & ~made_up)
    for i, row, id_ in zip(
        candidates.tolist(), whole[candidates].tolist(), ids[candidates].tolist(), strict=True
    ):
        if row in seen.rows:
            reasons[i] = "duplicate row: same id, time and text as an earlier row"
            continue
        seen.rows.add(row)
        if id_ in seen.ids:
            plan.counts["reused"] += 1
        seen.ids.add(id_)


def _digest(cells: pd.Series) -> np.ndarray:
    return pd.util.hash_array(cells.to_numpy(object), categorize=False)


def _rejected_frame(rejected: Rejected, plan: Plan) -> pd.DataFrame:
    rejected = sorted(rejected, key=lambda pair: pair[0].line)
    columns = {
        "file": [plan.source.file] * len(rejected),
        "line": [row.line for row, _ in rejected],
        "reason": [readable(reason) for _, reason in rejected],
        "raw": [_raw(row) for row, _ in rejected],
    }
    return pd.DataFrame(
        {name: pd.Series(cells, dtype=_REJECTED[name]) for name, cells in columns.items()}
    )


def _raw(row: Row) -> str:
    """The beginning of the row as it stands in the file; it can be written, and holds no NUL."""
    raw = row.raw.rstrip("\r\n") or ",".join(row.cells)
    return readable(raw[:RAW_LENGTH]).replace("\x00", "\\x00")
