"""What the documents say is true: commands run, tables fit the program, links lead somewhere."""

import csv
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = [
    path.read_text(encoding="utf-8")
    for path in (ROOT / "docs" / "tutorial.md", *sorted((ROOT / "docs" / "how-to").glob("*.md")))
]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "data/*.md", "models/*.md", "benchmarks/*.md")
    for path in ROOT.glob(pattern)
)
MODEL = ROOT / "models" / "default"
needs_model = pytest.mark.skipif(
    not (MODEL / "model.json").is_file(), reason="models/default is missing: make model"
)

#: Options of other programs that the README shows.
_FOREIGN = {"--help"}
#: Rows of labelled history that the README's commands train on: enough of each category, quick.
_HISTORY_ROWS = 100


def _blocks_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("readme_blocks", ROOT / "docs/readme_blocks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BLOCKS = _blocks_module()


def _fenced(language: str) -> list[str]:
    """The blocks of README and manual, each once, in the order in which a reader meets them."""
    fence = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return list(dict.fromkeys(block for text in (README, *GUIDES) for block in fence.findall(text)))


# --- what is made from the program -------------------------------------------------------------


@pytest.mark.parametrize("name", BLOCKS.BLOCKS)
def test_part_is_up_to_date(name):
    made = BLOCKS.BLOCKS[name]()
    if made is None:
        pytest.skip(f"nothing to make '{name}' from yet")
    found = [
        match[1]
        for document in BLOCKS.DOCUMENTS
        for match in re.finditer(
            rf"<!-- begin {name} -->\n(.*?)\n?<!-- end {name} -->",
            document.read_text(encoding="utf-8"),
            re.DOTALL,
        )
    ]
    assert found == [made], "run: make readme"


def test_every_option_that_the_readme_names_exists():
    known = {
        option.split()[0] for verb in BLOCKS.verbs() for option, _ in BLOCKS.verb_options(verb)
    }
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", README))
    assert named - known - _FOREIGN == set()
    assert known - named == set()


def test_every_file_of_a_run_is_explained():
    for name in ("triaged", "queue", "review", "followup", "rejected"):
        assert f"`{name}.csv`" in README
    for name in ("report.html", "summary.json"):
        assert f"`{name}`" in README


def test_every_review_reason_and_table_of_rules_is_explained():
    from pipeline.ticket import REVIEW_REASONS

    for reason in REVIEW_REASONS:
        assert f"| `{reason}` |" in README
    for table in (ROOT / "pipeline" / "rules").glob("*.toml"):
        assert f"[{table.name}](pipeline/rules/{table.name})" in README


def test_every_pass_of_the_corpus_and_every_decision_is_listed():
    data = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    for folder in filter(Path.is_dir, (ROOT / "data" / "corpus").iterdir()):
        assert f"- `{folder.name}`: " in data
    decisions = ROOT / "docs" / "decisions"
    listed = (decisions / "README.md").read_text(encoding="utf-8")
    for note in decisions.glob("0*.md"):
        assert f"({note.name})" in listed


# --- links -------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if target.startswith(("https://", "http://")):
            continue
        path = (document.parent / target).resolve()
        if MODEL in path.parents and not MODEL.joinpath("model.json").is_file():
            continue
        assert path.exists(), f"{document.name} links to {target}, which is not there"


# --- commands ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder that looks like the repository, with the files that the README's reader has."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("classify.py", "train.py"):
        shutil.copy(ROOT / name, folder)
    (folder / "pipeline").symlink_to(ROOT / "pipeline")
    (folder / "models").mkdir()
    (folder / "models" / "default").symlink_to(MODEL)
    shutil.copytree(ROOT / "data" / "sample", folder / "exports")
    shutil.copytree(ROOT / "data" / "sample", folder / "data" / "sample")
    _write_csv(folder / "old-shop.csv", ["注文番号", "内容"], [["A1", "商品が届きません"]], "cp932")
    _write_csv(folder / "own-shop.csv", ["参考", "买家说的话"], [["A1", "充电器坏了"]], "utf-8")
    history = _labelled_rows()
    header = list(history[0])
    rows = [list(row.values()) for row in history]
    _write_csv(folder / "history.csv", header, rows[::2], "utf-8")
    _write_csv(folder / "judged.csv", header, rows[1::2], "utf-8")
    tools = folder / "bin"
    tools.mkdir()
    (tools / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (tools / "python").chmod(0o755)
    return folder


def _write_csv(path: Path, header: list[str], rows: list[list[str]], encoding: str) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([header, *rows])


def _labelled_rows() -> list[dict[str, str]]:
    """Rows of the corpus, the five categories in turn."""
    lines = (ROOT / "data/corpus/pass2/en.jsonl").read_text(encoding="utf-8").splitlines()
    keys = ("text", "category", "urgency")
    rows = [{key: str(row[key]) for key in keys} for row in map(json.loads, lines)]
    by_category = [
        [row for row in rows if row["category"] == label]
        for label in sorted({row["category"] for row in rows})
    ]
    # Five in turn, an odd number: every second row still has all of them.
    turns = [row for group in zip(*by_category, strict=False) for row in group]
    return turns[: 2 * _HISTORY_ROWS]


def _run(command: list[str], folder: Path) -> None:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"


@needs_model
@pytest.mark.parametrize("commands", _fenced("bash"), ids=lambda block: block.split("\n")[0][:60])
def test_commands_run(commands, desk):
    _run(["bash", "-euo", "pipefail", "-c", commands], desk)


@needs_model
@pytest.mark.parametrize("code", _fenced("python"), ids=lambda block: block.split("\n")[-2][:60])
def test_python_runs(code, desk):
    _run([str(desk / "bin" / "python"), "-c", code], desk)
