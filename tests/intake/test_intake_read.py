import gzip
import io
import json
import os
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipeline import intake
from pipeline.errors import InputError, MissingColumnError
from pipeline.intake.check import LARGEST_CELL, RAW_LENGTH
from pipeline.ticket import BY_NAME, INPUT_COLUMNS

HEADER = "ticket_id,created_at,status,order_value,text\n"


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return path


def reasons(rejected):
    return [(row.line, row.reason.split(":")[0]) for row in rejected.itertuples()]


def test_columns_and_types(read, tmp_path):
    tickets, rejected, (source,) = read(
        write(tmp_path / "a.csv", HEADER + "T1,2026-11-04,处理中,12.5,快递三天没到\nT2,,,,밀어\n")
    )
    assert tuple(tickets.columns) == INPUT_COLUMNS
    assert {name: str(dtype) for name, dtype in tickets.dtypes.items()} == {
        name: BY_NAME[name].dtype for name in INPUT_COLUMNS
    }
    assert rejected.dtypes.astype(str).to_dict() == {
        "file": "str", "line": "Int64", "reason": "str", "raw": "str"
    }  # fmt: skip
    assert tickets["status"].tolist() == ["open", "open"]
    assert tickets["sku"].tolist() == ["", ""]
    assert pd.isna(tickets["created_at"][1])
    assert source.mapping["text"] == "text"
    assert source.delimiter == ","


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("T1,2026-11-04,open,1,", "empty text"),
        ('T1,2026-11-04,open,1,"  \u3000\u200b\n"', "empty text"),
        ("T1,2026-11-04,open", "short row: 3 cells under 5 headers"),
        ("T1,2026-11-04,open,1,late,more", "long row: 6 cells under 5 headers"),
        ("T1,31/13/2026,open,1,late", "bad created_at: '31/13/2026' is not a date"),
        ("T1,1900-01-01,open,1,late", "bad created_at: '1900-01-01' is before 2000"),
        ("T1,2026-11-24,open,1,late", "bad created_at: '2026-11-24' is after 2026-11-21"),
        ('T1,2026-11-04,open,1,"late', "unclosed quote"),
        (b"T1,2026-11-04,open,1,bad \xff\xfe byte", "unreadable bytes: 0xff at byte 26 of the row"),
        ("T0,2026-11-04,open,1,好", "duplicate row: same id, time and text as an earlier row"),
        ("T1,2026-11-04,open,1," + "x" * (LARGEST_CELL + 1), "cell too long: over 1 MB"),
    ],
)
def test_rejected(read, tmp_path, row, reason):
    row = row if isinstance(row, bytes) else row.encode()
    good = (HEADER + "T0,2026-11-04,open,1,好\n").encode()
    last = "\nT9,2026-11-04,open,1,快递三天没到，客服也不回\n".encode()
    path = write(tmp_path / "a.csv", good + row + last)
    tickets, rejected, _ = read(path)
    assert tickets["ticket_id"].tolist() == ["T0", "T9"]
    assert rejected["reason"].tolist() == [reason]
    assert rejected["line"].tolist() == [3]
    assert rejected["file"].tolist() == [path.as_posix()]
    assert len(rejected["raw"][0]) <= RAW_LENGTH
    rejected["raw"][0].encode("utf-8")


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("T1,2026-11-04,open,1,parcel\x00lost", "parcellost"),
        ('T1,2026-11-04,open,1,"two\nlines, one ""quote"""', 'two\nlines, one "quote"'),
        ("T1,2026-11-23,open,1,  as read  ", "  as read  "),
        ("T1,,open,1,😡😡", "😡😡"),
        ("T1,,open,1,=1+1", "=1+1"),
        ("T1,,open,1,late,,", "late"),
        ("T1,,open,1," + "x" * 300_000, "x" * 300_000),
    ],
)
def test_accepted(read, tmp_path, row, text):
    tickets, rejected, _ = read(write(tmp_path / "a.csv", HEADER + row + "\n"))
    assert tickets["text"].tolist() == [text]
    assert rejected.empty


@pytest.mark.parametrize("lines", [150, 250, 900])
def test_a_first_ticket_of_many_lines(read, tmp_path, lines):
    long = "再来一行\n" * lines
    content = f'id,created_at,text\nT1,2026-11-04,"{long}"\nT2,2026-11-05,short\n'
    tickets, rejected, _ = read(write(tmp_path / "a.csv", content))
    assert tickets["text"].tolist() == [long, "short"]
    assert rejected.empty


@pytest.mark.parametrize("mark", [",", ";"])
def test_one_column_with_a_delimiter_in_each_text(read, tmp_path, mark):
    texts = [f"late{mark} again", f"坏了{mark} 要退款", f"где{mark} посылка"]
    tickets, rejected, _ = read(write(tmp_path / "a.csv", "\n".join(["text", *texts])))
    assert tickets["text"].tolist() == texts
    assert rejected.empty


def test_ragged_rows_do_not_refuse_the_file(read, tmp_path):
    rows = ["1,2026-11-04", "2", "3,2026-11-04,broken,extra", "4,2026-11-04,坏了", '"",,', ",,"]
    content = "\n".join(["id,created_at,text", *rows])
    tickets, rejected, _ = read(write(tmp_path / "a.csv", content))
    assert tickets["ticket_id"].tolist() == ["4"]
    assert reasons(rejected) == [(2, "short row"), (3, "short row"), (4, "long row")]


def test_a_note_names_the_lines_of_stray_quotes(read, tmp_path):
    content = 'text\nbroken\n"never closed\n坏了\n"closed"\nlast\n'
    tickets, _, (source,) = read(write(tmp_path / "a.csv", content))
    assert tickets["text"].tolist()[::2] == ["broken", "last"]
    assert "stray quotes in lines 3 to 5, read as one ticket" in source.notes


def test_optional_cells_that_cannot_be_read_are_emptied_and_counted(read, tmp_path):
    tickets, rejected, (source,) = read(
        write(
            tmp_path / "a.csv",
            "text,order_value,csat,first_response_at,status\n"
            "late,12,good,soon,open\nbroken,many,4,1900-01-01,limbo\n",
        )
    )
    assert rejected.empty
    assert tickets["csat"].isna().tolist() == [True, False]
    assert tickets["order_value"].isna().tolist() == [False, True]
    assert tickets["first_response_at"].isna().all()
    assert tickets["status"].tolist() == ["open", "open"]
    assert source.notes == (
        "2 tickets have no id: made up as file:line",
        "order_value: 1 cells cannot be read and are left empty",
        "first_response_at: 2 cells cannot be read and are left empty",
        "csat: 1 cells cannot be read and are left empty",
        "status: 1 cells hold unknown words, taken as open: 'limbo' (1)",
    )


def test_without_a_status_a_time_of_resolution_solves(read, tmp_path):
    tickets, _, _ = read(write(tmp_path / "a.csv", "text,resolved_at\nlate,2026-11-04\nlost,\n"))
    assert tickets["status"].tolist() == ["solved", "open"]


def test_made_up_ids_name_the_line(read, tmp_path):
    path = write(tmp_path / "a.csv", 'id,text\n,"two\nlines"\nT2,x\n,y\n')
    tickets, _, _ = read(path)
    assert tickets["ticket_id"].tolist() == [f"{path.as_posix()}:2", "T2", f"{path.as_posix()}:5"]


def test_made_up_ids_name_the_file_as_it_was_given(read, tmp_path, monkeypatch):
    """Two shops may both send an export.csv."""
    monkeypatch.chdir(tmp_path)
    for shop in ("北京", "kazan"):
        (tmp_path / shop).mkdir()
        write(tmp_path / shop / "export.csv", "text\nне работает\n")
    tickets, _, _ = read(Path("北京/export.csv"), Path("kazan/export.csv"))
    assert tickets["ticket_id"].tolist() == ["北京/export.csv:2", "kazan/export.csv:2"]


def test_one_id_with_other_words_is_accepted_and_counted(read, tmp_path):
    first = write(tmp_path / "a.csv", "id,text\nT1,late\nT1,broken\n")
    second = write(tmp_path / "b.csv", "id,text\nT1,late\nT1,再来一次\n")
    tickets, rejected, sources = read(first, second)
    assert tickets["text"].tolist() == ["late", "broken", "再来一次"]
    assert reasons(rejected) == [(2, "duplicate row")]
    assert sources[0].notes == ("1 tickets have the id of an earlier one, with other words",)


def test_dates_are_settled_by_the_whole_file(read, tmp_path):
    rows = "".join(f"T{i},05/11/2026,late\n" for i in range(1_500))
    tickets, _, (source,) = read(
        write(tmp_path / "a.csv", "id,date,text\n" + rows + "T,11/13/2026,late\n")
    )
    assert tickets["created_at"].dt.month.tolist() == [5] * 1_500 + [11]
    assert source.notes == ("created_at: dates are month first",)


def test_unsettled_dates_follow_the_country(read, tmp_path):
    american = write(tmp_path / "us.csv", "date,country,text\n05/11/2026,US,late\n")
    mixed = write(
        tmp_path / "mx.csv", "date,country,text\n05/11/2026,US,late\n05/11/2026,MX,tarde\n"
    )
    tickets, _, sources = read(american, mixed)
    assert tickets["created_at"].dt.month.tolist() == [5, 11, 11]
    assert "read month first" in sources[0].notes[0]
    assert "read day first" in sources[1].notes[0]


def test_subject_and_body(read, tmp_path):
    rows = [
        {"subject": "Late", "description": "Where is it?"},
        {"subject": "Where is i...", "description": "Where is it?"},
        {"subject": "Only this", "description": ""},
        {"subject": "", "description": "Kaputt"},
        {"subject": "half an emoji \ud83d", "description": None},
    ]
    path = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)))
    tickets, rejected, _ = read(path)
    expected = ["Late\nWhere is it?", "Where is it?", "Only this", "Kaputt", "half an emoji \ufffd"]
    assert tickets["text"].tolist() == expected
    assert rejected.empty


def test_jsonl(read, tmp_path):
    lines = [
        '{"id": 7, "description": "late", "via": {"channel": "chat"}}',
        "",
        '{"id": 8, "description": ',
        "[1, 2]",
        '{"id": 9, "description": "寄丢了", "custom_fields": [{"id": 1, "value": 2}]}',
        '{"id": 10, "description": "late", "custom_fields": {"order_id": 12.50}}',
    ]
    tickets, rejected, (source,) = read(write(tmp_path / "a.jsonl", "\n".join(lines)))
    assert tickets["ticket_id"].tolist() == ["7", "9", "10"]
    assert tickets["channel"].tolist() == ["chat", "", ""]
    assert tickets["order_id"].tolist() == ["", "", "12.50"]
    assert reasons(rejected) == [(3, "bad JSON"), (4, "bad JSON")]
    assert source.ignored == ("custom_fields.1",)


FRAME = pd.DataFrame(
    {
        "订单号": [543571308274, 543571308275],
        "创建时间": [datetime(2026, 11, 4, 19, 16, 10), datetime(2026, 11, 5)],
        "订单金额": [12.5, 3.0],
        "投诉内容": ["快递三天没到", "收到就是坏的"],
    }
)


def as_text(frame, **options):
    return frame.to_csv(index=False, **options)


def excel(frame, **options):
    content = io.BytesIO()
    frame.to_excel(content, index=False, engine="openpyxl", **options)
    return content.getvalue()


def parquet(frame):
    content = io.BytesIO()
    frame.to_parquet(content)
    return content.getvalue()


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", as_text(FRAME)),
        ("a.csv", as_text(FRAME, sep=";", decimal=",")),
        ("a.csv", "sep=|\r\n" + as_text(FRAME, sep="|", lineterminator="\r\n")),
        ("a.csv", "Export\n\n" + as_text(FRAME)),
        ("a.csv", as_text(FRAME, lineterminator="\r")),
        ("a.csv", as_text(FRAME).encode("gb18030")),
        ("a.tsv", as_text(FRAME, sep="\t").encode("utf-16")),
        ("a.jsonl", FRAME.to_json(orient="records", lines=True, date_format="iso")),
        ("a.xlsx", excel(FRAME)),
        ("a.xlsx", excel(FRAME, startrow=3, startcol=1)),
        ("a.parquet", parquet(FRAME)),
    ],
)
def test_every_format_gives_the_same_tickets(read, tmp_path, name, content, zipped):
    content = content.encode() if isinstance(content, str) else content
    name, content = (f"{name}.gz", gzip.compress(content)) if zipped else (name, content)
    tickets, rejected, _ = read(write(tmp_path / name, content))
    assert rejected.empty
    assert tickets["order_id"].tolist() == ["543571308274", "543571308275"]
    assert tickets["created_at"].tolist() == [
        pd.Timestamp("2026-11-04T19:16:10Z"),
        pd.Timestamp("2026-11-05T00:00:00Z"),
    ]
    assert tickets["order_value"].tolist() == [12.5, 3.0]
    assert tickets["text"].tolist() == FRAME["投诉内容"].tolist()


def test_xlsx_takes_the_first_sheet_with_a_header(read, tmp_path):
    with pd.ExcelWriter(tmp_path / "a.xlsx", engine="openpyxl") as writer:
        pd.DataFrame({"filter": ["all", "open"]}).to_excel(writer, sheet_name="about", index=False)
        FRAME.to_excel(writer, sheet_name="tickets", index=False, startrow=2)
    tickets, _, _ = read(tmp_path / "a.xlsx")
    assert tickets["ticket_id"].tolist() == [
        f"{(tmp_path / 'a.xlsx').as_posix()}:{row}" for row in (4, 5)
    ]


def test_truncated_gzip_keeps_what_comes_before_the_cut(read, tmp_path):
    rows = "".join(f"T{i},{i * 7919 % 10007} 没到\n" for i in range(5_000))
    whole = gzip.compress(("id,text\n" + rows).encode())
    tickets, rejected, _ = read(write(tmp_path / "a.csv.gz", whole[: len(whole) // 2]))
    assert 1_000 < len(tickets) < 4_000
    assert tickets["ticket_id"].tolist() == [f"T{i}" for i in range(len(tickets))]
    assert reasons(rejected) == [(len(tickets) + 2, "truncated file")]


@pytest.mark.parametrize("content", ["", "id,text\n", "\n\n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_no_rows(read, tmp_path, name, content):
    tickets, rejected, (source,) = read(write(tmp_path / name, content))
    assert tickets.empty
    assert rejected.empty
    assert tuple(tickets.columns) == INPUT_COLUMNS
    assert source.notes == ("no rows",)


def test_batch_size_changes_nothing(read, tmp_path):
    rows = "".join(
        f"T{i % 90},{'' if i % 7 else '31/13/2026'},open,1,text {i % 60}\n" for i in range(200)
    )
    path = write(tmp_path / "a.csv", HEADER + rows + 'T1,,open,1,"open\nT2,,open,1,好\n')
    whole = read(path)
    for batch_rows in (1, 7, 201):
        again = read(path, batch_rows=batch_rows)
        pd.testing.assert_frame_equal(again[0], whole[0])
        pd.testing.assert_frame_equal(again[1], whole[1])
        assert again[2] == whole[2]
    assert len(whole[0]) + len(whole[1]) == 202


def test_batches_hold_one_file_each(rules, tmp_path):
    paths = [write(tmp_path / f"{n}.csv", "text\n" + "a b\nc d\ne f\n") for n in range(2)]
    now = pd.Timestamp("2026-11-21", tz="UTC").to_pydatetime()
    batches = list(intake.read(paths, rules=rules, now=now, batch_rows=2))
    assert [len(batch.tickets) for batch in batches] == [2, 1, 2, 1]
    assert [batch.source.file for batch in batches] == [p.as_posix() for p in paths for _ in "ab"]


def test_extra_columns_follow(read, tmp_path):
    path = write(tmp_path / "a.csv", "text,类别,my note\n晚了,logistics,x\n")
    tickets, _, _ = read(path, extra=("category", "my note", "urgency"))
    assert tuple(tickets.columns) == (*INPUT_COLUMNS, "category", "my note", "urgency")
    assert tickets.iloc[0, -3:].tolist() == ["logistics", "x", ""]


def test_all_headers_are_matched_before_the_first_batch(rules, tmp_path):
    good = write(tmp_path / "a.csv", "text\nlate\n")
    bad = write(tmp_path / "b.csv", "id,colour\n1,red\n")
    now = pd.Timestamp("2026-11-21", tz="UTC").to_pydatetime()
    with pytest.raises(MissingColumnError, match=r"b\.csv has no column that holds the text"):
        next(intake.read([good, bad], rules=rules, now=now))


@pytest.mark.parametrize("name", ["a.xlsx", "a.parquet", "a.xlsx.gz"])
def test_what_is_no_such_file_is_refused_in_one_line(read, tmp_path, name):
    with pytest.raises(InputError) as caught:
        read(write(tmp_path / name, "no such thing"))
    assert "\n" not in str(caught.value)


def test_parquet_cells_that_python_cannot_hold_cost_their_rows(read, tmp_path):
    far = pa.array([2**31, 20_000, 0], pa.int64())  # days
    days = pc.cast(pc.multiply(far, 86_400), pa.timestamp("s"))
    words = pa.array([b"late", "坏了".encode(), b"\xffno"]).view(pa.string())
    zone = pa.timestamp("us", "Mars/Phobos")
    solved = pa.array([1_728_000_000_000_000] * 3).view(zone)  # 20,000 days
    pq.write_table(
        pa.table({"created_at": days, "resolved_at": solved, "text": words}),
        tmp_path / "a.parquet",
    )
    tickets, rejected, _ = read(tmp_path / "a.parquet")
    assert tickets["text"].tolist() == ["坏了"]
    assert tickets["created_at"].tolist() == [pd.Timestamp(20_000, unit="D", tz="UTC")]
    assert tickets["resolved_at"].tolist() == [pd.Timestamp(20_000, unit="D", tz="UTC")]
    assert reasons(rejected) == [(1, "bad created_at"), (3, "unreadable bytes")]


def test_a_damaged_parquet_page(read, tmp_path):
    content = bytearray(parquet(pd.DataFrame({"text": [f"late {i}" for i in range(5_000)]})))
    content[200:4_000] = b"\x07" * 3_800
    with pytest.raises(InputError, match=r"a\.parquet is damaged: .*Export it again") as caught:
        read(write(tmp_path / "a.parquet", bytes(content)))
    assert "\n" not in str(caught.value)


def test_half_characters_in_json_keys(read, tmp_path):
    path = write(tmp_path / "a.jsonl", '{"text": "晚了", "mood \\ud83d": "x"}\n')
    tickets, _, (source,) = read(path, extra=("mood \\x3d",))
    assert tickets.iloc[0][["text", "mood \\x3d"]].tolist() == ["晚了", "x"]
    json.dumps([source.mapping, source.ignored], ensure_ascii=False).encode()


def test_find(tmp_path):
    for name in ("b.csv", "a.JSONL.gz", ".hidden.csv", "notes.txt", "sub/c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, "")
    (tmp_path / "folder.csv").mkdir()
    names = [path.name for path in intake.find([tmp_path / "b.csv", tmp_path])]
    assert names == ["a.JSONL.gz", "b.csv"]
    assert [path.name for path in intake.find([f"{tmp_path}/**/*.csv"])] == ["b.csv", "c.csv"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.csv", "there is no such file"),
        ("notes.txt", "unknown format. Known: csv, tsv, jsonl"),
        ("folder.csv", "is a folder"),
        ("empty", "the folder holds no export"),
        ("*.xlsx", "no export matches"),
    ],
)
def test_find_says_what_is_wrong(tmp_path, name, message):
    write(tmp_path / "notes.txt", "")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=message):
        intake.find([tmp_path / name])


@pytest.mark.parametrize("method", ["is_dir", "iterdir", "is_file"])
def test_find_says_what_may_not_be_read(tmp_path, monkeypatch, method):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    write(tmp_path / "a.csv", "")
    monkeypatch.setattr(Path, method, refuse)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        intake.find([tmp_path])


def test_find_says_what_is_no_path(tmp_path):
    with pytest.raises(InputError, match="cannot be read: File name too long"):
        intake.find([tmp_path / ("long" * 100 + ".csv")])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_named_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(InputError, match="no regular file"):
        intake.find([tmp_path / "a.csv"])
