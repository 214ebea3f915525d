"""Deadlines of tickets, and one test for each deadline bug known from other helpdesks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from pipeline import dispatch
from pipeline.rules import calendars, sla
from pipeline.rules.tables import Table
from tests.dispatch.helpers import NOW, SHIPPED, cases, scored


def rules_with(policy, calendars):
    times = {"critical": "1 h", "high": "4 h", "normal": "8 h", "low": "24 h"}
    content = {
        "default": "p",
        "policy": {"p": {"first_response": times, **policy}},
        "calendar": calendars,
    }
    return replace(SHIPPED, sla=sla.parse(Table(Path("sla.toml"), content)))


def office(zone="Europe/Berlin", **hours):
    week = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-17:00")
    return {"office": {"timezone": zone, "hours": hours or week}}


def first(now=NOW, rules=SHIPPED, **ticket):
    row = dispatch.assign(scored(ticket), rules, now=now).iloc[0]
    return row["first_response_due_at"].to_pydatetime(), row["sla_state"]


@pytest.mark.parametrize(("given", "expected"), cases("deadline_calendar_clock"))
def test_a_deadline_of_the_shipped_policies(given, expected):
    row = dispatch.assign(scored(given), SHIPPED, now=NOW).iloc[0]
    assert row["first_response_due_at"].isoformat().replace("+00:00", "Z") == expected[0]
    assert [row["sla_policy"], row["sla_state"]] == expected[1:]


def test_a_rule_that_names_a_policy_beats_the_apply_lines():
    live = SHIPPED.routing.rules[-1]._replace(sla="live")
    rules = replace(SHIPPED, routing=SHIPPED.routing._replace(rules=(live,)))
    row = dispatch.assign(scored({"customer_tier": "vip"}), rules, now=NOW).iloc[0]
    assert row["sla_policy"] == "live"


def test_a_naive_now_is_refused():
    with pytest.raises(ValueError, match="must have a time zone"):
        first(now=datetime(2026, 11, 21, 12))


def test_a_naive_column_is_refused():
    frame = scored({})
    frame["created_at"] = frame["created_at"].dt.tz_localize(None)
    with pytest.raises(ValueError, match="'created_at' has no time zone"):
        dispatch.assign(frame, SHIPPED, now=NOW)


def test_now_in_another_zone_is_the_same_moment():
    there = NOW.astimezone(timezone(timedelta(hours=8)))
    assert first(now=there) == first()


# --- Bugs of open helpdesks, by the number of the public issue ------------------------------


def test_zammad_3180_round_the_clock_loses_no_minute_at_midnight():
    """24/7 written as 00:00-24:00: 24 h later is the same time of day."""
    days = dict.fromkeys(calendars.WEEKDAYS, "00:00-24:00")
    rules = rules_with({"clock": "office"}, office("UTC", **days))
    due, _ = first(rules=rules, created_at="2026-11-01T10:00:00Z", urgency_level="low")
    assert due == datetime(2026, 11, 2, 10, tzinfo=UTC)


def test_zammad_390_holidays_are_those_that_the_table_names():
    """A calendar without a country has no holidays: nothing comes in by surprise."""
    rules = rules_with({"clock": "office"}, office())
    due, _ = first(rules=rules, created_at="2026-12-25T09:00:00Z", urgency_level="critical")
    assert due == datetime(2026, 12, 25, 10, tzinfo=UTC)


def test_zammad_4432_nothing_is_due_at_night_or_on_a_weekend():
    rules = rules_with({"clock": "office"}, office())
    start = pd.Timestamp("2026-11-16T00:00:00Z")
    rows = [{"created_at": (start + pd.Timedelta(hours=h)).isoformat()} for h in range(168)]
    found = dispatch.assign(scored(*rows), rules, now=NOW)["first_response_due_at"]
    local = found.dt.tz_convert("Europe/Berlin")
    seconds = (local - local.dt.normalize()).dt.total_seconds()
    assert (local.dt.day_of_week < 5).all()
    assert seconds.between(9 * 3600, 17 * 3600).all()


def test_zammad_2579_no_ticket_is_without_deadline_and_state():
    rows = [
        {"created_at": None},
        {"urgency_level": ""},
        {"status": "closed", "created_at": None},
        {"category": "billing", "reason": "invoice"},
    ]
    found = dispatch.assign(scored(*rows), SHIPPED, now=NOW)
    assert found["first_response_due_at"].notna().all()
    assert found["resolution_due_at"].notna().all()
    # The closed one has no time of an answer: empty says that nobody knows.
    assert found["sla_state"].tolist() == ["running", "running", "", "running"]
    assert found["next_step"].tolist() == ["first_response", "first_response", "", "first_response"]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles", "Pacific/Auckland"])
def test_glpi_15429_a_calendar_in_another_zone_escalates_nothing_at_creation(zone):
    rules = rules_with({"clock": "office"}, office(zone))
    due, state = first(rules=rules, created_at=NOW.isoformat(), urgency_level="critical")
    assert due > NOW
    assert state == "running"
    # A Saturday, or in Auckland a Sunday: one hour from Monday 09:00 of that place.
    assert due.astimezone(ZoneInfo(zone)).isoformat()[:16] == "2026-11-23T10:00"


def test_erpnext_38745_a_ticket_just_created_is_not_late():
    """12:00 local time in UTC+8 is 04:00 UTC; taken as naive it would be 8 h in the future."""
    now = datetime(2026, 11, 21, 12, tzinfo=timezone(timedelta(hours=8)))
    due, state = first(now=now, created_at="2026-11-21T12:00:00+08:00", urgency_level="critical")
    assert due == datetime(2026, 11, 21, 5, tzinfo=UTC)
    assert state == "running"


def test_glpi_22678_at_risk_begins_within_open_hours_across_segments():
    """4 h from Friday 15:00 end on Monday 11:00; the last quarter begins on Monday 10:00."""
    rules = rules_with({"clock": "office"}, office("UTC"))
    ticket = {"created_at": "2026-11-20T15:00:00Z", "urgency_level": "high"}
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    states = [
        first(now=monday + timedelta(minutes=m), rules=rules, **ticket)[1]
        for m in (0, 599, 600, 660, 661)
    ]
    assert states == ["running", "running", "at_risk", "at_risk", "breached"]


def test_chatwoot_14009_a_lunch_break_does_not_count():
    hours = {"mon": ["09:00-12:00", "13:00-17:00"]}
    rules = rules_with({"clock": "office"}, office("UTC", **hours))
    due, _ = first(rules=rules, created_at="2026-11-23T11:30:00Z", urgency_level="critical")
    assert due == datetime(2026, 11, 23, 13, 30, tzinfo=UTC)


def test_chatwoot_10178_the_clock_of_an_answered_ticket_stands_still():
    """Whatever happens later, an answer in time stays met."""
    ticket = {"created_at": "2026-11-20T10:00:00Z", "first_response_at": "2026-11-20T11:00:00Z"}
    for status in ("open", "pending", "solved"):
        for days in (0, 1, 100):
            _, state = first(now=NOW + timedelta(days=days), status=status, **ticket)
            assert state == "met"


def test_glpi_687_a_ticket_from_outside_the_hours_still_gets_its_time():
    """Created on Saturday: the delay is the full hour from Monday 09:00, not nothing."""
    rules = rules_with({"clock": "office"}, office("UTC"))
    due, _ = first(rules=rules, created_at="2026-11-21T03:00:00Z", urgency_level="critical")
    assert due == datetime(2026, 11, 23, 10, tzinfo=UTC)


def test_frappe_2449_a_deadline_over_days_off_counts_open_hours_only():
    """8 h from Friday 15:00 in hours 9-17: 2 h on Friday, 6 h on Monday."""
    rules = rules_with({"clock": "office"}, office("UTC"))
    due, _ = first(rules=rules, created_at="2026-11-20T15:00:00Z")
    assert due == datetime(2026, 11, 23, 15, tzinfo=UTC)


def test_amazons_day_and_night_clock_counts_weekends_and_holidays():
    due, _ = first(created_at="2026-12-24T18:00:00Z")
    assert due == datetime(2026, 12, 25, 18, tzinfo=UTC)
