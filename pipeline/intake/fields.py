"""Columns of cells become columns of tickets: the right type, empty where unreadable."""

from datetime import timedelta
from typing import Final

import numpy as np
import pandas as pd

from pipeline import ticket
from pipeline.intake import values
from pipeline.intake.history import histories
from pipeline.intake.plan import Plan
from pipeline.intake.times import times

#: No shop's export goes back further; 1900 and 1970 are what broken clocks and zeros give.
EARLIEST: Final = pd.Timestamp("2000-01-01", tz="UTC")

#: Zones and clocks that differ explain two days in the future, not more.
AHEAD: Final = timedelta(days=2)


def read_field(frame: pd.DataFrame, name: str, plan: Plan) -> pd.Series:
    """One column of tickets out of the cells of the same name."""
    dtype = ticket.BY_NAME[name].dtype
    if name == "status":
        return _read_status(frame, plan)
    if name not in frame:
        empty = blank(len(frame)) if dtype == "str" else pd.Series(np.nan, frame.index)
        return empty.astype(dtype)  # type: ignore[call-overload]
    if name == "history" and (frame[name] != "").any():
        read, left_out = histories(frame[name], plan.rules)
        plan.counts["events"] += int(left_out.sum())
        return read
    if dtype == "str":
        return frame[name]
    if dtype == ticket.TIME:
        day_first = plan.habits.day_first[name]
        read = times(frame[name], day_first=day_first, rules=plan.rules)
        if name == "created_at":
            return read
        read = read.where(read.between(EARLIEST, latest(plan)))
    else:
        read = values.numbers(frame[name], comma=plan.habits.comma[name])
    plan.counts[name] += int((read.isna() & (frame[name] != "")).sum())
    return read


def _read_status(frame: pd.DataFrame, plan: Plan) -> pd.Series:
    """Where no status is given a ticket is solved when a time of resolution is, else open."""
    resolved = frame["resolved_at"] != "" if "resolved_at" in frame else False
    default = pd.Series(np.where(resolved, "solved", "open"), frame.index, dtype="str")
    if "status" not in frame:
        return default
    read = values.states(frame["status"], plan.rules)
    given = frame["status"] != ""
    unknown = frame["status"][given & (read == "")]
    plan.unknown_states.update(unknown.tolist())
    return read.where(read != "", default.where(~given, "open"))


def blank(length: int) -> pd.Series:
    """Empty cells of dtype ``str``."""
    return pd.Series([""] * length, dtype="str")


def latest(plan: Plan) -> pd.Timestamp:
    """The last moment a ticket of this run can have come from."""
    return pd.Timestamp(plan.now) + AHEAD
