"""The page and the terminal table: strangers' text shows up as text and nothing else."""

import io
from html.parser import HTMLParser

import pytest
from rich.console import Console

from pipeline.output import show, write_all
from pipeline.output.report import bars
from pipeline.output.terminal import printable


@pytest.fixture
def folder(tmp_path, spooled, tickets, arranged, info):
    frame = tickets(48)
    frame["team"] = frame["team"].where(frame.index != 0, "<img src=x onerror=alert(1)>")
    frame["ticket_id"] = frame["ticket_id"].where(frame.index % 2 != 0, '"><b>id</b>')
    found = write_all(tmp_path / "s", spooled(frame), arranged(frame), summary_info=info)
    return tmp_path / "s", found


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data


def test_hostile_text_is_only_text(folder):
    page = (folder[0] / "report.html").read_text(encoding="utf-8")
    parser = _Tags()
    parser.feed(page)
    assert not parser.tags & {"script", "img", "iframe", "a", "form", "link"}
    assert not any(name.startswith("on") or name in ("src", "href") for name in parser.attributes)
    for shown in ("<script>alert('x')</script>", "<img src=x onerror=alert(1)>", '"><b>id</b>'):
        assert shown in parser.text
    assert "收到的杯子碎了" in parser.text
    assert "لم يصل الطلب بعد" in parser.text
    assert "投诉内容 → text" in parser.text


def test_page_forbids_scripts_and_tells_no_timings(folder):
    page = (folder[0] / "report.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert "1.235" not in page


def test_small_bars_are_put_together():
    found = bars({f"r{n:02d}": 1 for n in range(30)} | {"": 20})
    assert found[0] == ("(none)", 20, 40.0, 100.0)
    assert found[-1][:2] == ("(others)", 6)
    assert sum(bar.size for bar in found) == 50
    assert bars({}) == []


def test_terminal_table(folder):
    out, found = folder
    found["counts"]["team"] = {"[red]\x1b[31mdesk\u202e": 40, "物流组": 8}
    stream = io.StringIO()
    show(found, Console(file=stream, width=120, force_terminal=False), out=out)
    text = stream.getvalue()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[red][31mdesk" in text
    assert "zh-Hans" in text
    assert "rejected.csv" in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain 坏了 😡", "plain 坏了 😡"),
        ("\x1b]0;title\x07x", "]0;titlex"),
        ("a\x9bb\rc", "abc"),
        ("\u2066abc\u2069", "abc"),
        ("العربية", "العربية"),
    ],
)
def test_printable(text, shown):
    assert printable(text) == shown
