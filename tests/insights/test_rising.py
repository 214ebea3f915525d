"""Rising issues: what is planted is found, and what is not is not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.insights import odds
from pipeline.insights.rising import COLUMNS, LEVEL, rising

LAST = pd.Timestamp("2026-11-20T12:00Z")


def complaint(day, **more):
    """A complaint `day` days before the last one."""
    created = LAST - pd.Timedelta(days=day)
    row = {"created_at": created, "category": "quality", "reason": "defective", "language": "de"}
    return row | {"customer_id": f"C{day}"} | more


def test_a_reason_at_one_product_rises(tickets_from):
    # Four ordinary complaints a day for eight weeks; in the last two days 8 more about one SKU.
    rows = [
        complaint(day, sku=f"SKU-{n}", reason=("defective", "delayed")[n % 2])
        for day in range(56)
        for n in range(4)
    ]
    rows += [complaint(n % 2, sku="SKU-9", reason="unsafe", ticket_id=f"N{n}") for n in range(8)]
    found = rising(tickets_from(rows))
    assert found.columns.tolist() == list(COLUMNS)
    assert len(found) == 1
    issue = found.iloc[0]
    assert (issue["value"], issue["reason"], issue["tickets"]) == ("SKU-9", "unsafe", 8)
    assert f"{issue['first_day']:%F} {issue['last_day']:%F}" == "2026-11-19 2026-11-20"
    assert issue["p_adjusted"] <= LEVEL
    assert issue["still_rising"]
    # Half a ticket in 54 days of 4, times 8 others in the window: 0.5 * 8 / 216.
    assert issue["expected"] == pytest.approx(0.5 * 8 / 216)


def test_when_everything_doubles_nothing_rises(tickets_from):
    days = [day for day in range(56) for _ in range(12 if day < 7 else 6)]
    rows = [complaint(day, sku=f"SKU-{n % 6}", reason="delayed") for n, day in enumerate(days)]
    assert rising(tickets_from(rows)).empty


def test_one_cause_is_reported_once_by_its_best_name(drawn, tickets_from):
    tickets = drawn(1)
    day = tickets["created_at"].dt.floor("D")
    chosen = (tickets["carrier"] == "SF") & (tickets["reason"] == "lost")
    late = tickets[chosen & (day >= LAST.normalize() - pd.Timedelta(days=6))]
    strike = pd.concat([tickets, *[late] * 4], ignore_index=True)
    found = rising(strike)
    assert found[["kind", "value", "reason"]].to_numpy().tolist() == [["carrier", "SF", "lost"]]


@pytest.mark.parametrize(
    ("language", "usual", "new", "phrase"),
    [
        (
            "de",
            "die Lieferung kam sehr spät",
            "seit dem Update flackert der Bildschirm",
            "flackert",
        ),
        ("zh-Hans", "快递一直没有送到", "升级以后屏幕闪烁", "闪烁"),
        ("ru", "посылка пришла поздно", "после обновления экран мерцает", "мерцает"),
    ],
)
def test_a_phrase_that_no_reason_covers_rises(tickets_from, language, usual, new, phrase):
    reasons = ("defective", "delayed", "unresolved", "rude", "warranty", "refund_delay")
    rows = [
        complaint(day, reason=reasons[(day + n) % 6], text=f"{usual} {n}", language=language)
        for day in range(40)
        for n in range(6)
    ]
    # Nine complaints of different reasons and products, one new phrase.
    rows += [
        complaint(n % 2, reason=reasons[n % 6], sku=f"SKU-{n}", text=new, language=language)
        for n in range(9)
    ]
    found = rising(tickets_from(rows))
    assert found["kind"].tolist() == ["phrase"]
    assert found["language"].tolist() == [language]
    assert any(word in new.lower() for word in found["value"].iloc[0].split())
    assert found["tickets"].tolist() == [9]
    assert phrase in new


def test_too_little_history_says_nothing(tickets_from):
    rows = [complaint(n % 3, sku="SKU-1") for n in range(40)]
    assert rising(tickets_from(rows)).empty
    assert rising(tickets_from([])).empty
    assert rising(tickets_from([complaint(0, created_at=None)])).empty


def test_the_order_of_the_tickets_makes_no_difference(drawn):
    tickets = drawn(3)
    extra = tickets[(tickets["sku"] == "SKU-2") & (tickets["reason"] == "lost")].tail(10)
    tickets = pd.concat([tickets, *[extra] * 8], ignore_index=True)
    mixed = tickets.sample(frac=1, random_state=5).reset_index(drop=True)
    columns = [name for name in COLUMNS if name != "example"]
    pd.testing.assert_frame_equal(rising(tickets)[columns], rising(mixed)[columns])


def test_tail_agrees_with_scipy():
    from scipy.stats import nbinom

    expected = odds.Expectation(np.array([0.1, 5.0, 80.0]), np.array([2.0, 0.3, 0.01]))
    size = 1 / expected.dispersion
    theirs = nbinom.sf(np.array([4, 19, 119]) - 1, size, size / (size + expected.mean))
    assert odds.tail(np.array([4.0, 19.0, 119.0]), expected) == pytest.approx(theirs)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_false_discovery_agrees_with_scipy(p):
    from scipy.stats import false_discovery_control

    assert odds.false_discovery(np.array(p)) == pytest.approx(false_discovery_control(p))


@pytest.mark.slow
def test_planted_spikes_are_found_and_false_ones_are_rare(drawn):
    """100 histories in which nothing rises; then one SKU and reason comes four times as often."""
    found = false = 0
    for seed in range(100):
        tickets = drawn(seed, a_day=150)
        rng = np.random.default_rng(seed)
        first = LAST.normalize() - pd.Timedelta(days=int(rng.integers(1, 27)))
        days = tickets["created_at"].between(first, first + pd.Timedelta(days=2), inclusive="left")
        counts = tickets[days].groupby(["sku", "reason"]).size()
        usual = tickets.groupby(["sku", "reason"]).size() * days.mean()
        # Four times as many as usual: not of two days that were quiet by chance.
        possible = counts[(counts >= 10) & (counts >= 0.8 * usual.reindex(counts.index))]
        sku, reason = rng.choice(possible.index.to_numpy())
        spike = tickets[days & (tickets["sku"] == sku) & (tickets["reason"] == reason)]
        issues = rising(pd.concat([tickets, *[spike] * 3], ignore_index=True))
        hit = (issues["value"] == sku) & (issues["reason"] == reason)
        found += bool(hit.any())
        false += int((~hit).sum())
    assert found == 100
    assert false <= 0.05 * (found + false)
