"""Scored tickets made up for these tests: several scripts, hostile cells, every kind of gap."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import ticket
from pipeline.output import RunInfo, Spool

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

TEXTS = (
    "Mein Paket ist seit drei Wochen verschwunden, niemand antwortet.",
    '收到的杯子碎了，客服说"等一等"，我要退款！',
    '=HYPERLINK("http://example.org","refund")',
    "届いた商品の色が違います。\n返品したいです。",
    "<script>alert('x')</script> broken zipper",
    "배송이 너무 늦어요 😡",
    "＝1+1 全角也不行",
    "لم يصل الطلب بعد",
    "-5 stars, \ttab, back\\slash and 'quote'",
    "สินค้าไม่ตรงปก",
    "",
    "Посылка пришла повреждённой",
)
LANGUAGES = ("de", "zh-Hans", "en", "ja", "en", "ko", "zh-Hans", "ar", "en", "th", "und", "ru")
TEAMS = ("logistics desk", "returns and exchanges centre", "物流组", "../escape")
REVIEWS = ("", "too_short", "", "words_unknown; suspicious")


def _tickets(rows: int, seed: int = 0) -> pd.DataFrame:
    """Scored tickets: every column of the contract but those of the queue, and a private one."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({column.name: _column(column, rows, rng) for column in ticket.COLUMNS})
    frame = frame.drop(columns=[c.name for c in ticket.COLUMNS if c.room == "queue"])
    frame["ticket_id"] = pd.array([f"T{n:07d}" for n in range(rows)], dtype="str")
    frame["needs_review"] = frame["review_reason"] != ""
    return frame.assign(_text_key=np.arange(rows, dtype=np.uint64))


def _column(column: ticket.Column, rows: int, rng: np.random.Generator) -> object:
    if column.dtype == "str":
        values = _WORDS.get(column.name, ("a", "", "b"))
        return pd.array([values[n % len(values)] for n in range(rows)], dtype="str")
    if column.dtype == ticket.TIME:
        seconds = rng.integers(0, 10**6, rows)
        times = pd.Timestamp("2026-11-01T00:00:00Z") + pd.to_timedelta(seconds, unit="s")
        return times.as_unit("us").where(rng.random(rows) < 0.9)
    if column.dtype == "bool":
        return rng.random(rows) < 0.2
    if column.dtype == "Int64":
        return pd.array(rng.integers(0, 5, rows), dtype="Int64")
    if column.name == "csat":
        return np.where(rng.random(rows) < 0.5, np.nan, rng.integers(1, 6, rows).astype(float))
    top = 100.0 if column.name in ("urgency", "order_value") else 1.0
    return rng.random(rows) * top


_WORDS = {
    "text": TEXTS,
    "explanation": tuple(f"Because of: {text}" for text in TEXTS),
    "language": LANGUAGES,
    "team": TEAMS,
    "review_reason": REVIEWS,
    "category": ticket.CATEGORIES,
    "urgency_level": ticket.LEVELS,
    "emotion": ticket.EMOTIONS,
    "status": (*ticket.OPEN_STATES, *ticket.CLOSED_STATES, "open"),
    "sla_state": ticket.SLA_STATES,
    "country": ("DE", "CN", "US", "", "JP"),
}


def _arranged(frame: pd.DataFrame, seed: int = 1) -> pd.DataFrame:
    """The queue columns of `frame`, open tickets ranked in some order."""
    rng = np.random.default_rng(seed)
    is_open = frame["status"].isin(ticket.OPEN_STATES).to_numpy()
    rank = np.zeros(len(frame), dtype=np.int64)
    rank[is_open] = rng.permutation(int(is_open.sum())) + 1
    ids = np.where(np.arange(len(frame)) % 9 == 0, "incident-1", "")
    return pd.DataFrame(
        {
            "incident_id": pd.array(ids, dtype="str"),
            "incident_size": pd.array(np.where(ids == "", 1, (ids != "").sum()), dtype="Int64"),
            "repeat_contacts": pd.array(rng.integers(0, 3, len(frame)), dtype="Int64"),
            "suspicion": pd.array([""] * len(frame), dtype="str"),
            "priority": np.where(is_open, 100 - 100 * rank / (len(frame) + 1), np.nan),
            "priority_parts": pd.array(np.where(is_open, "waiting 1.0", ""), dtype="str"),
            "rank": pd.array(np.where(is_open, rank, None), dtype="Int64"),
        }
    )


def _rejected(rows: int) -> pd.DataFrame:
    """Rows that intake set aside."""
    return pd.DataFrame(
        {
            "file": pd.array(["導出.csv"] * rows, dtype="str"),
            "line": np.arange(2, rows + 2),
            "reason": pd.array([f"created_at is no date: {n}" for n in range(rows)], dtype="str"),
            "raw": pd.array(['@cmd,"x"'] * rows, dtype="str"),
        }
    )


@pytest.fixture(scope="session")
def tickets() -> Callable[..., pd.DataFrame]:
    return _tickets


@pytest.fixture(scope="session")
def arranged() -> Callable[..., pd.DataFrame]:
    return _arranged


@pytest.fixture(scope="session")
def rejected() -> Callable[..., pd.DataFrame]:
    return _rejected


@pytest.fixture
def info() -> RunInfo:
    return RunInfo(
        now=NOW,
        sources=[{"file": "a.csv", "encoding": "gb18030", "mapping": {"投诉内容": "text"}}],
        model={"name": "default", "fingerprint": "abc"},
        timings={"read": 1.23456},
    )


@pytest.fixture
def spooled(tmp_path: Path) -> Callable[..., Spool]:
    """Makes a spool of `frame`, cut into batches of `size` rows."""

    def make(frame: pd.DataFrame, size: int = 7, rejects: int = 3, name: str = "s") -> Spool:
        spool = Spool.create(tmp_path / name / ".work")
        cuts = range(0, max(len(frame), 1), size)
        for number, start in enumerate(cuts, start=1):
            part = frame.iloc[start : start + size].reset_index(drop=True)
            spool.write(number, part, _rejected(rejects) if number == 1 else None)
        return spool

    return make
