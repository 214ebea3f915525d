"""The manual says what the program does: reference, Chinese README, glossary, navigation."""

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


REFERENCE = module("reference_pages")
STEP = module("chinese_readme")


@pytest.mark.parametrize("name", REFERENCE.PAGES)
def test_reference_is_up_to_date(name):
    page = (DOCS / "reference" / f"{name}.md").read_text(encoding="utf-8")
    assert page == REFERENCE.PAGES[name](), "run: make docs"


def test_chinese_readme_has_the_same_headings():
    assert STEP.headings(CHINESE) == STEP.headings(ENGLISH)


def test_chinese_readme_has_the_same_commands():
    assert STEP.commands(CHINESE) == STEP.commands(ENGLISH), "run: make readme"


def test_chinese_readme_names_the_same_files_of_a_run():
    def files(text):
        return re.findall(r"^\| `((?:queues/)?[A-Za-z]+\.(?:csv|html|json))`", text, re.MULTILINE)

    assert set(files(ENGLISH)) - {"metrics.json", "label_issues.csv"} <= set(files(CHINESE))


def test_glossary_knows_every_reason_in_every_language():
    from pipeline.ticket import REASONS

    content = tomllib.loads((DOCS / "glossary.toml").read_text(encoding="utf-8"))
    every = {name for names in REASONS.values() for name in names}
    assert set(content["reasons"]) == every
    for name, words in content["reasons"].items():
        assert set(words) == set(content["languages"]), name
        assert all(words.values()), name


def test_every_page_is_in_the_navigation():
    listed = set(re.findall(r"([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    # Decisions are listed in their own README, which another test compares.
    assert listed == {page for page in pages if not page.startswith("decisions/0")}


def test_the_manual_builds(tmp_path):
    pytest.importorskip("mkdocs")
    pytest.importorskip("material")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "how-to" / "what-is-new" / "index.html").read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="https?://(?!squidfunk)[^"]*\.(?:js|css|woff2?)"', page)
