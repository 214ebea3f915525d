"""Repeat contacts that routing may ask about are those that the queue writes."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import dispatch
from pipeline.dispatch.contacts import count_repeats
from pipeline.rules.routing import parse
from pipeline.rules.tables import Table
from tests.dispatch.helpers import NOW, SHIPPED, scored

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "customer_id": st.sampled_from(["", "C1", "C2", "客户3"]),
            "order_id": st.sampled_from(["", "O1", "O2"]),
            "created_at": st.sampled_from([f"2026-11-{day:02}T10:00:00Z" for day in range(1, 9)]),
        }
    ),
    min_size=1,
    max_size=12,
)


@given(ROWS, st.integers(1, 5))
def test_the_numbers_are_those_of_the_queue_whatever_the_batches(rows, size):
    frame = dispatch.assign(scored(*rows), SHIPPED, now=NOW)
    batches = [frame.iloc[start : start + size] for start in range(0, len(frame), size)]
    written = dispatch.arrange(frame[list(dispatch.NARROW)], SHIPPED, now=NOW)["repeat_contacts"]
    assert count_repeats(batches, now=NOW).tolist() == written.tolist()


def fifth_time():
    rules = [
        {"id": "again", "team": "desk", "when": {"min_repeat_contacts": 2}},
        {"id": "rest", "team": "all"},
    ]
    teams = {name: {"en": name, "zh": name} for name in ("desk", "all")}
    return parse(Table(Path("routing.toml"), {"teams": teams, "rule": rules}))


def test_a_rule_asks_for_repeat_contacts():
    rules = replace(SHIPPED, routing=fifth_time())
    assert rules.ask_about_repeats
    assert not SHIPPED.ask_about_repeats
    frame = scored({}, {}, {}).assign(_repeats=[1.0, 2.0, 3.0])
    assert dispatch.assign(frame, rules, now=NOW)["team"].tolist() == ["all", "desk", "desk"]


def test_without_an_export_every_ticket_is_a_first_contact():
    rules = replace(SHIPPED, routing=fifth_time())
    assert dispatch.assign(scored({}), rules, now=NOW)["routing_rule"].tolist() == ["rest"]


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_run_routes_the_third_contact_whatever_the_order(
    run_cli, tiny_model, tmp_path, newest_first
):
    lines = [f"T{n},2026-11-0{n}T10:00:00Z,C1,Where is my parcel number {n}?" for n in (1, 2, 3)]
    export = tmp_path / "export.csv"
    ordered = lines[::-1] if newest_first else lines
    export.write_text("\n".join(["id,created_at,customer_id,text", *ordered]), encoding="utf-8")
    shipped = (Path(dispatch.__file__).parents[1] / "rules" / "routing.toml").read_text("utf-8")
    rule = (
        '[[rule]]\nid = "again"\nwhen = { min_repeat_contacts = 2 }\nteam = "escalation_desk"\n\n'
    )
    own = tmp_path / "own"
    own.mkdir()
    at = shipped.index("[[rule]]\n")
    (own / "routing.toml").write_text(shipped[:at] + rule + shipped[at:], encoding="utf-8")
    out = tmp_path / "out"
    options = ("--model", tiny_model, "--encoder", "off", "--rules", own)
    code, _, error = run_cli(
        "classify", export, "--out", out, *options, "--now", "2026-11-21T12:00:00Z"
    )
    assert code == 0, error
    found = pd.read_csv(out / "triaged.csv").set_index("ticket_id")
    assert found["repeat_contacts"].sort_index().tolist() == [0, 1, 2]
    assert (found["routing_rule"] == "again").sort_index().tolist() == [False, False, True]
