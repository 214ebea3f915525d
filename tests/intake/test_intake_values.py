import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.intake.times import times
from pipeline.intake.values import decimal_mark, numbers, states
from pipeline.rules import columns
from pipeline.ticket import OPEN_STATES, TIME
from tests.intake.intake_cases import cases

RULES = columns.load()


def cells(*values):
    return pd.Series(list(values), dtype="str")


@pytest.mark.parametrize("case", cases("times"))
def test_time(case):
    read = times(cells(case["cell"], ""), day_first=case.get("day_first", True), rules=RULES)
    assert read.dtype == TIME
    assert pd.isna(read[1])
    if case["expected"] is None:
        assert pd.isna(read[0])
    else:
        assert read[0] == pd.Timestamp(case["expected"], tz="UTC")


def test_times_do_not_depend_on_their_neighbours():
    given_cells = [case.values[0]["cell"] for case in cases("times")]
    together = times(cells(*given_cells), day_first=True, rules=RULES)
    apart = [times(cells(cell), day_first=True, rules=RULES)[0] for cell in given_cells]
    pd.testing.assert_series_equal(together, pd.Series(apart, dtype=TIME))


def test_naive_times_are_in_the_zone_of_the_rules(tmp_path):
    (tmp_path / "columns.toml").write_text('[reading]\ntimezone = "Asia/Tokyo"\n')
    tokyo = columns.load(tmp_path)  # nine hours ahead of UTC, no summer time
    read = times(
        cells("2026-11-04T09:00", "2026-11-04T09:00Z", "04/11/2026 9:00", "46330.375"),
        day_first=True,
        rules=tokyo,
    )
    assert read.dt.hour.tolist() == [0, 9, 0, 0]


@given(st.datetimes(min_value=pd.Timestamp("2000-01-01"), max_value=pd.Timestamp("2100-01-01")))
def test_every_written_form_reads_back(moment):
    moment = moment.replace(microsecond=0)
    forms = [
        "%Y-%m-%dT%H:%M:%S",
        "%d.%m.%Y %H:%M:%S",
        "%Y年%m月%d日 %H:%M:%S",
        "%m/%d/%Y %I:%M:%S %p",
    ]
    written = cells(*(moment.strftime(form) for form in forms))
    read = times(written, day_first=False, rules=RULES)
    assert (read == pd.Timestamp(moment, tz="UTC")).all()


@pytest.mark.parametrize("case", cases("numbers"))
def test_number(case):
    read = numbers(cells(case["cell"], ""), comma=case.get("comma", False))
    assert read.dtype == "float64"
    assert pd.isna(read[1])
    assert pd.isna(read[0]) if case["expected"] is None else read[0] == case["expected"]


@given(st.integers(0, 10**9))
def test_decimal_comma_and_point_read_alike(cents):
    english = f"{cents / 100:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert numbers(cells(german), comma=True)[0] == pytest.approx(cents / 100)
    assert numbers(cells(english), comma=False)[0] == pytest.approx(cents / 100)
    assert decimal_mark(cells(german)).first
    assert decimal_mark(cells(english)).second


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Open", "open"),
        ("On-hold", "hold"),
        ("已解决", "solved"),
        ("處理中", "open"),
        ("対応済み", "solved"),
        ("처리완료", "solved"),
        ("Cerrado", "closed"),
        ("Pendente", "pending"),
        ("résolu", "solved"),
        ("In Bearbeitung", "open"),
        ("Новая", "new"),
        ("who knows", ""),
        ("", ""),
    ],
)
def test_state(word, state):
    assert states(cells(word), RULES)[0] == state
    assert state == "" or state in (*OPEN_STATES, "solved", "closed")
