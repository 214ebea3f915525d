"""Deadline and queue bugs of open helpdesks, by the number of the public issue: none is ours.

Those of the clock and the first response are in test_dispatch_deadline.py; these need the history
of a ticket. `test_every_known_bug_has_a_test` holds the list.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline import dispatch
from pipeline.dispatch.account import account
from pipeline.dispatch.timeline import Known
from pipeline.history import parse
from pipeline.rules import sla
from pipeline.rules.tables import Table
from tests.dispatch.helpers import NOW, SHIPPED, scored

HERE = Path(__file__).parent

#: Public issue: the name of its test begins with this, after ``test_``.
KNOWN = (
    *("glpi_15605", "glpi_6902", "glpi_23359", "glpi_15429", "glpi_22678", "glpi_687"),
    *("frappe_1554", "frappe_2449", "erpnext_38745", "osticket_3034", "osticket_6524"),
    *("zammad_3180", "zammad_390", "zammad_4432", "zammad_5177", "zammad_2579"),
    *("chatwoot_14009", "chatwoot_10178", "chatwoot_13515", "chatwoot_13516"),
    *("chatwoot_14508", "chatwoot_6889", "freeitsm_compute_on_read", "amazon"),
)

HOURS = {"critical": "1 h", "high": "4 h", "normal": "8 h", "low": "24 h"}
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-17:00")
OFFICE = {"office": {"timezone": "UTC", "hours": WEEK}}

#: Monday, 10:00 UTC.
START = datetime(2026, 11, 16, 10, tzinfo=UTC)


def rules_with(calendars=None, owners=None, **policies):
    """Policies "p" and the named ones: every step in 1, 4, 8, 24 h; they pause while pending."""
    pauses = {step: ["pending"] for step in ("first_response", "resolution")}
    usual = {"first_response": HOURS, "resolution": HOURS, "paused_while": pauses}
    named = {"p": {}} | policies
    content = {
        "default": "p",
        "owners": owners or {},
        "policy": {name: usual | policy for name, policy in named.items()},
        "calendar": calendars or {},
    }
    return replace(SHIPPED, sla=sla.parse(Table(Path("sla.toml"), content)))


def at(hours):
    return (START + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def happened(*events):
    """A history: (hours after START, event) each."""
    return "; ".join(f"{at(hours)} {event}" for hours, event in events)


def assign(rules, *events, now=None, **ticket):
    given = {"created_at": START.isoformat(), "history": happened(*events), **ticket}
    moment = NOW if now is None else START + timedelta(hours=now)
    row = dispatch.assign(scored(given), rules, now=moment).iloc[0]
    return row.map(lambda cell: None if cell is None or cell != cell else cell)


def account_of(rules, *events):
    known = Known(int(START.timestamp()), "open", "normal", "p")
    return account(known, parse(happened(*events)), rules.sla, now=int(NOW.timestamp()))


def hours_until(due):
    return (due - START) / timedelta(hours=1)


def test_every_known_bug_has_a_test():
    text = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    assert [bug for bug in KNOWN if f"def test_{bug}_" not in text] == []


# --- pauses, and changes in the middle ----------------------------------------------------------

PAUSE = [(1, "status pending"), (3, "status open")]


def test_glpi_15605_a_pause_survives_a_new_priority():
    """2 h pause; then normal (8 h) becomes high (4 h): due 4 + 2 h after the start."""
    row = assign(rules_with(), *PAUSE, (4, "level high"))
    assert hours_until(row["first_response_due_at"]) == 6


def test_glpi_6902_a_priority_changed_during_a_pause_keeps_it():
    row = assign(rules_with(), (1, "status pending"), (2, "level high"), (3, "status open"))
    assert hours_until(row["first_response_due_at"]) == 6


def test_glpi_6902_a_priority_changed_and_changed_back_leaves_no_trace():
    plain = assign(rules_with(), *PAUSE)
    back = assign(rules_with(), *PAUSE, (4, "level critical"), (5, "level normal"))
    assert plain["first_response_due_at"] == back["first_response_due_at"]
    assert hours_until(plain["first_response_due_at"]) == 10


def test_glpi_23359_solved_time_does_not_count_and_is_not_called_pending():
    """Solved for 3 h in the middle: the resolution is due 8 + 3 h after the start."""
    events = [(2, "reply agent"), (2, "status solved"), (5, "status open")]
    assert hours_until(assign(rules_with(), *events)["resolution_due_at"]) == 11
    pauses = account_of(rules_with(), *events).last("resolution").pauses
    assert [(stay.state, stay.end - stay.start) for stay in pauses] == [("solved", 3 * 3600)]


def test_frappe_1554_a_pause_survives_a_new_policy():
    """The new policy allows 2 h for everything, and the pause of 2 h still counts: 4 h."""
    short = {"first_response": dict.fromkeys(HOURS, "2 h")}
    row = assign(rules_with(short=short), *PAUSE, (4, "policy short"))
    assert hours_until(row["first_response_due_at"]) == 4
    assert row["sla_policy"] == "short"


def test_frappe_2449_a_pause_adds_open_hours_only():
    """Friday 16:00, 8 h; pending from 16:30 over the weekend to Monday 10:00.

    Half an hour counted on Friday; of the pause, 30 min on Friday and 1 h on Monday are open
    hours, the weekend is none. The 7 h 30 min left run from Monday 10:00 to 17:00 (7 h) and
    end on Tuesday at 09:30.
    """
    rules = rules_with(OFFICE, p={"clock": "office"})
    history = "2026-11-20T16:30:00Z status pending; 2026-11-23T10:00:00Z status open"
    row = assign(rules, created_at="2026-11-20T16:00:00Z", history=history)
    due = row["first_response_due_at"]
    assert due == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def test_osticket_3034_the_clock_stands_still_while_waiting_for_the_customer():
    row = assign(rules_with(), (2, "reply agent"), (2, "status pending"), now=100)
    assert row["next_step"] == "customer_reply"
    assert row["next_step_owner"] == "customer"
    assert row["next_step_due_at"] is None
    # If the customer answered at this moment, 6 of the 8 hours would be left.
    assert hours_until(row["resolution_due_at"]) == 106


def test_osticket_6524_the_clock_goes_on_when_the_customer_answers():
    """Whatever the status says: the customer wrote, so nobody waits for them any more."""
    events = [(2, "reply agent"), (2, "status pending"), (5, "reply customer")]
    row = assign(rules_with(), *events, now=6)
    assert hours_until(row["resolution_due_at"]) == 11
    assert row["next_step"] == "next_response"


def test_a_pause_that_begins_after_the_deadline_moves_nothing():
    row = assign(rules_with(), (9, "status pending"), now=100)
    assert hours_until(row["first_response_due_at"]) == 8
    assert row["sla_state"] == "breached"


# --- whose turn it is --------------------------------------------------------------------------

NEXT = {"next_response": dict.fromkeys(HOURS, "2 h")}


def test_zammad_5177_a_shorter_update_target_does_not_override_the_first_response():
    """Nobody has answered: two messages of the customer change nothing about the 8 hours."""
    row = assign(rules_with(p=NEXT), (1, "reply customer"), now=5)
    assert row["next_step"] == "first_response"
    assert hours_until(row["next_step_due_at"]) == 8
    assert row["sla_state"] == "running"
    counted = account_of(rules_with(p=NEXT), (1, "reply customer")).counted
    assert [one.step.name for one in counted] == ["first_response", "resolution"]


def test_zammad_5177_the_update_target_counts_from_the_oldest_unanswered_message():
    events = [(1, "reply agent"), (3, "reply customer"), (4, "reply customer")]
    row = assign(rules_with(p=NEXT), *events, now=4)
    assert row["next_step"] == "next_response"
    assert hours_until(row["next_step_due_at"]) == 5


def test_zammad_2579_every_step_that_is_promised_has_a_deadline():
    row = assign(rules_with(p=NEXT), (1, "reply agent"), (3, "reply customer"))
    due = [row[f"{name}_due_at"] for name in ("first_response", "next_step", "resolution")]
    assert [hours_until(one) for one in due] == [8, 5, 8]


def test_chatwoot_10178_thanks_after_the_solution_starts_no_clock():
    events = [(1, "reply agent"), (2, "status solved"), (3, "reply customer")]
    row = assign(rules_with(p=NEXT), *events, status="solved")
    assert row["sla_state"] == "met"
    assert row["next_step"] == ""
    assert row["next_step_due_at"] is None


def test_chatwoot_10178_a_message_left_open_at_the_solution_is_done_with():
    events = [(1, "reply agent"), (2, "reply customer"), (3, "status solved")]
    assert assign(rules_with(p=NEXT), *events, status="solved")["next_step"] == ""


def test_chatwoot_10178_a_ticket_opened_again_waits_for_an_answer_from_then_on():
    events = [(1, "reply agent"), (2, "status solved"), (9, "reply customer"), (10, "status open")]
    row = assign(rules_with(p=NEXT), *events, now=11)
    assert row["next_step"] == "next_response"
    assert hours_until(row["next_step_due_at"]) == 12


OWNERS = {"next_response": ["agent", "team", "escalation_desk"]}
SILENT = [(1, "reply agent"), (2, "reply customer")]  # the answer is due at 4 h


@pytest.mark.parametrize(
    ("now", "owner"), [(3, "Kim"), (4, "Kim"), (4.01, "logistics_desk"), (6.1, "escalation_desk")]
)
def test_chatwoot_13515_a_ticket_goes_back_when_its_agent_is_silent(now, owner):
    row = assign(rules_with(owners=OWNERS, p=NEXT), *SILENT, now=now, agent="Kim")
    assert row["next_step_owner"] == owner


def test_chatwoot_13516_a_reply_in_time_keeps_the_ticket():
    row = assign(rules_with(owners=OWNERS, p=NEXT), *SILENT, (3, "reply agent"), now=3.5)
    assert (row["next_step"], row["next_step_owner"]) == ("resolution", "logistics_desk")


def test_chatwoot_14508_without_an_agent_the_team_owns_it_from_the_start():
    row = assign(rules_with(owners=OWNERS, p=NEXT), *SILENT, now=3)
    assert row["next_step_owner"] == "logistics_desk"


def test_chatwoot_6889_a_forgotten_ticket_is_escalated_and_stays_so():
    row = assign(rules_with(owners=OWNERS, p=NEXT), *SILENT, now=1000, agent="Kim")
    assert row["next_step_owner"] == "escalation_desk"


# --- what counts as an answer -------------------------------------------------------------------


def test_amazon_an_automatic_reply_is_no_first_response():
    row = assign(rules_with(), (0, "reply automatic"), now=9)
    assert row["sla_state"] == "breached"
    assert row["next_step"] == "first_response"


def test_amazon_a_first_response_after_seconds_is_an_automatic_one():
    quick = {"created_at": "2026-11-21T06:00:00Z", "first_response_at": "2026-11-21T06:00:09Z"}
    slow = {**quick, "first_response_at": "2026-11-21T06:00:10Z"}
    found = dispatch.assign(scored(quick, slow), SHIPPED, now=NOW)
    assert found["next_step"].tolist() == ["first_response", "resolution"]


def test_amazon_no_response_needed_is_left_out():
    row = assign(rules_with(), (1, "no_response_needed"), now=100)
    assert row["sla_state"] == "not_needed"


def test_amazon_a_message_that_needs_no_response_starts_no_clock():
    events = [(1, "reply agent"), (2, "reply customer"), (2, "no_response_needed")]
    assert assign(rules_with(p=NEXT), *events, now=50)["next_step"] == "resolution"


# --- compute on read ------------------------------------------------------------------------


def test_freeitsm_compute_on_read_a_changed_calendar_counts_everything_again():
    """The same events under other hours: nothing that was stored is in the way."""
    longer = {"office": {"timezone": "UTC", "hours": dict.fromkeys(WEEK, "08:00-20:00")}}
    events = [(1, "status pending"), (2, "status open")]
    first = assign(rules_with(OFFICE, p={"clock": "office"}), *events)["first_response_due_at"]
    second = assign(rules_with(longer, p={"clock": "office"}), *events)["first_response_due_at"]
    # Monday 10:00: 7 open hours less 1 of pause, 2 h on Tuesday; or 9 h of 10 on Monday.
    assert first == datetime(2026, 11, 17, 11, tzinfo=UTC)
    assert second == datetime(2026, 11, 16, 19, tzinfo=UTC)
