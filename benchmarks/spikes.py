"""Are planted spikes found, and is what is reported true? ``python benchmarks/spikes.py EXPORT``.

The export is classified once. Each trial then picks, by its seed, one SKU, one reason and two
days in which at least ``--least`` such complaints came in, writes each of them four times, and
asks for rising issues. Found: an issue of that SKU and reason whose window meets those days.
False: every other issue that is reported, whatever it is about.

In the second round nothing is planted and the reasons are dealt anew among the tickets of each
day, so that whatever is reported is false.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline import engine  # noqa: E402
from pipeline.insights import history  # noqa: E402
from pipeline.insights.rising import rising  # noqa: E402

#: As many tickets, for as many days.
TIMES, DAYS = 4, 2
#: Planted at random in this many days before the last, as many as `rising` looks at.
LOOK_BACK = 28
#: Days before a spike to compare with.
HISTORY = 14
#: Borders of the sizes that the result is split by.
SIZES = (1, 5, 7, 10, 15, 25, 50, 10_000)


class Spike(NamedTuple):
    """A SKU and a reason that come in several times as often from `first` on."""

    sku: str
    reason: str
    first: pd.Timestamp
    tickets: int


class Trial(NamedTuple):
    """What was planted, whether it was found, and how many other issues were reported."""

    spike: Spike
    found: bool
    false: int


def candidates(tickets: pd.DataFrame, least: int) -> pd.DataFrame:
    """Every SKU, reason and first day with at least `least` complaints in `DAYS` days."""
    complaints = tickets[history.is_complaint(tickets) & (tickets["sku"] != "")]
    day = complaints["created_at"].dt.floor("D")
    last = day.max()
    counts = complaints.groupby(["sku", "reason", day]).size()
    wide = counts.unstack(fill_value=0)
    wide = wide.reindex(columns=pd.date_range(wide.columns.min(), last), fill_value=0)
    sums = wide.T.rolling(DAYS).sum().T.shift(1 - DAYS, axis=1)
    first = max(sums.columns[0] + pd.Timedelta(days=HISTORY), last - pd.Timedelta(days=LOOK_BACK))
    sums = sums.loc[:, (sums.columns >= first)]
    long = sums.stack().rename("tickets").reset_index()
    return long[long["tickets"] >= least].set_axis(["sku", "reason", "first", "tickets"], axis=1)


def plant(tickets: pd.DataFrame, spike: Spike) -> pd.DataFrame:
    """`tickets` with those of the spike written `TIMES` times."""
    until = spike.first + pd.Timedelta(days=DAYS)
    inside = (
        (tickets["sku"] == spike.sku)
        & (tickets["reason"] == spike.reason)
        & tickets["created_at"].between(spike.first, until, inclusive="left")
    )
    copies = [
        tickets[inside].assign(ticket_id=lambda rows, n=n: rows["ticket_id"] + f"-copy{n}")
        for n in range(1, TIMES)
    ]
    return pd.concat([tickets, *copies], ignore_index=True)


def trials(tickets: pd.DataFrame, seeds: int, least: int) -> Iterator[Trial]:
    """Plant one spike for each seed and look for it."""
    possible = candidates(tickets, least)
    for seed in range(seeds):
        row = possible.iloc[np.random.default_rng(seed).integers(len(possible))]
        spike = Spike(row["sku"], row["reason"], row["first"], int(row["tickets"]))
        issues = rising(plant(tickets, spike))
        until = spike.first + pd.Timedelta(days=DAYS - 1)
        hit = (
            (issues["value"] == spike.sku)
            & (issues["reason"] == spike.reason)
            & (issues["first_day"] <= until)
            & (issues["last_day"] >= spike.first)
        )
        yield Trial(spike, bool(hit.any()), int((~hit).sum()))


def shuffled(tickets: pd.DataFrame, seed: int) -> pd.DataFrame:
    """`tickets` with reason, category and text dealt anew within each day and language."""
    rng = np.random.default_rng(seed)
    order = tickets.assign(day=tickets["created_at"].dt.floor("D"), draw=rng.random(len(tickets)))
    place = order.sort_values(["day", "language"], kind="stable").index
    deal = order.sort_values(["day", "language", "draw"], kind="stable").index
    dealt = tickets.copy()
    for column in {"category", "reason", "text"} & set(tickets):
        dealt.loc[place, column] = tickets.loc[deal, column].to_numpy()
    return dealt


def read(export: Path) -> pd.DataFrame:
    """Classify an export (n-grams only) and return its tickets."""
    with tempfile.TemporaryDirectory() as folder:
        run = engine.Run(
            exports=[export],
            out=Path(folder) / "out",
            now=pd.Timestamp.now("UTC").floor("s").to_pydatetime(),
            model=ROOT / "models" / "default",
            encoder="off",
        )
        engine.classify(run)
        return history.read([run.out]).tickets


def main() -> None:
    """Run the trials and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=Path)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument(
        "--least", type=int, default=10, help="fewest complaints in two days that are multiplied"
    )
    parser.add_argument("--no-phrases", action="store_true", help="leave out phrases (faster)")
    given = parser.parse_args()
    tickets = read(given.export)
    if given.no_phrases:
        tickets = tickets.drop(columns="text")
    done = list(trials(tickets, given.trials, given.least))
    found, false = sum(one.found for one in done), sum(one.false for one in done)
    print(f"{len(tickets):,} tickets; {len(done)} spikes planted, {found} found")
    print(f"{found + false} issues reported, {false} false ({false / max(found + false, 1):.1%})")
    sizes = pd.cut([one.spike.tickets for one in done], SIZES, right=False)
    table = (
        pd.Series([one.found for one in done]).groupby(sizes, observed=True).agg(["sum", "size"])
    )
    for size, (hits, planted) in zip(table.index, table.to_numpy().tolist(), strict=True):
        print(f"  {size.left:.0f} to {size.right - 1:.0f} complaints: {hits} of {planted} found")
    for one in done:
        if not one.found or one.false:
            print(f"  {'found' if one.found else 'MISSED'}, {one.false} false: {one.spike}")
    reported = [len(rising(shuffled(tickets, seed))) for seed in range(given.trials)]
    print(
        f"{len(reported)} times reasons dealt anew, nothing planted: {sum(reported)} issues, in "
        f"{sum(n > 0 for n in reported)} of the trials"
    )


if __name__ == "__main__":
    main()
