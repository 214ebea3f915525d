"""Made-up histories: counts that can be checked by hand, or drawn from a seed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.insights.history import COLUMNS
from pipeline.ticket import BY_NAME

LAST = pd.Timestamp("2026-11-20T12:00Z")


def frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Tickets as `history.read` returns them; what a row does not say is empty."""
    cells = {}
    for name in COLUMNS:
        dtype = BY_NAME[name].dtype
        values = [row.get(name, "" if dtype == "str" else None) for row in rows]
        if dtype.startswith("datetime"):
            values = [pd.Timestamp(one) if one is not None else pd.NaT for one in values]
        cells[name] = pd.Series(pd.array(values, dtype=dtype))
    return pd.DataFrame(cells)


@pytest.fixture(scope="session")
def tickets_from():
    return frame


def draw(seed: int, *, a_day: int = 60, days: int = 70, skus: int = 30) -> pd.DataFrame:
    """A history in which nothing rises: few products and reasons get most complaints.

    Twice as many on Mondays, and slowly more each week, as shops have it.
    """
    rng = np.random.default_rng(seed)
    start = LAST.normalize() - pd.Timedelta(days=days - 1)
    weekday = (start.weekday() + np.arange(days)) % 7
    mean = a_day * np.where(weekday == 0, 2.0, 1.0) * 1.05 ** (np.arange(days) / 7)
    day = np.repeat(np.arange(days), rng.poisson(mean))
    n = len(day)
    popular = 1 / np.arange(2, skus + 2)
    reasons = np.array(["defective", "poor_quality", "delayed", "lost", "refund_delay", "rude"])
    category = np.array(["quality", "quality", "logistics", "logistics", "policy", "service"])
    reason = rng.choice(6, n, p=[0.3, 0.3, 0.2, 0.1, 0.05, 0.05])
    chosen = {
        "ticket_id": np.char.add("T", np.arange(n).astype(str)),
        "created_at": start + pd.to_timedelta(day * 86_400 + rng.integers(0, 86_400, n), unit="s"),
        "sku": np.char.add("SKU-", rng.choice(skus, n, p=popular / popular.sum()).astype(str)),
        "seller_id": np.char.add("S", rng.integers(0, 10, n).astype(str)),
        "carrier": rng.choice(["DHL", "SF", "GLS"], n),
        "country": rng.choice(["CN", "DE", "MX"], n),
        "customer_id": np.char.add("C", rng.integers(0, 5000, n).astype(str)),
        "language": rng.choice(["zh-Hans", "de", "es"], n),
        "category": category[reason],
        "reason": reasons[reason],
    }
    return frame([{}] * n).assign(
        **{name: pd.array(values, dtype=BY_NAME[name].dtype) for name, values in chosen.items()}
    )


@pytest.fixture(scope="session")
def drawn():
    return draw


@pytest.fixture(scope="session")
def out(tmp_path_factory, tiny_model):
    """The results of the sample, with the tiny model."""
    from pipeline import engine

    folder = tmp_path_factory.mktemp("insights") / "out"
    run = engine.Run(
        exports=[Path(__file__).parents[2] / "data" / "sample"],
        out=folder,
        now=LAST.to_pydatetime(),
        model=tiny_model,
        encoder="off",
    )
    engine.classify(run)
    return folder
