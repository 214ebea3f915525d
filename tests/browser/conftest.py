"""A real browser, and reports made by real runs.

Chromium is that of the system: ``$CHROMIUM``, else the first of the usual names. Without one the
tests are skipped, unless ``TRIAGE_BROWSER=required`` (as in .ci/run) makes that a failure.
"""

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline import engine

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "models" / "default"
#: Kept after the tests, for people to look at; git ignores build/.
SCREENSHOTS = ROOT / "build" / "screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

#: Every one of these sets `pwned` in a page that takes text for markup.
HOSTILE = (
    "<script>window.pwned = 1</script> the kettle is broken and I want my money back",
    "</script><script>window.pwned = 2</script> parcel lost for three weeks now",
    "<img src=x onerror='window.pwned = 3'> the seller sold me a fake phone",
    "<svg onload=window.pwned=4></svg> refund refused, nobody answers my emails",
    "<!--<script>--><a href='javascript:window.pwned=5'>click</a> battery exploded in my hand",
    "\u202egnp.exe\u202c ${window.pwned=6} {{ 7*7 }} {0} the courier threw the box over the fence",
)


def chromium() -> str | None:
    """The path of a Chromium of this machine."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    path = chromium()
    if path is None:
        reason = (
            f"No browser found: none of {', '.join(NAMES)} is installed and CHROMIUM is not set. "
            "On Debian or Ubuntu: apt install chromium"
        )
        if os.environ.get("TRIAGE_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        # Containers run tests as root, where Chromium's own sandbox refuses to start.
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def show(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a report; at the end of the test nothing may have gone wrong or over the network."""
    troubles: list[str] = []
    contexts = []

    def open_page(path: Path, width: int = 1280, height: int = 900, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("console", lambda message: troubles.append(f"console: {message.text}"))
        page.on("dialog", lambda dialog: (troubles.append("a dialog opened"), dialog.dismiss()))
        page.on("request", lambda request: _note_foreign(request.url, troubles))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def _note_foreign(url: str, troubles: list[str]) -> None:
    if not url.startswith("file:"):
        troubles.append(f"asked the network for {url}")


@pytest.fixture
def screenshot() -> Callable[[Any, str], None]:
    """Keep a picture of a page as build/screenshots/NAME.png."""

    def keep(page: Any, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png")

    return keep


@pytest.fixture(scope="session")
def classified(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Triage exports; return the path of the report."""
    if not (MODEL / "model.json").is_file():
        pytest.skip("models/default is missing: make model")

    def run(*exports: Path, **options: Any) -> Path:
        out = tmp_path_factory.mktemp("run") / "out"
        engine.classify(
            engine.Run(exports=exports, out=out, now=NOW, model=MODEL, encoder="off", **options)
        )
        return out / "report.html"

    return run


@pytest.fixture(scope="session")
def sample(classified: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of data/sample and some hostile tickets."""
    folder = tmp_path_factory.mktemp("hostile")
    rows = [
        {
            "ticket_id": f"<b id=x{number}>H{number}</b>",
            "created_at": "2026-11-20T10:00:00Z",
            "status": "open",
            "country": "<u>DE</u>",
            "channel": "<i>mail</i>",
            "text": text,
        }
        for number, text in enumerate(HOSTILE)
    ]
    lines = "\n".join(json.dumps(row) for row in rows)
    (folder / "<img src=x onerror=window.pwned=7>.jsonl").write_text(lines, encoding="utf-8")
    return classified(ROOT / "data" / "sample", folder)


@pytest.fixture(scope="session")
def large(classified: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report that holds 50,000 tickets."""
    path = tmp_path_factory.mktemp("large") / "tickets.csv"
    texts = [
        "The kettle leaks at the bottom and the handle came off",
        "快递一直没有到，客服不回复",
        "Die Rückerstattung fehlt seit drei Wochen",
        "返品したいのに断られました",
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["ticket_id", "created_at", "status", "text"])
        for number in range(50_000):
            day, hour = 1 + number % 20, number % 24
            words = f"{texts[number % len(texts)]}, order {number}"
            rows.writerow([f"L{number:05d}", f"2026-11-{day:02d}T{hour:02d}:00:00Z", "open", words])
    return classified(path, report_tickets=50_000)
