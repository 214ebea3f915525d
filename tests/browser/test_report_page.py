"""The report as people use it: in a browser, on a phone, on paper, by keyboard, in Chinese."""

import itertools
import json
import re
from datetime import datetime

import pytest

from pipeline.output.report.words import dictionary

WORDS = dictionary()
#: Rows that may be in the page at once, however long the queue is.
ROWS_AT_MOST = 60
LEVELS = ("Critical", "High", "Normal", "Low")


def _held(page) -> dict:
    """The tickets inside the page, as a list of plain values for each column."""
    columns = json.loads(page.locator("#tickets").text_content())["columns"]
    return {
        name: [one["of"][at] for at in one["at"]] if isinstance(one, dict) else one
        for name, one in columns.items()
    }


def _rows(page) -> list[str]:
    """Ticket ids of the rows that are drawn, from top to bottom."""
    rows = page.locator("#list .row")
    rows.first.wait_for()
    found = rows.evaluate_all(
        "rows => rows.map(row => [Number(row.getAttribute('aria-posinset')),"
        " row.querySelector('bdi').textContent])"
    )
    return [name for _, name in sorted(found)]


def _count(page) -> int:
    return int(page.locator("#count").inner_text().split(" ")[0].replace(",", ""))


def _await_count(page, expected: int) -> None:
    from playwright.sync_api import expect

    expect(page.locator("#count")).to_have_text(re.compile(rf"^{expected:,} "))


def _search(page, text: str, expected: int) -> None:
    page.fill("#search", text)
    _await_count(page, expected)


# --- the questions ----------------------------------------------------------------------------


def test_first_screen_answers_the_three_questions(show, sample, screenshot):
    page = show(sample)
    held = _held(page)
    first, late, new = page.locator(".answers .card").all()
    assert held["ticket_id"][0] in first.inner_text()
    assert re.search(r"about \d+ first answers late in 24 h, \d+ in 48 h", late.inner_text())
    assert re.search(r"\d+ tickets in seven days, \d+ in the seven before", new.inner_text())
    cards = page.locator("#ten li").all()
    assert len(cards) == 10
    for card, name in zip(cards, held["ticket_id"], strict=False):
        text = card.inner_text()
        assert name in text
        points = [float(one) for one in re.findall(r"\+([\d.]+)", text)]
        total = float(re.search(r"= ([\d.]+)", text)[1])
        assert sum(points) == pytest.approx(total, abs=0.01), "chips that do not add up"
    screenshot(page, "first-screen")


def test_charts_and_tables_are_there(show, sample, screenshot):
    page = show(sample)
    for section in ("late", "week", "intake", "review", "incidents", "sure", "data"):
        assert page.locator(f"#{section} h2").inner_text()
    assert page.locator("#intake svg.stacked rect").count() > 20
    assert page.locator("#late tbody tr").count() >= 5
    assert page.locator("#sure tbody tr").count() == 21
    page.locator("#late").scroll_into_view_if_needed()
    screenshot(page, "who-will-be-late")
    page.locator("#intake").scroll_into_view_if_needed()
    screenshot(page, "what-came-in")


# --- the queue --------------------------------------------------------------------------------


def test_filters_leave_what_fits(show, sample):
    page = show(sample)
    held = _held(page)
    everything = len(held["ticket_id"])
    assert _count(page) == everything
    for select, column, value in (
        ("team", "team", "logistics_desk"),
        ("level", "urgency_level", "critical"),
        ("state", "sla_state", "breached"),
        ("category", "category", "service"),
    ):
        page.select_option(f"#{select}", value)
        fitting = [i for i, v in zip(held["ticket_id"], held[column], strict=True) if v == value]
        assert 0 < _count(page) == len(fitting) < everything
        assert set(_rows(page)) <= set(fitting)
        page.click("#clear")
        _await_count(page, everything)
    page.check("#doubtful")
    assert _count(page) == sum(held["needs_review"])


def test_filters_work_together_and_say_when_nothing_fits(show, sample):
    page = show(sample)
    page.select_option("#team", "logistics_desk")
    page.select_option("#level", "critical")  # those go to the escalation desk
    assert _count(page) == 0
    assert page.locator("#empty").is_visible()
    assert page.locator("#list .row").count() == 0


@pytest.mark.parametrize("column", ["text", "ticket_id", "order_id"])
def test_search_finds_words_of_any_script_and_numbers(show, sample, column):
    page = show(sample)
    held = _held(page)
    samples = [value for value in held[column] if value][:60:12]
    for value in samples:
        term = value.split()[0].lower()
        searched = (
            "text",
            "ticket_id",
            "order_id",
            "customer_id",
            "sku",
            "keywords",
            "incident_id",
            "reason",
        )
        fitting = [
            at
            for at in range(len(held["text"]))
            if any(term in (held[name][at] or "").lower() for name in searched)
        ]
        page.fill("#search", term)
        page.wait_for_timeout(200)
        assert _count(page) >= len(fitting) > 0


def test_sorting(show, sample):
    page = show(sample)
    held = _held(page)
    place = {name: at for at, name in enumerate(held["ticket_id"])}
    for order, column, sign in (
        ("due", "next_step_due_at", 1),
        ("old", "created_at", 1),
        ("new", "created_at", -1),
        ("value", "order_value", -1),
    ):
        page.select_option("#sort", order)
        shown = [held[column][place[name]] for name in _rows(page)]
        known = [sign * value for value in shown if value is not None]
        assert known == sorted(known)
        assert known[0] == min(sign * value for value in held[column] if value is not None)
    page.select_option("#sort", "rank")
    assert _rows(page)[0] == held["ticket_id"][0]


def test_fifty_thousand_rows_are_windowed(show, large, screenshot):
    page = show(large)
    assert _count(page) == 50_000
    page.locator("#list").scroll_into_view_if_needed()
    for part in (0.25, 0.5, 0.75, 1):
        page.evaluate(
            f"list = document.getElementById('list'); list.scrollTop = {part} * list.scrollHeight"
        )
        page.wait_for_timeout(50)
        assert 0 < page.locator("#list .row").count() < ROWS_AT_MOST
    ranks = page.locator("#list .row .place").all_inner_texts()
    assert "#50000" in ranks
    _search(page, "order 49999", 1)
    assert _rows(page) == ["L49999"]
    page.fill("#search", "")
    page.select_option("#sort", "new")
    assert page.locator("#list .row").count() < ROWS_AT_MOST
    screenshot(page, "fifty-thousand")


# --- one ticket -------------------------------------------------------------------------------


def test_ticket_opens_to_its_reasons(show, sample, screenshot):
    page = show(sample)
    held = _held(page)
    page.locator("#ten button").first.click()
    dialog = page.locator("#ticket")
    text = dialog.inner_text()
    assert held["ticket_id"][0] in text
    assert held["routing_rule"][0] in text
    assert held["sla_policy"][0] in text
    assert held["suggested_action"][0] in text
    marks = dialog.locator("mark").all_inner_texts()
    keywords = held["keywords"][0].split(", ")
    assert marks
    assert set(marks) <= set(keywords)
    assert dialog.locator("blockquote").text_content() == held["text"][0]
    screenshot(page, "ticket")


def test_deadline_receipt_adds_up(show, sample):
    page = show(sample)
    page.locator("#ten button").nth(1).click()
    text = page.locator("#ticket").inner_text()
    moment = r"(\d{4}-\d\d-\d\d \d\d:\d\d)"
    came = re.search(rf"Came in\s+{moment}", text)[1]
    allowed, unit = re.search(r"\+ (\d+) (min|h|d), policy", text).groups()
    due = re.search(rf"= {moment}", text)[1]
    seconds = int(allowed) * {"min": 60, "h": 3600, "d": 86_400}[unit]
    elapsed = datetime.fromisoformat(due) - datetime.fromisoformat(came)
    assert elapsed.total_seconds() == seconds


def test_points_of_a_ticket_add_up_to_its_priority(show, sample):
    page = show(sample)
    page.locator("#ten button").nth(4).click()
    dialog = page.locator("#ticket")
    total = float(re.search(r"Priority ([\d.]+) of 100", dialog.inner_text())[1])
    points = [float(one) for one in dialog.locator(".points .n").all_inner_texts()]
    assert len(points) > 3
    assert sum(points) == pytest.approx(total, abs=0.01)


def test_keyboard_alone_is_enough(show, sample):
    page = show(sample)
    held = _held(page)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.locator("#list").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    active = page.locator("#list").get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    assert held["ticket_id"][3] in page.locator("#ticket h2").inner_text()
    page.keyboard.press("Escape")
    assert not page.locator("#ticket").is_visible()
    assert page.evaluate("document.activeElement.id") == "list"
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    assert held["ticket_id"][-1] in page.locator("#ticket h2").inner_text()


# --- strangers --------------------------------------------------------------------------------


def test_no_text_of_a_ticket_is_run(show, sample, screenshot):
    page = show(sample)
    _search(page, "window.pwned", 6)
    ids = [name for name in _rows(page) if "H" in name]
    assert sorted(ids) == [f"<b id=x{n}>H{n}</b>" for n in range(6)]
    for at in range(6):
        page.locator("#list .row").nth(at).click()
        assert "pwned" in page.locator("#ticket blockquote").inner_text()
        assert page.locator("#ticket blockquote *:not(mark)").count() == 0
        if at == 0:
            screenshot(page, "hostile")
        page.keyboard.press("Escape")
    page.click("button[data-language=zh-Hans]")
    assert page.evaluate("window.pwned") is None
    assert page.locator("main img, main iframe, main script, #x0").count() == 0
    assert "<img src=x onerror=window.pwned=7>.jsonl" in page.locator("#data").inner_text()


def test_policy_stops_what_slips_through(browser, sample):
    """Were markup of a stranger ever in the page, the browser would not run it."""
    page = browser.new_page()
    page.goto(sample.as_uri())
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend',"
        " `<img src=x onerror='window.pwned = 1'>"
        "<button id=evil onclick='window.pwned = 2'>x</button>`)"
    )
    page.evaluate(
        "s = document.createElement('script'); s.textContent = 'window.pwned = 3';"
        "document.body.append(s)"
    )
    page.evaluate("document.getElementById('evil').click()")
    page.wait_for_timeout(100)
    assert page.evaluate("window.pwned") is None
    page.close()


# --- languages --------------------------------------------------------------------------------


def test_language_can_be_switched(show, sample, screenshot):
    page = show(sample)
    page.select_option("#level", "high")
    page.click("button[data-language=zh-Hans]")
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    assert page.locator("h1").inner_text() == "投诉分诊"
    assert page.locator("#level option").all_inner_texts() == [
        "所有级别",
        "危急",
        "高",
        "普通",
        "低",
    ]
    assert page.get_attribute("#search", "placeholder") == WORDS["zh-Hans"]["search_hint"]
    screenshot(page, "chinese")
    # Nothing that has a Chinese word is left in English, in the page and in a ticket.
    page.locator("#ten button").first.click()
    said = page.locator("body").inner_text()
    for key in (
        "queue",
        "late",
        "week",
        "intake",
        "review",
        "sure",
        "receipt",
        "why_here",
        "facts",
    ):
        assert WORDS["zh-Hans"][key] in said
        assert WORDS["en"][key] not in said
    page.keyboard.press("Escape")
    page.click("button[data-language=en]")
    assert page.locator("#queue h2").inner_text() == "The queue"
    assert page.locator("#late tbody th").first.inner_text() in [
        word for key, word in dictionary(_rules())["en"].items() if key.startswith("team.")
    ]


def _rules():
    from pipeline.rules import load

    return load.load()


def test_switching_says_what_the_program_writes(show, sample):
    """The page after two switches is the page before: script and program speak alike."""
    page = show(sample)
    read = "[...document.querySelectorAll('main [data-w]')].map(one => one.textContent)"
    before = page.evaluate(read)
    page.click("button[data-language=zh-Hans]")
    assert page.evaluate(read) != before
    page.click("button[data-language=en]")
    assert page.evaluate(read) == before
    # Languages and countries have their names inside sentences too, not their codes.
    assert not re.search(r"\b(th|ms|vi) \(", page.locator("#sure").inner_text())


# --- every reader -----------------------------------------------------------------------------


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_no_sideways_scrolling(show, sample, screenshot, width, language):
    page = show(sample, width=width, height=800)
    page.click(f"button[data-language={language}]")
    for details in page.locator("main details > summary").all():
        details.click()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.locator("#ten button").first.click()
    assert page.evaluate("document.getElementById('ticket').scrollWidth - innerWidth") <= 0
    page.keyboard.press("Escape")
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    screenshot(page, f"width-{width}-{language}")


_CONTRAST = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((one) => {
    const c = one / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }).reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const poor = new Set();
  for (const one of document.querySelectorAll("body *")) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !one.checkVisibility()) continue;
    const [a, b] = [light(parts(getComputedStyle(one).color)), light(behind(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.add(`${one.tagName}.${one.className} ${ratio.toFixed(2)}`);
  }
  return [...poor];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(show, sample, screenshot, scheme):
    """WCAG 2.2 AA: 4.5 to 1 for text."""
    page = show(sample, color_scheme=scheme)
    assert page.evaluate(_CONTRAST) == []
    page.locator("#ten button").first.click()
    assert page.evaluate(_CONTRAST) == []
    screenshot(page, f"ticket-{scheme}")


def test_appearance_can_be_switched(show, sample, screenshot):
    page = show(sample, color_scheme="light")
    page.click("#appearance")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    assert page.evaluate(_CONTRAST) == []
    screenshot(page, "dark")
    page.click("#appearance")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"


def test_everything_has_a_name(show, sample):
    page = show(sample)
    nameless = page.evaluate(
        "[...document.querySelectorAll('input, select, button, [role=img], [role=listbox], nav')]"
        ".filter(one => !(one.labels && one.labels.length) && !one.getAttribute('aria-label')"
        " && !one.textContent.trim()).map(one => one.outerHTML)"
    )
    assert nameless == []
    levels = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert page.evaluate("document.querySelectorAll('th:not([scope])').length") == 0


def test_page_serves_without_scripts(show, sample, screenshot):
    page = show(sample, java_script_enabled=False)
    text = page.locator("body").inner_text()
    assert WORDS["en"]["no_script"] in text
    assert "Answer these ten first" in text
    assert not page.locator("#filters").is_visible()
    assert page.locator("#ten li").count() == 10
    assert page.locator("#late tbody tr").count() >= 5
    screenshot(page, "without-scripts")


def test_paper_has_the_queue_and_no_controls(show, sample):
    page = show(sample, color_scheme="dark")
    page.select_option("#level", "critical")
    wanted = _count(page)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("#paper tr").count() == wanted
    assert page.locator("#paper").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for control in ("#filters", "#list", ".top nav", ".tools"):
        assert not page.locator(control).is_visible()
    assert page.pdf()[:4] == b"%PDF"


def test_empty_export(show, classified, tmp_path):
    path = tmp_path / "none.csv"
    path.write_text("ticket_id,text\n", encoding="utf-8")
    page = show(classified(path))
    assert "no open tickets" in page.locator("#first").inner_text()
    assert page.locator("#empty").is_visible()
    assert LEVELS[0] not in page.locator("#level").inner_text()
