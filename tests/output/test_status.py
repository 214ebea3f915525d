"""Where one ticket stands."""

import csv

import pytest

from pipeline.errors import OutputError
from pipeline.output.status import status

FIELDS = {
    "ticket_id": "CT-101",
    "created_at": "2026-11-21T09:00:00Z",
    "status": "open",
    "next_step": "first_response",
    "next_step_owner": "logistics_desk",
    "next_step_due_at": "2026-11-21T13:00:00Z",
    "category": "logistics",
    "reason": "delayed",
    "csat": "",
    "repeat_contacts": "2",
    "explanation": "'=Logistics/delayed because of: 还没到",
    "text": "还没到\n红\x1b[31m色",
}


@pytest.fixture
def out(tmp_path):
    with (tmp_path / "triaged.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([FIELDS, FIELDS.values()])
    return tmp_path


def test_it_says_who_owes_what_until_when_and_why(out):
    found = dict(status("CT-101", out))
    assert found["next step"] == "first_response"
    assert found["owed by"] == "logistics_desk"
    assert found["until"] == "2026-11-21 13:00 UTC"
    assert found["decided"] == "logistics, delayed"
    assert found["why"].startswith("=Logistics")
    assert found["earlier tickets"] == "2"


def test_what_is_empty_is_left_out_and_nothing_steers_the_terminal(out):
    found = dict(status(" CT-101 ", out))
    assert "satisfaction" not in found
    assert found["the customer wrote"] == "还没到 红[31m色"


def test_a_wrong_id_names_the_nearest(out):
    with pytest.raises(OutputError, match=r"no ticket 'CT-102'\. Did you mean CT-101\?"):
        status("CT-102", out)
    with pytest.raises(OutputError, match="triaged"):
        status("CT-101", out / "gone")


def test_all_tickets_with_one_id_are_shown(out):
    rows = [{**FIELDS, "text": f"ticket {number}"} for number in range(12)]
    with (out / "triaged.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([FIELDS, *(row.values() for row in rows)])
    found = status("CT-101", out)
    assert found[0] == ("tickets", "12 have this id; their text tells them apart")
    texts = [text for heading, text in found if heading == "the customer wrote"]
    assert texts == [f"ticket {number}" for number in range(10)]
    assert found[-1] == ("not shown", "2 more")
