"""The receipt of a deadline, from the results of a run."""

import json

import pytest

from pipeline.rules.tables import SHIPPED

NOW = "2026-11-21T12:00:00Z"
TICKETS = [
    {
        "id": "H1",
        "created_at": "2026-11-20T07:30:00Z",
        "text": "The kettle never arrived",
        "status": "open",
        "history": [
            {"at": "2026-11-20T08:00:00Z", "event": "reply", "to": "agent"},
            {"at": "2026-11-20T08:00:00Z", "event": "status", "to": "pending"},
            {"at": "2026-11-20T18:00:00Z", "event": "reply", "to": "customer"},
        ],
    },
    {"id": "=H2", "created_at": "2026-11-20T07:30:00Z", "text": "坏了", "status": "solved"},
]


@pytest.fixture
def out(run_cli, tiny_model, tmp_path):
    export = tmp_path / "export.jsonl"
    export.write_text("\n".join(map(json.dumps, TICKETS)), encoding="utf-8")
    folder = tmp_path / "out"
    model = ("--model", tiny_model, "--encoder", "off", "--now", NOW)
    assert run_cli("classify", export, "--out", folder, *model)[0] == 0
    return folder


def test_the_receipt_of_a_ticket(run_cli, out):
    code, printed, _ = run_cli("deadline", "H1", out)
    assert code == 0
    assert "2026-11-20 18:00:00 UTC  reply customer" in printed
    assert "10 h not counted" in printed
    assert "waiting for the customer" in printed
    assert "differs" not in printed
    assert "another first_response_due_at" not in printed


def test_a_closed_ticket_without_times_is_not_called_met(run_cli, out):
    assert "nobody knows when" in run_cli("deadline", "=H2", out)[1]


def test_other_rules_are_told(run_cli, out, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    text = (SHIPPED / "sla.toml").read_text(encoding="utf-8")
    slow = text.replace('low = "24 h"', 'low = "25 h"').replace(
        'normal = "24 h"', 'normal = "25 h"'
    )
    (own / "sla.toml").write_text(
        slow.replace('high = "4 h"', 'high = "5 h"').replace(
            'critical = "1 h"', 'critical = "2 h"'
        ),
        encoding="utf-8",
    )
    _, printed, _ = run_cli("deadline", "H1", out, "--rules", own)
    assert "The run wrote another first_response_due_at" in printed
    assert "The rules are not those of the run" in printed


def test_an_unknown_ticket_is_named_with_the_nearest(run_cli, out):
    code, _, error = run_cli("deadline", "H12", out)
    assert code == 1
    assert "has no ticket 'H12'" in error
    assert "Did you mean" in error


def test_tickets_with_one_id_are_told_apart_by_their_words(run_cli, tiny_model, tmp_path):
    for name, text in (("a", "The kettle never arrived"), ("b", "坏了" * 40)):
        line = json.dumps({**TICKETS[0], "text": text})
        (tmp_path / f"{name}.jsonl").write_text(line, encoding="utf-8")
    model = ("--model", tiny_model, "--encoder", "off", "--now", NOW)
    exports = (tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    assert run_cli("classify", *exports, "--out", tmp_path / "out", *model)[0] == 0
    code, printed, _ = run_cli("deadline", "H1", tmp_path / "out")
    assert code == 0
    assert "2 tickets have the id H1." in printed
    assert "1. “The kettle never arrived”\nticket H1" in printed
    assert f"2. “{'坏了' * 30} …”\nticket H1" in printed
