"""KPIs of tickets whose numbers can be counted on the fingers."""

import pandas as pd
import pytest

from pipeline.insights.kpi import GROUPINGS, KPIS, is_satisfied, kpis

NOW = pd.Timestamp("2026-11-20T00:00Z")


def ticket(created, *, first=None, solved=None, **more):
    """A complaint that came in on a day of November, answered and solved after so many hours."""
    came = pd.Timestamp(f"2026-11-{created:02}T00:00Z")
    hours = {"first_response_at": first, "resolved_at": solved}
    times = {name: came + pd.Timedelta(hours=n) for name, n in hours.items() if n is not None}
    row = {"created_at": came, "category": "quality", "status": "open", "team": "a"}
    return row | times | more


@pytest.fixture
def number(tickets_from):
    def of(rows, kpi, by="all", group=""):
        table = kpis(tickets_from(rows), NOW).set_index(["by", "group", "kpi"])
        return table.loc[(by, group, kpi)]

    return of


def test_open_tickets_change_the_median(number):
    answered = [ticket(1, first=n) for n in (1, 2, 3)]
    waiting = [ticket(10), ticket(11)]
    assert number(answered, "first_response_median")["value"] == 2
    # Five tickets, three answered: the third answer is the median now.
    assert number(answered + waiting, "first_response_median")["value"] == 3
    assert number(answered + waiting, "first_response_median")["n"] == 5


def test_a_ticket_younger_than_a_day_is_not_late_yet(number):
    # Three in time; the fourth came at noon yesterday and may still be: 24 h are not over.
    young = {"created_at": NOW - pd.Timedelta(hours=12), "category": "quality", "status": "new"}
    rows = [ticket(1, first=5), ticket(1, first=20), ticket(2, first=23), young]
    assert number(rows, "answered_within_24h")["value"] == 1
    rows[-1] = ticket(2, first=30)
    assert number(rows, "answered_within_24h")["value"] == 0.75
    assert not number(rows, "answered_within_24h")["met"]


def test_reopened_is_open_again_or_the_order_complains_again(number):
    rows = [
        ticket(1, solved=5, status="solved", order_id="A"),
        ticket(1, solved=5, status="open", order_id="B"),  # open again
        ticket(1, solved=5, status="solved", order_id="C"),
        ticket(3, order_id="C"),  # comes back about C
        ticket(1, solved=5, status="closed"),  # no order: nothing can come back
        ticket(3),
    ]
    reopened = number(rows, "reopen_rate")
    assert (reopened["n"], reopened["value"]) == (4, 0.5)
    # A reopened ticket is not resolved: 2 of 3 orders' first tickets and the closed one.
    assert number(rows, "resolution_rate")["value"] == 0.5


def test_satisfaction_and_who_answered_the_question(number):
    rows = [ticket(1, solved=9, status="solved", csat=n) for n in (5, 4, 3, None, None)]
    satisfied, answered = number(rows, "satisfaction"), number(rows, "satisfaction_answered")
    assert (satisfied["n"], satisfied["value"], satisfied["met"]) == (
        3,
        pytest.approx(2 / 3),
        False,
    )
    assert (answered["n"], answered["value"], answered["target"]) == (5, 0.6, 0.8)


@pytest.mark.parametrize(
    ("given", "satisfied"),
    [
        ([0, 1], [False, True]),
        ([1, 3, 4, 5], [False, False, True, True]),
        ([0, 7, 8, 10], [False, False, True, True]),
        ([40, 75, 100], [False, True, True]),
    ],
)
def test_scale_of_satisfaction_is_found(given, satisfied):
    assert is_satisfied(pd.Series(given, dtype=float)).tolist() == satisfied


def test_what_the_export_does_not_say_is_left_out(tickets_from):
    found = kpis(tickets_from([ticket(1), ticket(2)]), NOW)
    assert set(found["kpi"]) == set()
    answered = kpis(tickets_from([ticket(1, first=2), ticket(2, team="")]), NOW)
    assert {"first_response_median", "answered_within_24h"} <= set(answered["kpi"])
    assert "satisfaction" not in set(answered["kpi"])
    assert "agent" not in set(answered["by"])
    assert set(answered[answered["by"] == "team"]["group"]) == {"a"}


def test_praise_is_no_complaint_and_answers_before_the_question_do_not_count(tickets_from, number):
    rows = [ticket(1, first=2), ticket(1, first=90, category="other"), ticket(5, first=-4)]
    assert number(rows, "first_response_p90")["n"] == 1


def test_groups_are_months_quarters_and_whatever_is_named(tickets_from):
    rows = [
        ticket(1, first=1, agent="李雷", language="zh-Hans"),
        ticket(2, first=2, agent="Олег", language="ru"),
    ]
    found = kpis(tickets_from(rows), NOW)
    assert set(found["by"]) == set(GROUPINGS)
    named = found.groupby("by")["group"].unique().map(sorted).to_dict()
    assert named["month"] == ["2026-11"]
    assert named["quarter"] == ["2026Q4"]
    assert named["agent"] == ["Олег", "李雷"]
    assert set(found["kpi"]) <= set(KPIS)


def test_no_tickets_no_numbers(tickets_from):
    assert kpis(tickets_from([]), NOW).empty
