"""What people decided stays decided, and all that follows from it follows."""

import pandas as pd
import pytest

from pipeline import dispatch
from pipeline.dispatch.by_hand import COLUMNS, none, relabel
from tests.dispatch.helpers import NOW, SHIPPED, scored


def corrections(**rows):
    """Corrections by ticket_id."""
    empty = dict.fromkeys(COLUMNS, "")
    lines = [{**empty, "ticket_id": name, **fields} for name, fields in rows.items()]
    return pd.DataFrame(lines, columns=list(COLUMNS)).astype("str")


def decide(*rows, **by_hand):
    found = corrections(**by_hand)
    tickets = relabel(scored(*rows), found)
    return dispatch.assign(tickets, SHIPPED, now=NOW, corrections=found)


def test_without_corrections_nothing_changes():
    frame = scored({}, {})
    assert relabel(frame, none()) is frame
    found = dispatch.assign(frame, SHIPPED, now=NOW)
    assert found["corrected"].tolist() == ["", ""]


def test_a_category_brings_its_rule_and_its_certainty():
    found = decide({}, {}, T1={"category": "policy", "reason": "warranty"})
    assert found["category"].tolist() == ["policy", "logistics"]
    assert found["reason"].tolist() == ["warranty", "delayed"]
    assert found["team"].tolist() == ["policy_desk", "logistics_desk"]
    assert found["category_confidence"].tolist() == [1.0, 0.9]
    assert found["corrected"].tolist() == ["category; reason", ""]
    assert found["explanation"][0].endswith("Set by hand: category; reason.")


def test_a_reason_of_another_category_goes_and_one_of_the_same_stays():
    found = decide({}, {}, T1={"category": "service"}, T2={"category": "logistics"})
    assert found["reason"].tolist() == ["", "delayed"]


def test_a_reason_alone_brings_its_category():
    found = decide({}, T1={"reason": "unsafe"})
    assert found[["category", "reason"]].iloc[0].tolist() == ["quality", "unsafe"]


@pytest.mark.parametrize(
    ("level", "urgency"), [("critical", 75.0), ("high", 50.0), ("normal", 40.0), ("low", 24.9)]
)
def test_a_level_moves_the_urgency_into_it_and_the_deadline_with_it(level, urgency):
    found = decide({"urgency": 40.0}, T1={"urgency": level})
    assert found["urgency_level"][0] == level
    assert found["urgency"][0] == urgency
    hours = {"critical": 1, "high": 4, "normal": 24, "low": 24}[level]
    allowed = found["first_response_due_at"][0] - found["created_at"][0]
    assert allowed == pd.Timedelta(hours=hours)


def test_a_team_beats_the_rules_and_owes_the_next_step():
    found = decide({}, {}, T2={"team": "review_desk"})
    assert found["team"].tolist() == ["logistics_desk", "review_desk"]
    assert found["routing_rule"].tolist() == ["logistics", "by hand"]
    assert found["next_step_owner"].tolist() == ["logistics_desk", "review_desk"]


def test_nobody_looks_again_at_what_a_person_decided():
    bargain = "I will delete my bad review if you pay me 50 dollars"
    rows = [{"text": bargain}, {"text": bargain}, {"_review": "too_short"}]
    found = decide(*rows, T2={"category": "other"}, T3={"team": "logistics_desk"})
    assert found["review_reason"].tolist() == ["suspicious", "", ""]
    assert found["needs_review"].tolist() == [True, False, False]
