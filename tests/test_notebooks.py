"""Every notebook runs from top to bottom, is stored without output, and its page is in step."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

pytest.importorskip("nbclient")
pytest.importorskip("matplotlib")


def cells(notebook: Path, kind: str) -> list[str]:
    content = json.loads(notebook.read_text(encoding="utf-8"))
    found = (cell for cell in content["cells"] if cell["cell_type"] == kind)
    return ["".join(cell["source"]) for cell in found]


def test_there_are_six():
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05", "06"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_opens_with_a_question_and_ends_with_its_finding(notebook):
    title = cells(notebook, "markdown")[0].splitlines()[0]
    assert re.fullmatch(r"# \d\. .+\?", title)
    assert "finding(" in cells(notebook, "code")[-1]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_stored_without_output(notebook):
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_page_shows_the_same_code_and_its_pictures(notebook):
    page = ROOT / "docs" / "notebooks" / f"{notebook.stem}.md"
    text = page.read_text(encoding="utf-8")
    for code in cells(notebook, "code"):
        assert code in text, "run: make notebooks"
    assert "**Finding.**" in text
    for picture in re.findall(r"!\[.*?\]\((.+?)\)", text):
        svg = (page.parent / picture).read_text(encoding="utf-8")
        assert "<text" in svg, "letters are drawn by the browser, in any script"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_top_to_bottom(notebook):
    if not (ROOT / "models" / "default" / "model.json").is_file():
        pytest.skip("models/default is missing: make model")
    spec = importlib.util.spec_from_file_location("notebook_pages", ROOT / "docs/notebook_pages.py")
    pages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pages)
    done = pages.run(notebook)
    said = [
        output["data"]["text/markdown"]
        for cell in done.cells
        for output in cell.get("outputs", [])
        if "text/markdown" in output.get("data", {})
    ]
    assert said[-1].startswith("**Finding.**")
