"""How long do assigning and ordering take for a million tickets, and a replay for 100,000?

    python benchmarks/arrange.py [RESULTS] --rows 1000000 --replayed 100000

RESULTS is the --out folder of a run of classify.py; its tickets are repeated to the number asked
for, each with ids of its own, and come evenly over the same time. Assigning is done in batches as
classify.py does it, in one process; reading, text and model are not measured here.
"""

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import dispatch, ticket
from pipeline.dispatch import replay_command as replay
from pipeline.dispatch.by_hand import none
from pipeline.engine import BATCH_ROWS
from pipeline.output.results import read_triaged
from pipeline.rules import load

#: Agents for each thousand tickets of an export of eleven weeks: about nine in ten are busy.
AGENTS_EACH = 1.5
_IDS = ("ticket_id", "customer_id", "order_id")


def repeated(tickets: pd.DataFrame, rows: int) -> pd.DataFrame:
    """So many tickets; copies are of other customers, and minutes apart."""
    parts = []
    for number in range(-(-rows // len(tickets))):
        copy = tickets.copy()
        for name in _IDS:
            copy[name] = (copy[name] + f"-{number}").astype("str")
        copy["created_at"] += pd.Timedelta(minutes=number)
        parts.append(copy)
    return pd.concat(parts, ignore_index=True).head(rows)


def assigned(tickets: pd.DataFrame, rules: load.Rules, now: datetime) -> pd.DataFrame:
    """What classify.py keeps for the whole set, batch by batch."""
    scored = [c.name for c in ticket.COLUMNS if c.room in {"intake", "text", "model"}]
    tickets = tickets[scored].assign(
        _review="", _cue="", _clean=tickets["text"].str.slice(0, 100).str.lower()
    )
    kept = [*dict.fromkeys((*dispatch.NARROW, *replay.COLUMNS))]
    parts = []
    for start in range(0, len(tickets), BATCH_ROWS):
        batch = tickets.iloc[start : start + BATCH_ROWS]
        parts.append(dispatch.assign(batch, rules, now=now, corrections=none())[kept])
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", nargs="?", type=Path, default=Path("out"))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--replayed", type=int, default=100_000)
    options = parser.parse_args()
    rules, now = load.load(), datetime.now(UTC)
    tickets = repeated(read_triaged(options.results), options.rows)
    print(f"{len(tickets):,} tickets")
    started = time.perf_counter()
    narrow = assigned(tickets, rules, now)
    told = time.perf_counter()
    print(f"assigned in {told - started:.1f} s")
    arranged = dispatch.arrange(narrow[list(dispatch.NARROW)], rules, now=now)
    print(f"ordered in {time.perf_counter() - told:.1f} s: {arranged['rank'].count():,} open")
    some = narrow.iloc[np.linspace(0, len(narrow) - 1, options.replayed).astype(int)]
    some = some.sort_values(["created_at", "ticket_id"], kind="stable", ignore_index=True)
    agents = str(int(AGENTS_EACH * options.replayed / 1000))
    started = time.perf_counter()
    found = replay.compare(some, rules, replay.Staff([agents], ["9-18"]))
    print(f"{options.replayed:,} tickets replayed in {time.perf_counter() - started:.1f} s")
    print({name: one["late_critical_high"] for name, one in found["policies"].items()})


if __name__ == "__main__":
    main()
