"""The parts of the READMEs that are made from the program itself: ``make readme`` rewrites them.

A part stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``. tests/test_readme.py
fails when one is out of date, so no README can say what the program does not do. A part
whose source is missing (no model, no benchmark yet) is left as it is.
"""

import contextlib
import io
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENTS: Final = (ROOT / "README.md", ROOT / "data" / "README.md")
CORPUS: Final = ROOT / "data" / "corpus"
METRICS: Final = ROOT / "models" / "default" / "metrics.json"
SPEED: Final = ROOT / "benchmarks" / "results.json"

_BLOCK: Final = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)

#: What the table of quality says: sentence, path in metrics.json, format.
_MEASURED: Final = (
    ("texts it was measured on", ("tickets",), ",.0f"),
    ("category: macro-F1", ("category", "macro_f1"), ".2f"),
    ("category: right", ("category", "accuracy"), ".0%"),
    ("... among complaints only", ("category", "accuracy_among_complaints"), ".0%"),
    ("... when the second category counts too", ("category", "accuracy_counting_secondary"), ".0%"),
    ("category: calibration error", ("calibration_error",), ".3f"),
    ("sent on without review", ("review", "coverage"), ".0%"),
    ("... of these right", ("review", "accuracy_sent_on"), ".0%"),
    ("urgency: quadratic kappa", ("urgency", "quadratic_kappa"), ".2f"),
    ("urgent tickets (high or critical) found", ("urgency", "urgent_recall"), ".0%"),
    ("... at this share of all tickets flagged", ("urgency", "flagged"), ".0%"),
    ("texts the encoder was asked about", ("asked_the_encoder",), ".0%"),
)


def columns() -> str:
    """Every column of triaged.csv, with the meaning that pipeline/ticket.py gives it."""
    from pipeline.ticket import COLUMNS

    rows = [f"| `{c.name}` | {c.meaning.replace('`', '')} |" for c in COLUMNS]
    return "\n".join(["| column | meaning |", "|---|---|", *rows])


def options() -> str:
    """Every option of every verb, as ``--help`` says it."""
    parts = []
    for verb in verbs():
        rows = [f"| `{name}` | {said} |" for name, said in verb_options(verb)]
        parts.append("\n".join([f"**{verb}**", "", "| option | meaning |", "|---|---|", *rows]))
    return "\n\n".join(parts)


def verbs() -> list[str]:
    """Return every verb of the command line, those of groups as "group verb"."""
    from pipeline.cli import app

    groups = [
        ("", app),
        *((f"{group.name} ", group.typer_instance) for group in app.registered_groups),
    ]
    return [
        prefix + (command.name or command.callback.__name__)
        for prefix, group in groups
        for command in group.registered_commands
    ]


def verb_options(verb: str) -> list[tuple[str, str]]:
    """Return each option of a verb and what its help says.

    >>> verb_options("rules check")
    [('--rules DIR', 'Your own tables; default: those that ship.')]
    """
    from pipeline.cli import main

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        main([*verb.split(), "--help"])
    listed = printed.getvalue().partition("\nOptions:\n")[2]
    whole = re.sub(r"\n {4,}", " ", listed)  # put wrapped lines together
    found = [re.split(r" {2,}", line.strip(), maxsplit=1) for line in whole.splitlines()]
    return [
        (name.replace("|", "\\|"), re.sub(r" +", " ", said).replace("; x>=0", ""))
        for name, said in found
        if name != "--help"
    ]


def numbers() -> str | None:
    """How good the model that ships is, from its metrics.json."""
    if not METRICS.is_file():
        return None
    metrics = json.loads(METRICS.read_text(encoding="utf-8"))
    found = {f"`--encoder {mode}`": one for mode, one in metrics["held_out"].items()}
    if "test" in metrics:
        found["test file"] = metrics["test"]
    lines = [f"| | {' | '.join(found)} |", "|---" * (len(found) + 1) + "|"]
    for sentence, path, form in _MEASURED:
        cells = [_number(one, path, form) for one in found.values()]
        if any(cells):
            lines.append(f"| {sentence} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _number(metrics: Any, path: tuple[str, ...], form: str) -> str:
    for key in path:
        metrics = metrics.get(key, {})
    return "" if metrics == {} else format(metrics, form)


def speed() -> str | None:
    """How fast it is, from the last benchmark that was kept."""
    if not SPEED.is_file():
        return None
    result = json.loads(SPEED.read_text(encoding="utf-8"))
    about = result["machine"]
    lines = ["| program | tickets | tickets/s | peak memory |", "|---|---|---|---|"]
    lines += [
        f"| {row['pipeline']} | {row['tickets']:,} | {row['tickets_per_s']:,} | "
        f"{row['peak_mb']:,} MB |"
        for row in result["rows"]
    ]
    lines += [
        "",
        f"{about['cpu']}, {about['cores']} cores, Python {about['python']}; texts of "
        f"{result['mean_text_length']:.0f} characters on average.",
    ]
    return "\n".join(lines)


def sample() -> str | None:
    """What ``make run`` ends with."""
    if not METRICS.with_name("model.json").is_file():
        return None
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        done = subprocess.run(
            [sys.executable, "classify.py", "data/sample", "--out", str(out)],
            cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr)
    printed = done.stdout.replace(str(out), "out")
    lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
    return "\n".join(["```text", *lines, "```"])


def corpus() -> str:
    """How many texts and languages each pass of the corpus has."""
    lines = ["| pass | texts | languages |", "|---|---|---|"]
    texts, languages = 0, set()
    for folder in sorted(path for path in CORPUS.iterdir() if path.is_dir()):
        files = sorted(folder.glob("*.jsonl"))
        count = sum(file.read_bytes().count(b"\n") for file in files)
        lines.append(f"| `{folder.name}` | {count:,} | {len(files)} |")
        texts += count
        languages |= {file.stem for file in files}
    return "\n".join([*lines, f"| all | {texts:,} | {len(languages)} |"])


BLOCKS: Final[dict[str, Callable[[], str | None]]] = {
    "sample": sample,
    "numbers": numbers,
    "speed": speed,
    "columns": columns,
    "options": options,
    "corpus": corpus,
}


def rewritten(text: str) -> str:
    """Return a document with each part made anew."""

    def anew(match: re.Match[str]) -> str:
        made = BLOCKS[match[2]]()
        return match[0] if made is None else f"{match[1]}{made}\n{match[3]}"

    return _BLOCK.sub(anew, text)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    for document in DOCUMENTS:
        document.write_text(rewritten(document.read_text(encoding="utf-8")), encoding="utf-8")
