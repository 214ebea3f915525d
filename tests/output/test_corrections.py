"""Corrections: read as people leave them, kept from run to run, refused when they name nothing."""

import pandas as pd
import pytest

from pipeline import ticket
from pipeline.dispatch.by_hand import COLUMNS
from pipeline.errors import OutputError
from pipeline.output.corrections import Known, read_corrections

KNOWN = Known(ticket.CATEGORIES, ("logistics_desk", "物流组"))
HEADER = ",".join(COLUMNS)
REVIEW = "right_category,right_reason,right_urgency,right_team,ticket_id,review_reason,text"


def read(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8-sig")
    return read_corrections(folder, KNOWN)


def test_both_files_are_read_and_the_review_has_the_last_word(tmp_path):
    found = read(
        tmp_path,
        corrections=f"{HEADER}\nT1,policy,,,物流组,called,坏了\nT2,quality,,,,,\n",
        review=f"{REVIEW}\nservice,,,,T1,too_short,坏了\n,,,,T3,too_short,ok\n",
    )
    assert found.to_dict("records") == [
        {
            "ticket_id": "T1",
            "category": "service",
            "reason": "",
            "urgency": "",
            "team": "物流组",
            "note": "called",
            "text": "坏了",
        },
        {**dict.fromkeys(COLUMNS, ""), "ticket_id": "T2", "category": "quality"},
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_as_a_spreadsheet_saves_it(tmp_path, encoding):
    rows = "T1;Policy;;3;物流组;;充电器坏了，要求退款，客服一直没有回复我\n"
    text = HEADER.replace(",", ";") + "\n" + rows * 3
    (tmp_path / "corrections.csv").write_text(text, encoding=encoding)
    found = read_corrections(tmp_path, KNOWN)
    assert found[["category", "urgency", "team"]].to_numpy().tolist() == [
        ["policy", "critical", "物流组"]
    ]


def test_a_workbook_will_do(tmp_path):
    frame = pd.DataFrame([{**dict.fromkeys(COLUMNS, ""), "ticket_id": "T1", "category": "other"}])
    frame.to_excel(tmp_path / "corrections.xlsx", index=False)
    assert read_corrections(tmp_path, KNOWN)["category"].tolist() == ["other"]


def test_the_apostrophe_of_a_neutralised_cell_goes(tmp_path):
    found = read(tmp_path, corrections=f"{HEADER}\n'=T1,policy,,,,'+1,'=1+1\n")
    assert found[["ticket_id", "note", "text"]].iloc[0].tolist() == ["=T1", "+1", "=1+1"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("T1,polcy,,,,,", "line 2: unknown category 'polcy'. Did you mean 'policy'?"),
        ("T1,,lots,,,,", "unknown reason 'lots'"),
        ("T1,,,urgent,,,", "unknown urgency 'urgent'"),
        ("T1,,,,logistics,,", "unknown team 'logistics'. Did you mean 'logistics_desk'?"),
    ],
)
def test_what_is_not_known_is_named_with_its_line(tmp_path, line, words):
    with pytest.raises(OutputError) as error:
        read(tmp_path, corrections=f"{HEADER}\n{line}\n")
    assert words in str(error.value)


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(OutputError, match=r"no corrections\.csv"):
        read_corrections(tmp_path, KNOWN)
    with pytest.raises(OutputError, match="no folder"):
        read_corrections(tmp_path / "gone", KNOWN)


def test_nothing_filled_in_is_nothing(tmp_path):
    assert read(tmp_path, corrections=f"{HEADER}\n", review=f"{REVIEW}\n,,,,T3,x,y\n").empty


def test_two_tickets_with_one_id_keep_their_decisions(tmp_path):
    found = read(tmp_path, review=f"{REVIEW}\nservice,,,,T1,x,坏了\nquality,,,,T1,x,Late\n")
    assert sorted(found[["category", "text"]].to_numpy().tolist()) == [
        ["quality", "Late"],
        ["service", "坏了"],
    ]


def test_two_lines_that_contradict_each_other_are_named(tmp_path):
    lines = "T1,policy,,,,,坏了\nT2,policy,,,,,\nT1,quality,,,,,坏了\n"
    with pytest.raises(OutputError) as error:
        read(tmp_path, corrections=f"{HEADER}\n{lines}")
    assert (
        "corrections.csv lines 2 and 4 contradict each other about ticket 'T1': category 'policy' "
        "and 'quality'. Keep one." in str(error.value)
    )


def test_an_id_that_two_tickets_had_brings_no_text(tmp_path):
    rows = "ticket_id,text\nT1,坏了\nT1,Late\nT2,Hello\n"
    found = read(tmp_path, triaged=rows, corrections=f"{HEADER}\nT1,policy,,,,,\nT2,policy,,,,,\n")
    assert found["text"].tolist() == ["", "Hello"]
