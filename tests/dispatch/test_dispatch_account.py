"""Deadlines one by one: they agree with those counted together, and receipts add up.

Every law is tried on 200 examples, and on 10,000 in `make test-slow`.
"""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import history
from pipeline.dispatch import account as one_by_one
from pipeline.dispatch import deadline
from pipeline.dispatch.matching import Facts
from pipeline.dispatch.receipt import pieces, receipt
from pipeline.dispatch.timeline import Known
from pipeline.history import Event
from pipeline.rules import sla
from pipeline.rules.tables import Table, read_table
from pipeline.ticket import EVENTS, LEVELS, OPEN_STATES, STEPS
from tests.dispatch.helpers import SHIPPED, scored

pytestmark = pytest.mark.filterwarnings("ignore:calendar .* make-up")

#: The policies that ship, each also on the clock of a market, pausing in every step.
_SHIPPED = read_table("sla").content
_PAUSED = {step: ["pending"] for step in STEPS}
_MARKETS = {
    f"{name}_{market}": policy | {"clock": market, "paused_while": _PAUSED}
    for name, policy in _SHIPPED["policy"].items()
    for market in _SHIPPED["calendar"]
}
SLA = sla.parse(Table(Path("sla.toml"), _SHIPPED | {"policy": _SHIPPED["policy"] | _MARKETS}))
#: The start of the year, and seconds until the end of September.
START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
SECONDS = st.integers(0, 270 * 86_400)
NOW = START + 300 * 86_400

POLICIES = st.sampled_from(sorted(SLA.policies))
STATES = st.sampled_from(EVENTS["status"])


@st.composite
def events(draw):
    """Up to eight events, some at the same moment, in any order."""
    kinds = st.sampled_from(("reply", "status", "level", "no_response_needed", "policy"))
    found = []
    for _ in range(draw(st.integers(0, 8))):
        kind = draw(kinds)
        what = draw(POLICIES) if kind == "policy" else ""
        what = draw(st.sampled_from(EVENTS[kind])) if EVENTS[kind] else what
        found.append(Event(START + draw(st.integers(0, 40)) * 21_600, kind, what))
    return found


@st.composite
def tickets(draw):
    created = START + draw(st.integers(0, 20 * 86_400))
    optional = st.none() | st.integers(created, created + 30 * 86_400)
    return Known(
        created,
        draw(STATES),
        draw(st.sampled_from(LEVELS)),
        draw(POLICIES),
        draw(optional),
        draw(optional),
    )


EXAMPLES = pytest.mark.parametrize("examples", [200, pytest.param(10_000, marks=pytest.mark.slow)])


def prove(examples, law, *strategies):
    """Look for an example that breaks `law`, the same ones in every run."""
    rules = settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    rules(given(*strategies)(law))()


def count(known, happened=(), now=NOW):
    return one_by_one.account(known, sorted(happened, key=lambda e: e.at), SLA, now=now)


def _time(moment):
    return None if moment is None else pd.Timestamp(moment, unit="s", tz="UTC")


@EXAMPLES
def test_together_and_one_by_one_agree_where_there_is_no_history(examples):
    def law(known, days):
        now = datetime.fromtimestamp(known.created + days * 86_400, UTC)
        row = {
            "created_at": _time(known.created),
            "status": known.status,
            "urgency_level": known.level,
            "first_response_at": _time(known.first_response),
            "resolved_at": _time(known.resolved),
        }
        frame = scored(row)
        rule = SHIPPED.routing.rules[-1]._replace(sla=known.policy)
        routing = SHIPPED.routing._replace(rules=(rule,))
        rules = (routing, SLA)
        facts = Facts(frame, routing.currencies)
        together = deadline.deadline_columns(frame, facts, np.array([0]), rules, now=now)
        alone = count(known, now=int(now.timestamp()))
        first, resolution = alone.last("first_response"), alone.last("resolution")
        assert together["sla_state"][0] == first.state
        assert together["first_response_due_at"].iloc[0] == _time(first.due)
        assert together["resolution_due_at"].iloc[0] == _time(resolution.due)
        assert together["next_step"][0] == alone.next_step

    prove(examples, law, tickets(), st.integers(0, 40))


@EXAMPLES
def test_a_receipt_adds_up_to_the_deadline(examples):
    def law(known, happened):
        found = count(known, happened)
        for one in found.counted:
            way = list(pieces(one))
            assert sum(p.end - p.start for p in way if p.counts) == one.allowed
            assert way[-1].end == one.due
            assert way[0].start == one.step.start
            assert all(a.end == b.start for a, b in pairwise(way))
        assert not any("differs" in line for line in receipt(found, ticket="T", now=NOW))

    prove(examples, law, tickets(), events())


@EXAMPLES
def test_a_level_changed_and_changed_back_at_once_leaves_no_trace(examples):
    def law(known, happened, level, when):
        moment = START + when * 21_600
        before = [e for e in happened if e.at <= moment]
        after = [e for e in happened if e.at > moment]
        levels = [e.what for e in sorted(before, key=lambda e: e.at) if e.kind == "level"]
        back = [
            Event(moment, "level", level),
            Event(moment, "level", (levels or [known.level])[-1]),
        ]
        assert count(known, [*before, *back, *after]).counted == count(known, happened).counted

    prove(examples, law, tickets(), events(), st.sampled_from(LEVELS), st.integers(0, 40))


@EXAMPLES
def test_a_pause_never_makes_a_deadline_earlier_and_never_counts_twice(examples):
    def law(known, begin, length):
        known = known._replace(status="open", first_response=None, resolved=None)
        start = known.created + begin * 3_600
        pause = [
            Event(start, "status", "pending"),
            Event(start + length * 3_600, "status", "open"),
        ]
        plain, paused = count(known), count(known, pause)
        twice = count(known, [*pause, *pause])
        for name in ("first_response", "resolution"):
            late = paused.last(name).due - plain.last(name).due
            assert late >= 0
            calendar_clock = SLA.policies[known.policy].calendar is None
            assert not calendar_clock or late in (0, length * 3_600)
            assert twice.last(name).due == paused.last(name).due

    prove(examples, law, tickets(), st.integers(0, 80), st.integers(1, 80))


@EXAMPLES
def test_a_higher_level_is_never_due_later(examples):
    def law(known, happened):
        calm = [e for e in happened if e.kind != "level"]
        dues = [
            [(one.step[:2], one.due) for one in count(known._replace(level=level), calm).counted]
            for level in LEVELS
        ]
        for low, high in pairwise(dues):
            assert [step for step, _ in low] == [step for step, _ in high]
            assert all(h <= lo for (_, h), (_, lo) in zip(high, low, strict=True))

    prove(examples, law, tickets(), events())


@EXAMPLES
def test_exactly_one_thing_is_owed_unless_the_ticket_is_closed(examples):
    def law(known, happened):
        found = count(known, happened)
        assert (found.next_step == "") == (known.status not in OPEN_STATES)

    prove(examples, law, tickets(), events())


@EXAMPLES
def test_a_history_is_read_as_it_was_written(examples):
    def law(happened):
        ordered = tuple(sorted(happened, key=lambda e: e.at))
        assert history.parse(history.render(happened)) == ordered

    prove(examples, law, events())


def test_a_history_with_an_unknown_policy_is_counted_without_it():
    known = Known(START, "open", "normal", "standard")
    found = count(known, [Event(START + 60, "policy", "gold")])
    assert [event.what for event in found.ignored] == ["gold"]
    assert found.last("first_response").policy.id == "standard"
    assert "gold is not in sla.toml" in "\n".join(receipt(found, ticket="T", now=NOW))


def test_the_receipt_of_golden_week_can_be_checked_by_hand():
    """30 Sep 17:00 in Shanghai, 4 h: 1 h that day, 1-7 Oct off, 3 h on the 8th until 12:00."""
    created = int(datetime.fromisoformat("2026-09-30T17:00:00+08:00").timestamp())
    found = count(Known(created, "open", "high", "standard_china"))
    lines = receipt(found, ticket="T1", now=created)
    text = "\n".join(lines)
    assert "Wed 2026-09-30 18:00:00 +0800  - 1 h                   3 h left" in text
    assert "Thu 2026-10-08 12:00:00 +0800  - 3 h                   0 s left" in text
    assert "Thu 01 Oct: " in text
    assert "due 2026-10-08 04:00:00 UTC" in text


def test_the_receipt_warns_where_the_calendar_ends():
    created = int(datetime(2029, 3, 1, tzinfo=UTC).timestamp())
    found = count(Known(created, "open", "high", "standard_china"), now=created)
    assert any("make-up working days of 2029" in line for line in receipt(found, ticket="T", now=0))


def test_two_receipts_name_the_same_calendar_only_if_it_is_the_same():
    from pipeline.dispatch.clock import calendar_version

    china, germany = SLA.calendars["china"], SLA.calendars["germany"]
    assert calendar_version(china) == calendar_version(replace(china, id="cn"))
    assert calendar_version(china) != calendar_version(germany)
