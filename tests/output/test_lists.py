"""Who is called back and why; each incident once."""

import pandas as pd
import pytest

from pipeline.output.batches import to_batch
from pipeline.output.incident_list import COLUMNS, Incidents
from pipeline.output.write import follow_up_reasons

AGAIN = (
    "2026-11-01T10:00:00Z status solved; 2026-11-02T10:00:00Z status open; "
    "2026-11-03T10:00:00Z status solved"
)


def batch(*rows):
    usual = {"urgency_level": "normal", "csat": None, "status": "solved", "history": ""}
    frame = pd.DataFrame([{**usual, **row} for row in rows])
    return to_batch(frame.astype({"csat": "float64"}))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, ""),
        ({"urgency_level": "critical"}, "critical"),
        ({"urgency_level": "high", "csat": 1}, "high; low satisfaction"),
        ({"csat": 2}, "low satisfaction"),
        ({"csat": 3}, ""),
        ({"history": AGAIN}, "reopened"),
        ({"history": AGAIN, "urgency_level": "high"}, "high; reopened"),
        ({"history": "2026-11-01T10:00:00Z status solved"}, ""),
        ({"history": AGAIN, "status": "open"}, ""),
        ({"urgency_level": "critical", "csat": 1, "status": "pending"}, ""),
        ({"urgency_level": "high", "status": "closed"}, "high"),
    ],
)
def test_why_a_customer_is_called_back(row, reason):
    assert follow_up_reasons(batch({}, row, {})).to_pylist() == ["", reason, ""]


def member(name, **more):
    usual = {
        "incident_id": name,
        "ticket_id": "T1",
        "created_at": pd.Timestamp("2026-11-20T10:00Z"),
        "customer_id": "A",
        "order_id": "1",
        "order_value": 100.0,
        "currency": "USD",
        "urgency_level": "normal",
        "next_step_due_at": pd.Timestamp("2026-11-21T10:00Z"),
        "rank": 1,
        "text": "充电器着火了",
        "reason": "unsafe",
        "sku": "SKU-1",
        "seller_id": "S1",
        "carrier": "",
        "warehouse": "",
    }
    return {**usual, **more}


def listed(*rows):
    found = Incidents({"USD": 1.0, "JPY": 0.01})
    frame = pd.DataFrame(list(rows)).astype({"rank": "Int64"})
    for half in (frame.iloc[: len(frame) // 2], frame.iloc[len(frame) // 2 :]):
        found.add(to_batch(half))
    return found.table().to_pylist()


def test_an_incident_is_listed_once_with_what_is_at_stake():
    """Order 1 counts once: 100 + 5,000 yen at 0.01."""
    early = pd.Timestamp("2026-11-19T10:00Z")
    (one,) = listed(
        member("i1"),
        member("i1", ticket_id="T2", seller_id="S2", urgency_level="critical", rank=None),
        member("i1", ticket_id="T3", customer_id="B", order_id="2", order_value=5000.0,
               currency="JPY", created_at=early, text="冒烟"),
        member("", ticket_id="T4"),
    )  # fmt: skip
    assert list(one) == list(COLUMNS)
    assert (one["size"], one["open"], one["customers"]) == (3, 2, 2)
    assert one["value_at_risk_usd"] == 150.0
    assert one["highest_level"] == "critical"
    assert one["shared"] == "reason unsafe; sku SKU-1"
    assert (one["first_at"], one["first_ticket"], one["example"]) == (early, "T3", "冒烟")


def test_the_largest_comes_first():
    rows = [member("b"), member("a"), member("c"), member("c", ticket_id="T2")]
    assert [one["incident_id"] for one in listed(*rows)] == ["c", "a", "b"]


def test_no_incidents_are_an_empty_table():
    assert listed(member("")) == []
