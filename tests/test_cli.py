"""The command line: what a newcomer is told, exit codes, and one line where others would trace."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import __version__, cli

ROOT = Path(__file__).parents[1]
NOW = "2026-11-21T09:00:00Z"


def python(*arguments: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run Python as a user would, in a terminal 100 columns wide."""
    plain = {"COLUMNS": "100", "PYTHONUTF8": "1", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env=os.environ | plain,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text("id,body\n1,the zip is broken\n2,快递还没到\n3,\n", encoding="utf-8")
    return path


@pytest.fixture
def classify(run_cli, export, tiny_model, tmp_path):
    """classify with a small model; give only what differs."""

    def run(*arguments, exports=(export,), model=tiny_model, out=tmp_path / "out"):
        plain = ["--out", out, "--model", model, "--jobs", 1]
        if "--now" not in arguments:
            plain += ["--now", NOW]
        if "--encoder" not in arguments:
            plain += ["--encoder", "off"]
        return run_cli("classify", *exports, *plain, *arguments)

    return run


def assert_refused(result, *words):
    """Exit code 1, and a single line on stderr with all the `words`."""
    code, out, err = result
    assert code == 1
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert "fault of the program" not in err
    for word in words:
        assert word in err


# --- As a user runs it -----------------------------------------------------------------------


def test_help_tells_a_newcomer_what_to_type():
    result = python("classify.py", "--help")
    assert result.returncode == 0
    assert result.stderr == ""
    for word in (
        "EXPORT", "--out", "--model", "--rules", "--column", "--encoding", "--now", "--jobs",
        "--engine", "--format", "--encoder", "--redact", "--resume", "--force", "--strict",
        "csv, tsv, jsonl, xlsx, parquet", "models/default", "text=投诉内容",
        "Example: python classify.py exports/ --out out",
    ):  # fmt: skip
        assert word in result.stdout, word


def test_a_run_and_an_error_in_a_process_of_their_own(export, tiny_model, tmp_path):
    plain = ["--out", tmp_path / "out", "--model", tiny_model, "--encoder", "off", "--now", NOW]
    done = python("classify.py", export, *plain)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1  rows rejected" in done.stdout
    wrong = python("-m", "pipeline", "classify", tmp_path / "none.csv", *plain)
    assert_refused((wrong.returncode, wrong.stdout, wrong.stderr), "no such file")


@pytest.mark.parametrize("script", ["classify.py", "train.py"])
def test_without_the_packages_there_is_one_line(script):
    """-S leaves out site-packages, as when the environment was not activated."""
    result = python("-S", script, "--help")
    answer = (result.returncode, result.stdout, result.stderr)
    assert_refused(answer, "is not installed for this Python", "make setup", ".venv/bin/activate")


def test_a_closed_pipe_is_no_crash():
    """`classify.py --help | head -1`"""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        result = subprocess.run(
            [sys.executable, "-m", "pipeline", "--version"],
            cwd=ROOT, stdout=closed, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert result.stderr == ""


@pytest.fixture
def process(export, tiny_model, tmp_path):
    """classify in a process of its own whose streams are as given."""

    def run(*arguments, before="pass", **streams):
        plain = ["--out", tmp_path / "out", "--model", tiny_model, "--encoder", "off"]
        start = f"import sys; {before}; from pipeline import cli; sys.exit(cli.main())"
        return subprocess.run(
            [sys.executable, "-c", start, "classify", export, *plain, *arguments],
            cwd=ROOT, text=True, check=False, **streams,
        )  # fmt: skip

    return run


@pytest.mark.parametrize(("arguments", "code"), [((), 0), (("--strict",), 3)])
def test_a_reader_that_leaves_early_changes_no_exit_code(process, tmp_path, arguments, code):
    """`classify.py ... | head -1`: the results are complete."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        result = process(*arguments, stdout=closed, stderr=subprocess.PIPE)
    assert (result.returncode, result.stderr) == (code, "")
    assert (tmp_path / "out" / "summary.json").is_file()


@pytest.mark.parametrize("closed", ["sys.stderr = None", "sys.stdout = None"])
def test_a_closed_stream_is_no_crash(process, tmp_path, closed):
    """`classify.py ... 2>&-`: Python has None for a stream that the shell closed."""
    result = process(before=closed, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "out" / "summary.json").is_file()


# --- classify --------------------------------------------------------------------------------


def test_done_is_zero_and_shows_where_the_files_are(classify, tmp_path):
    code, out, err = classify()
    assert (code, err) == (0, "")
    assert "triaged" in out
    assert (tmp_path / "out" / "queue.csv").is_file()


def test_rejected_rows_are_three_when_strict(classify, tmp_path):
    assert classify("--strict")[0] == 3
    assert (tmp_path / "out" / "triaged.csv").is_file()
    assert classify("--force")[0] == 0


def test_strict_without_rejected_rows_is_zero(classify, export):
    export.write_text("id,body\n1,llegó roto\n", encoding="utf-8")
    assert classify("--strict")[0] == 0


def test_a_column_can_be_named(classify, export, tmp_path):
    export.write_text("nr,投诉内容\n1,快递还没到\n", encoding="utf-8")
    assert classify("--column", "text=投诉内容", "--column", "ticket_id=nr")[0] == 0
    assert "快递还没到" in (tmp_path / "out" / "triaged.csv").read_text(encoding="utf-8")


def test_the_moment_may_have_any_offset(classify, tmp_path):
    """The same moment, written three ways."""
    found = []
    for i, now in enumerate((NOW, "2026-11-21T17:00:00+08:00", "2026-11-21T09:00:00")):
        out = tmp_path / f"out{i}"
        assert classify("--now", now, out=out)[0] == 0
        found.append((out / "triaged.csv").read_bytes())
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--column", "text"], ["--column must be FIELD=HEADER", "'text'"]),
        (["--column", "=x"], ["--column must be FIELD=HEADER"]),
        (["--column", "text=message"], ["export.csv", "'message'", "Found: id, body"]),
        (["--now", "yesterday"], ["--now must be an ISO 8601 time", "'yesterday'"]),
        (["--format", "xls"], ["Unknown format 'xls'", "csv, jsonl, parquet, xlsx"]),
        (["--format", ""], ["Unknown format"]),
        (["--encoding", "klingon"], ["Unknown encoding 'klingon'"]),
        (["--encoder", "maybe"], ["maybe", "auto"]),
        (["--jobs", "-1"], ["--jobs"]),
        (["--jobs", "many"], ["--jobs", "integer"]),
        (["--rules", "nowhere"], ["nowhere is not a folder"]),
        (["--engine", "dask"], ["--engine dask is not available yet"]),
        (["--outt", "x"], ["--outt", "--help"]),
    ],
)
def test_a_wrong_option_is_one_line(classify, arguments, words):
    assert_refused(classify(*arguments), *words)


def test_a_known_field_is_near_to_a_misspelt_one(classify):
    assert_refused(classify("--column", "txt=body"), "--column txt=body", "Did you mean 'text'")


def test_a_format_may_be_given_twice(classify, tmp_path):
    assert classify("--format", "jsonl,jsonl, csv")[0] == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"triaged.jsonl", "triaged.csv", "summary.json"} <= names


def test_results_are_not_read_again(classify, tmp_path):
    assert classify()[0] == 0
    results = tmp_path / "out" / "triaged.csv"
    assert_refused(classify("--force", exports=[results]), str(results), "inside the output folder")


def test_a_run_that_was_cut_short_is_gone_on_with(classify, monkeypatch, tmp_path):
    from pipeline import engine

    with monkeypatch.context() as patch:
        patch.setattr(engine.dispatch, "arrange", _raising(KeyboardInterrupt()))
        code, _, err = classify()
    assert code == 1
    assert err.splitlines()[-1].startswith("error: Stopped.")
    assert "--resume" in err
    assert_refused(classify(), "unfinished run", "--resume", "--force")
    assert classify("--resume")[0] == 0
    assert (tmp_path / "out" / "triaged.csv").is_file()


def test_a_run_that_was_cut_short_at_once_needs_no_option(classify, monkeypatch, tmp_path):
    from pipeline import engine

    with monkeypatch.context() as patch:
        patch.setattr(engine, "_triage_and_park", _raising(KeyboardInterrupt()))
        assert classify()[0] == 1
    assert classify()[0] == 0
    assert (tmp_path / "out" / "triaged.csv").is_file()


def test_a_wrong_path_is_one_line(classify, tmp_path, export, tiny_model):
    nowhere = tmp_path / "none.csv"
    assert_refused(classify(exports=[nowhere]), str(nowhere), "no such file")
    assert_refused(classify(out=export), "not a folder")
    assert_refused(classify(model=tmp_path), "not a model folder", "models/default")
    (tmp_path / "empty").mkdir()
    assert_refused(classify(exports=[tmp_path / "empty"]), "no export")
    picture = tmp_path / "x.png"
    picture.write_bytes(b"\x89PNG")
    assert_refused(classify(exports=[picture]), "unknown format")


def test_an_export_without_a_text_column_is_one_line(classify, export, tmp_path):
    export.write_text("a,b\n1,2\n", encoding="utf-8")
    assert_refused(classify(), "export.csv", "Found: a, b", '--column "text=')
    assert not (tmp_path / "out" / "triaged.csv").exists()


def test_missing_arguments_are_one_line(run_cli):
    assert_refused(run_cli("classify"), "EXPORT", "--help")
    assert_refused(run_cli("classify", "x.csv"), "--out", "--help")


@pytest.mark.parametrize("column", ["ticketid=id", "txt=body"])
def test_a_misspelt_field_is_named(classify, column):
    """Passed over, a run would be done without the column the user asked for."""
    assert_refused(classify("--column", column), repr(column.partition("=")[0]))


@pytest.mark.parametrize(
    "now",
    ["9999-12-31T00:00:00Z", "0001-01-01T00:00:00+14:00", "1999-12-31T23:59:59Z", "2101-01-01"],
)
def test_a_moment_out_of_all_reason_is_one_line(classify, now):
    assert_refused(classify("--now", now), "--now")


# --- The other verbs -------------------------------------------------------------------------


def test_version(run_cli):
    assert run_cli("--version") == (0, f"complaint-triage {__version__}\n", "")


def test_an_unknown_verb_names_the_nearest(run_cli):
    assert_refused(run_cli("clasify", "x"), "'clasify'", "classify")


def test_without_a_verb_the_verbs_are_listed(run_cli):
    _, out, err = run_cli()
    for verb in ("classify", "train", "evaluate", "explain", "rules"):
        assert verb in out + err


def test_without_a_verb_is_no_error(run_cli):
    assert run_cli()[2] == ""


@pytest.mark.parametrize("text", ["Never arrived, I want my money back", "客服不理人", "ok", ""])
def test_explain(run_cli, tiny_model, text):
    code, out, err = run_cli("explain", text, "--model", tiny_model, "--encoder", "off")
    assert (code, err) == (0, "")
    for word in (text, "category", "team", "explanation"):
        assert word in out


def test_evaluate_shows_and_writes_the_numbers(run_cli, tiny_model, labelled_file, tmp_path):
    out_file = tmp_path / "metrics.json"
    code, out, _ = run_cli(
        "evaluate", tiny_model, labelled_file, "--out", out_file, "--encoder", "off"
    )
    assert code == 0
    assert "macro-F1" in out
    metrics = json.loads(out_file.read_text(encoding="utf-8"))
    assert metrics["tickets"] == 150
    assert metrics["category"]["accuracy"] > 0.9  # on what it was trained on
    assert metrics["urgency"]["quadratic_kappa"] > 0.5
    assert set(metrics["by_language"]) == {"en", "es", "ru", "ja", "zh-Hans", "zh-Hant"}


def test_evaluate_of_a_file_without_labels_is_one_line(run_cli, tiny_model, export):
    assert_refused(run_cli("evaluate", tiny_model, export), "no row has a category", "--column")


def test_rules_check(run_cli, tmp_path):
    code, out, err = run_cli("rules", "check")
    assert (code, err) == (0, "")
    assert "in order" in out
    (tmp_path / "routng.toml").write_text("", encoding="utf-8")
    code, _, err = run_cli("rules", "check", "--rules", tmp_path)
    assert code == 1
    assert "Did you mean 'routing.toml'" in err


def test_train_and_use_the_model(run_cli, write_rows, tmp_path, export):
    rows = [
        {"text": f"{word} {i}", "kind": kind}
        for word, kind in (("broken zip", "quality"), ("late parcel", "logistics"))
        for i in range(6)
    ]
    model = tmp_path / "model"
    code, out, err = run_cli(
        "train", write_rows(rows), "--out", model, "--column", "category=kind",
        "--encoder", "off", "--jobs", 1,
    )  # fmt: skip
    assert code == 0
    assert "12 labelled tickets, 2 categories" in err
    assert f"classify.py EXPORT --model {model}" in out
    out_dir = tmp_path / "out"
    assert run_cli("classify", export, "--model", model, "--out", out_dir, "--jobs", 1)[0] == 0


@pytest.mark.parametrize(
    "mix", ["quality", "quality=much", "quality=0.5,logistics", "a=b=c", "quality=0", "quality=40"]
)
def test_a_wrong_mix_is_one_line(run_cli, labelled_file, tmp_path, mix):
    result = run_cli("train", labelled_file, "--out", tmp_path / "m", "--mix", mix)
    assert_refused(result, "--mix must be LABEL=SHARE", repr(mix))


def test_too_few_labels_are_one_line(run_cli, write_rows, tmp_path):
    rows = [{"text": "late", "category": "logistics"}] * 7
    assert_refused(run_cli("train", write_rows(rows), "--out", tmp_path / "m"), "at least two")
    assert not (tmp_path / "m").exists()


@pytest.fixture
def quick_training(monkeypatch):
    """Learning itself is not the matter here: note that it was begun."""
    from pipeline.learn import command

    class BegunError(Exception):
        pass

    def learn(*args, **kwargs):
        raise BegunError("learning began")

    monkeypatch.setattr(command, "learn", learn)


@pytest.mark.usefixtures("quick_training")
def test_what_would_fail_after_an_hour_fails_at_once(run_cli, labelled_file, export, tmp_path):
    plain = ["train", labelled_file, "--encoder", "off"]
    assert_refused(run_cli(*plain, "--out", export), "not a folder")
    missing = tmp_path / "none.csv"
    assert_refused(run_cli(*plain, "--out", tmp_path / "m", "--test", missing), "no such file")


# --- The last line of defence ----------------------------------------------------------------


def _raising(error):
    def command(*args, **kwargs):
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ZeroDivisionError("x"), "unexpected ZeroDivisionError"),
        (MemoryError(), "--jobs 1"),
        (KeyboardInterrupt(), "Stopped"),
        (RecursionError("maximum recursion depth exceeded"), "nested too deeply"),
        (
            PermissionError(13, "Permission denied", "投诉.csv"),
            "投诉.csv: Permission denied. Check",
        ),
        (FileNotFoundError(2, "No such file", b"gone.csv"), "error: gone.csv: No such file. "),
        (OSError(5, "Input/output error"), "unexpected OSError"),
    ],
)
def test_whatever_happens_there_is_one_line(run_cli, monkeypatch, error, words):
    monkeypatch.setattr(cli, "app", _raising(error))
    monkeypatch.delenv("TRIAGE_TRACEBACK", raising=False)
    code, _, err = run_cli("classify")
    assert code == 1
    assert words in err
    assert err.count("\n") == 1


def test_stopped_by_the_library_of_the_command_line(run_cli, monkeypatch):
    """Typer catches Ctrl-C itself and gives 130 without a word."""
    monkeypatch.setattr(cli, "app", lambda **_: 130)
    assert_refused(run_cli("classify"), "Stopped", "--resume")


def test_the_traceback_can_be_asked_for(run_cli, monkeypatch):
    monkeypatch.setattr(cli, "app", _raising(ZeroDivisionError("x")))
    monkeypatch.setenv("TRIAGE_TRACEBACK", "1")
    assert "Traceback" in run_cli("classify")[2]


def test_a_warning_is_one_line_too(run_cli, monkeypatch):
    import warnings

    def warns(*args, **kwargs):
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            cli._warn("rjieba is not installed", UserWarning)
            cli._warn("old", DeprecationWarning)
        return 0

    monkeypatch.setattr(cli, "app", warns)
    assert run_cli("classify") == (0, "", "note: rjieba is not installed\n")
