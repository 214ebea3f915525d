"""The page and the terminal table: strangers' text shows up as text and nothing else."""

import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from pipeline.output import ReportInfo, show, write_all
from pipeline.output.report import Key, Table
from pipeline.output.terminal import printable
from pipeline.rules import load as rules_load


@pytest.fixture
def folder(tmp_path, spooled, tickets, arranged, info):
    frame = tickets(48)
    frame["team"] = frame["team"].where(frame.index != 0, "<img src=x onerror=alert(1)>")
    frame["ticket_id"] = frame["ticket_id"].where(frame.index % 2 != 0, '"></script><b>id</b>')
    found = write_all(tmp_path / "s", spooled(frame), arranged(frame), summary_info=info)
    return tmp_path / "s", found


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.blocks: dict[str, list[tuple[dict[str, str | None], str]]] = {
            "script": [],
            "style": [],
        }
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag in self.blocks:
            self._open = tag
            self.blocks[tag].append((dict(attrs), ""))

    def handle_endtag(self, tag):
        self._open = "" if tag == self._open else self._open

    def handle_data(self, data):
        if self._open:
            attributes, text = self.blocks[self._open].pop()
            self.blocks[self._open].append((attributes, text + data))
        else:
            self.text += data


def _read(out) -> str:
    return (out / "report.html").read_text(encoding="utf-8")


def test_hostile_text_is_only_text(folder):
    page = _Page(_read(folder[0]))
    assert not page.tags & {"img", "iframe", "link", "object", "base"}
    assert not any(name.startswith("on") or name in ("src", "style") for name in page.attributes)
    for shown in ("<img src=x onerror=alert(1)>", '"></script><b>id</b>', "投诉内容"):
        assert shown in page.text
    kinds = [attributes.get("type") for attributes, _ in page.blocks["script"]]
    assert kinds == ["application/json", "application/json", None]
    held = json.loads(page.blocks["script"][1][1])
    assert "<script>alert('x')</script> broken zipper" in held["columns"]["text"]
    assert "لم يصل الطلب بعد" in held["columns"]["text"]


def test_policy_allows_our_own_style_and_script_only(folder):
    text = _read(folder[0])
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert policy.startswith("default-src 'none'; ")
    page = _Page(text)
    for kind, (attributes, content) in (
        ("script", page.blocks["script"][2]),
        ("style", page.blocks["style"][0]),
    ):
        assert not attributes
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_script_never_makes_markup_of_text(folder):
    script = _Page(_read(folder[0])).blocks["script"][2][1]
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(", script
    )
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", script)


def test_page_needs_no_network(folder):
    text = _read(folder[0])
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)""", text)
    assert "url(" not in text
    assert "@import" not in text


def test_page_tells_no_timings_and_is_the_same_again(
    folder, tmp_path, spooled, tickets, arranged, info
):
    assert "1.235" not in _read(folder[0])
    frame = tickets(48)
    pages = []
    for name, size in (("a", 7), ("b", 48)):
        spool = spooled(frame, size=size, name=name)
        write_all(tmp_path / name, spool, arranged(frame), summary_info=info)
        pages.append(_read(tmp_path / name))
    assert pages[0] == pages[1]


def test_page_opens_in_chinese_and_names_teams_by_the_rules(
    tmp_path, spooled, tickets, arranged, info
):
    frame = tickets(48)
    frame["team"] = "logistics_desk"
    choice = ReportInfo(language="zh-Hans", rules=rules_load.load())
    write_all(tmp_path / "s", spooled(frame), arranged(frame), summary_info=info, report=choice)
    page = _Page(_read(tmp_path / "s"))
    assert '<html lang="zh-Hans">' in _read(tmp_path / "s")
    assert "投诉分诊" in page.text
    assert "物流组" in page.text
    assert "logistics_desk" not in page.text


def test_page_has_a_place_for_rising_issues(tmp_path, spooled, tickets, arranged, info):
    rising = Table(
        heading={"en": "Rising issues"},
        note={"en": "Found by chance once in twenty."},
        head=[{"en": "Issue"}, {"en": "Reason"}, {"en": "Tickets", "zh-Hans": "工单"}],
        rows=[["<b>SKU-1</b>", Key("reason.lost"), 1200]],
        first=[("<b>SKU-1</b>", Key("reason.lost"), 1200, 0.5)],
    )
    write_all(
        tmp_path / "s",
        spooled(tickets(24)),
        arranged(tickets(24)),
        summary_info=info,
        report=ReportInfo(rising=rising),
    )
    text = _Page(_read(tmp_path / "s")).text
    for shown in (
        "Rising issues",
        "Found by chance once in twenty.",
        "Rising: <b>SKU-1</b> · lost, 1,200 tickets where 0.5 were expected.",
        "1,200",
    ):
        assert shown in text


def test_incidents_stand_on_the_page(folder):
    text = _Page(_read(folder[0])).text
    # every ninth of 48 tickets
    assert "Groups of tickets that probably have one cause: 1, with 6 tickets" in text
    assert "incident-1" in text


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
