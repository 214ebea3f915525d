"""Which ticket a correction means when files of one export repeat ids."""

import pandas as pd
import pytest

from pipeline.dispatch.addressing import address
from pipeline.dispatch.by_hand import COLUMNS, relabel, text_key
from tests.dispatch.helpers import scored

EXPORT = [("1001", "壶坏了，要求退款"), ("1001", "Wo ist mein Paket?"), ("7", "Late again")]


def corrections(*rows):
    lines = [{**dict.fromkeys(COLUMNS, ""), **row} for row in rows]
    return pd.DataFrame(lines, columns=list(COLUMNS)).astype("str")


def find(*rows, export=EXPORT):
    return address(corrections(*rows), pd.DataFrame(export, columns=["ticket_id", "text"]))


def test_the_text_says_which_of_two_tickets_with_one_id_is_meant():
    rows = [
        {"ticket_id": "1001", "category": "quality", "text": "壶坏了，要求退款"},
        {"ticket_id": "1001", "category": "logistics", "text": "'Wo ist  mein paket?\r\n"},
    ]
    found = find(*rows)
    assert found.notes == ()
    export = [{"ticket_id": name, "text": text} for name, text in EXPORT]
    tickets = relabel(scored(*export), found.applied)
    assert tickets["category"].tolist() == ["quality", "logistics", "logistics"]
    assert tickets["category_confidence"].tolist() == [1.0, 1.0, 0.9]


@pytest.mark.parametrize("text", ["", "Wo ist meine Hose?"])
def test_what_does_not_say_which_ticket_is_not_made_but_kept(text):
    found = find({"ticket_id": "1001", "category": "policy", "text": text})
    assert found.applied.empty
    assert found.kept["category"].tolist() == ["policy"]
    assert "1001: not made" in found.notes[0]


def test_an_id_that_one_ticket_has_is_that_ticket():
    found = find({"ticket_id": "7", "team": "desk"})
    assert (found.applied["text"].tolist(), found.notes) == (["Late again"], ())
    found = find({"ticket_id": "7", "team": "desk", "text": "Late, agent added a line"})
    assert found.applied["text"].tolist() == ["Late again"]
    assert "7: made by the id alone" in found.notes[0]


def test_a_copy_of_a_ticket_is_the_ticket():
    found = find({"ticket_id": "7", "team": "desk"}, export=[("7", "Late"), ("7", "Late")])
    assert len(found.applied) == 1


def test_lines_with_and_without_the_text_complete_each_other():
    found = find(
        {"ticket_id": "7", "category": "policy"},
        {"ticket_id": "7", "team": "desk", "text": "Late again"},
    )
    assert found.applied[["category", "team"]].to_numpy().tolist() == [["policy", "desk"]]


def test_an_id_that_is_not_in_the_export_is_said_and_kept():
    found = find(*({"ticket_id": f"9{n}", "category": "policy"} for n in range(7)))
    assert found.applied.empty
    assert len(found.kept) == 7
    assert found.notes == (
        "Corrections of 90, 91, 92, 93, 94 and 2 more: not made: no ticket of the export has the "
        "id. Kept in corrections.csv.",
    )


def test_a_text_without_letters_is_still_a_text():
    assert text_key("！！！") != text_key("???") != ""
