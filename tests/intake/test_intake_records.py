import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.intake.delimited import sniff_delimiter
from pipeline.intake.records import MOST_LINES, records


def cut(text, *, width=0, delimiter=","):
    lines = io.StringIO(text, newline="\n")
    return [
        (row.line, *row.cells) if not row.problem else (row.line, row.problem)
        for row in records(lines, delimiter, width=width)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a,b,c\r\n", [(1, "a", "b", "c")], id="line feed with carriage return"),
        pytest.param("a,b,c", [(1, "a", "b", "c")], id="no end of line"),
        pytest.param("\n\na,b,c\n,,\n", [(3, "a", "b", "c")], id="blank rows are no rows"),
        pytest.param(
            'a,"x\ny",c\nd,e,f\n', [(1, "a", "x\ny", "c"), (3, "d", "e", "f")], id="lines in a cell"
        ),
        pytest.param('a,say "hi",c\n', [(1, "a", 'say "hi"', "c")], id="quotes inside"),
        pytest.param('a,"he" said,c\n', [(1, "a", "he said", "c")], id="quotes end too early"),
        pytest.param("a,x\ry,c\n", [(1, "a", "x\ry", "c")], id="lone carriage return"),
        pytest.param(
            "a,x\u2028y\x0bz\x85,c\n", [(1, "a", "x\u2028y\x0bz\x85", "c")], id="other line ends"
        ),
        pytest.param(
            'a,"open,c\nd,e,f\n', [(1, "unclosed quote"), (2, "d", "e", "f")], id="open to the end"
        ),
        pytest.param(
            'a,b,"open\nd,e,f\ng,h,"fine"\ni,j,k\n',
            [(1, "unclosed quote"), (2, "d", "e", "f"), (3, "g", "h", "fine"), (4, "i", "j", "k")],
            id="open quote closed by the next one",
        ),
        pytest.param(
            'a,b,"open\nd,e,"fine"\n',
            [(1, "unclosed quote"), (2, "d", "e", "fine")],
            id="as many cells as there should be, but a row was swallowed",
        ),
        pytest.param('a,b,"open', [(1, "unclosed quote")], id="the last line"),
        pytest.param(
            'a,"x\ny"\nd,e,f\n', [(1, "a", "x\ny"), (3, "d", "e", "f")], id="short, well quoted"
        ),
    ],
)
def test_records(text, expected):
    assert cut(text, width=3) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            '7,"open\n8,晚了\n9,"fine"\n',
            [(1, "unclosed quote"), (2, "8", "晚了"), (3, "9", "fine")],
            id="ids of the same shape",
        ),
        pytest.param(
            'T-7,"open\nT-8,"two\nlines"\n',
            [(1, "unclosed quote"), (2, "T-8", "two\nlines")],
            id="closed by a quote over two lines",
        ),
        pytest.param(
            'T7,"I wait\nso, "where" is it?\n',
            [(1, "T7", 'I wait\nso, where" is it?')],
            id="prose with a comma is no row",
        ),
        pytest.param(
            'a,"open\n' + "well, no\n" * 21 + 'b,"fine"\n',
            [(1, "unclosed quote"), *((n, "well", " no") for n in range(2, 23)), (23, "b", "fine")],
            id="many lines",
        ),
    ],
)
def test_stray_quotes_in_two_columns(text, expected):
    assert cut(text, width=2) == expected


def test_stray_quotes_in_one_column():
    few, many = (["x"] * count for count in (3, 30))
    for lines, swallowed in ((few, True), (many, False)):
        rows = cut("\n".join(['"open', *lines, '"fine"', "last"]), width=1)
        assert rows[-1] == (len(lines) + 3, "last")
        assert len(rows) == (2 if swallowed else len(lines) + 3)


def test_a_quote_over_too_many_lines_costs_one_line():
    filler = "x,y,z\n" * (MOST_LINES + 50)
    rows = cut('a,b,"open\n' + filler + 'g,h,"end"\n', width=3)
    assert rows[0] == (1, "unclosed quote")
    assert rows[1:-1] == [(line, "x", "y", "z") for line in range(2, MOST_LINES + 52)]
    assert rows[-1] == (MOST_LINES + 52, "g", "h", "end")


def test_long_cells_are_read_and_the_limit_of_the_csv_module_is_kept():
    before = csv.field_size_limit()
    rows = cut("a," + "晚" * 300_000 + ",c\n", width=3)
    assert len(rows[0][2]) == 300_000
    assert csv.field_size_limit() == before


CELL = st.text(alphabet=st.sampled_from("a\"\n\r,; 晚é😡\t'"), max_size=8)


@given(st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=8), st.sampled_from(",;\t|"))
def test_what_a_csv_writer_writes_reads_back(rows, delimiter):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    expected = [tuple(row) for row in rows if any(row)]
    assert [row[1:] for row in cut(text.getvalue(), width=3, delimiter=delimiter)] == expected


@given(st.text(alphabet=st.sampled_from('a"\n\r,'), max_size=60), st.sampled_from([2, 3]))
@example('"a"b"\n"', 2)
@example('a,"\n,"\n"', 2)
@example('"a\n\ra,a,a"a\n', 3)
def test_no_character_is_lost_whatever_the_quotes(text, width):
    rows = list(records(io.StringIO(text, newline="\n"), ",", width=width))
    kept = "".join(row.raw for row in rows)
    assert kept.count("a") == text.count("a")
    assert [row.line for row in rows] == sorted({row.line for row in rows})


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1;2,5\n3;4,5\n", ";"),
        ("a\tb\n1\tx, y\n", "\t"),
        ("a|b|c\n1|x, y; z|3\n", "|"),
        ('id;text\n1;"late, again; and\nagain"\n2;ok\n', ";"),
        ("id,text\n1,5;6;7\n2,8\n", ","),
        ("", ","),
    ],
)
def test_delimiter(text, delimiter):
    assert sniff_delimiter(text) == delimiter


def names_text(cells):
    return "text" in cells


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        pytest.param("text\nlate, again\n晚了, 坏了\nещё, раз\n", ";", id="one column, commas"),
        pytest.param("text\na; b\nc; d\ne, f; g\n", "\t", id="one column, commas and semicolons"),
        pytest.param("id,date,text\n1,x\n2\n3,x,a,b\n4,x,a,,,\n5,x,a\n", ",", id="ragged"),
        pytest.param("id,text\n1,a, b\n2,c, d, e\n3\n", ",", id="no row as long as its header"),
        pytest.param("Export; all, of, it\n\nid,text\n1,x\n2,y\n", ",", id="title above"),
    ],
)
def test_delimiter_under_which_the_header_is_recognised(text, delimiter):
    assert sniff_delimiter(text, is_header=names_text) == delimiter


def test_a_head_that_ends_inside_a_quoted_cell_keeps_its_delimiter():
    head = 'id,created_at,text\n1,2026-11-04,"' + "hello there\n" * 250
    assert sniff_delimiter(head, is_header=names_text, cut=True) == ","
    assert sniff_delimiter('ref;day;words\n1;2;x\n2;3;"' + "a, b\n" * 250, cut=True) == ";"
