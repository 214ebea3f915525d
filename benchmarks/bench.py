"""How fast is triage, and how much memory does it take, beside the obvious pipeline?

    python benchmarks/bench.py [EXPORT] --rows 100000 [--sample 4000] --out benchmarks/results.json

EXPORT is repeated to the number of rows asked for, with ids made unique, and given to
``classify.py`` as a user would do it: a new process, the clock running from its start to its
end, imports and model loading included. The obvious pipeline (obvious.py) runs in the same
session on a random sample of the same rows, because at some hundred tickets a second the whole
export would take minutes. Its training, imports and first run are not counted, which favours it.

Peak memory is the largest sum, over the process and all its descendants, of the proportional set
size (Pss: shared pages are divided among those that share them), sampled every 50 ms.

A machine that does something else meanwhile gives wrong ratios: the obvious pipeline measured 790
tickets/s at a load average of 0.7 on two cores, and 280 at 4.6. So each row says how many cores
other programs used during it, and the table warns when that is more than `QUIET`.
"""

import argparse
import csv
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_EXPORT = ROOT / "data" / "sample" / "tickets.csv"
DEFAULT_OUT = ROOT / "benchmarks" / "results.json"
OBVIOUS = ROOT / "benchmarks" / "obvious.py"
#: Between two looks at memory. A look costs 1-5 ms a process.
LOOK_EVERY_S = 0.05
#: Cores that other programs may use during a run; on two cores 0.1 shifts a result by 5 %.
QUIET = 0.1
PACKAGES = ("pandas", "numpy", "pyarrow", "scikit-learn", "jieba", "langdetect")


def write_csv(tickets: pd.DataFrame, target: Path) -> None:
    """Write with every cell in quotes.

    By default pandas leaves a cell with a lone carriage return bare, and readers see two rows.
    """
    tickets.to_csv(target, index=False, quoting=csv.QUOTE_ALL)


def repeat_export(export: Path, rows: int, target: Path) -> None:
    """Write `rows` tickets to `target`: those of `export` again and again, each id once."""
    tickets = pd.read_csv(export, dtype=str, keep_default_na=False)
    rounds = -(-rows // len(tickets))
    big = pd.concat([tickets] * rounds, ignore_index=True).head(rows)
    if "ticket_id" in big.columns:
        big["ticket_id"] = big["ticket_id"] + "-" + (big.index // len(tickets)).astype(str)
    write_csv(big, target)


def descendants(pid: int) -> list[int]:
    """`pid` and every living process below it."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:  # the thread ended between listing and reading
                continue
    return found


def memory_kb(pid: int) -> int:
    """Proportional set size of one process in kB; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


class Run(NamedTuple):
    """What one command took: wall seconds, peak memory, cores that other programs used."""

    seconds: float
    peak_mb: float
    others: float


def busy_seconds() -> float:
    """CPU seconds the whole machine has worked since it started, idle and waiting left out."""
    fields = Path("/proc/stat").read_text().split(maxsplit=8)[1:8]
    user, nice, system, _idle, _wait, irq, soft = map(int, fields)
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


def own_seconds() -> float:
    """CPU seconds of this process and of every descendant that has ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def run_watched(command: Sequence[str], log: Path) -> Run:
    """Run `command` and watch it and its descendants.

    :raises RuntimeError: The command failed; the message ends with its last words.
    """
    peak = 0
    busy, own, start = busy_seconds(), own_seconds(), time.perf_counter()
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, cwd=ROOT)
        while process.poll() is None:
            peak = max(peak, sum(map(memory_kb, descendants(process.pid))))
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_EVERY_S)
    seconds = time.perf_counter() - start
    others = (busy_seconds() - busy) - (own_seconds() - own)
    if process.returncode:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{last}")
    return Run(seconds, peak / 1024, max(0.0, others / seconds))


def bench_ours(export: Path, rows: int, folder: Path, *, encoder: str, jobs: int) -> dict[str, Any]:
    """One row of the table: classify.py on the whole export."""
    out = folder / f"ours-{encoder}-{jobs}"
    command = [sys.executable, str(ROOT / "classify.py"), str(export), "--out", str(out)]
    command += ["--encoder", encoder, "--jobs", str(jobs)]
    run = run_watched(command, folder / "log.txt")
    return row(f"classify.py --encoder {encoder} --jobs {jobs}", rows, run)


def train_obvious(corpus: Path, folder: Path) -> Path:
    """Train the obvious pipeline in a process of its own, so that no row counts it."""
    model = folder / "obvious.joblib"
    command = [sys.executable, str(OBVIOUS), "--train", str(corpus), "--model", str(model)]
    run_watched(command, folder / "log.txt")
    return model


def bench_obvious(sample: Path, folder: Path, model: Path, *, processes: int) -> dict[str, Any]:
    """One row of the table: the obvious pipeline on the sample, timed by itself."""
    command = [sys.executable, str(OBVIOUS), str(sample), "--model", str(model)]
    command += ["--out", str(folder / "obvious.csv"), "--processes", str(processes)]
    log = folder / "log.txt"
    run = run_watched(command, log)
    timed = json.loads(log.read_text().splitlines()[-1])
    run = run._replace(seconds=timed["seconds"])
    return row(f"obvious pipeline, processes {processes}", timed["tickets"], run)


def row(name: str, tickets: int, run: Run) -> dict[str, Any]:
    return {
        "pipeline": name,
        "tickets": tickets,
        "seconds": round(run.seconds, 2),
        "tickets_per_s": round(tickets / run.seconds),
        "peak_mb": round(run.peak_mb),
        "cores_used_by_others": round(run.others, 2),
    }


def machine() -> dict[str, Any]:
    """What the numbers depend on."""
    cpu = Path("/proc/cpuinfo").read_text().splitlines()
    return {
        "cpu": next((ln.split(":")[1].strip() for ln in cpu if ln.startswith("model name")), "?"),
        "cores": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 2),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def add_ratios(rows: Sequence[dict[str, Any]]) -> None:
    """Compare every row with the obvious pipeline in one process and in two (the first rows)."""
    for each in rows:
        for processes, base in enumerate(rows[:2], 1):
            ratio = each["tickets_per_s"] / base["tickets_per_s"]
            each[f"ratio_to_{processes}_process"] = round(ratio, 1)


#: The columns of the printed table: heading and key of the row.
COLUMNS = {
    "tickets": "tickets",
    "seconds": "seconds",
    "per s": "tickets_per_s",
    "x1": "ratio_to_1_process",
    "x2": "ratio_to_2_process",
    "peak MB": "peak_mb",
    "others": "cores_used_by_others",
}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as text; "x1" and "x2" are the ratios to the obvious pipeline's two rows."""
    lines = [f"{'pipeline':40}" + "".join(f"{name:>9}" for name in COLUMNS)]
    for each in rows:
        cells = "".join(f"{each[key]:>9,}" for key in COLUMNS.values())
        lines.append(f"{each['pipeline']:40}{cells}")
    noisy = [each["pipeline"] for each in rows if each["cores_used_by_others"] > QUIET]
    if noisy:
        lines.append(f"Do not quote: other programs used the processor during {'; '.join(noisy)}.")
    return "\n".join(lines)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("export", type=Path, nargs="?", default=DEFAULT_EXPORT, help="CSV; default: %(default)s")
    add("--rows", type=int, default=100_000, help="rows for classify.py; default: %(default)s")
    add("--encoder-rows", type=int, help="rows for the row with the encoder; default: all")
    add("--sample", type=int, default=4000, help="rows for the obvious pipeline")
    add("--jobs", type=int, default=2, help="processes of classify.py; default: %(default)s")
    add("--corpus", type=Path, default=ROOT / "data" / "corpus", help="trains the obvious pipeline")
    add("--skip-ours", action="store_true", help="measure the obvious pipeline only")
    add("--out", type=Path, default=DEFAULT_OUT, help="JSON; default: %(default)s")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    args = build_parser().parse_args(argv)
    about = machine()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        big, sample = folder / "big.csv", folder / "sample.csv"
        repeat_export(args.export, args.rows, big)
        tickets = pd.read_csv(big, dtype=str, keep_default_na=False)
        write_csv(tickets.sample(min(args.sample, len(tickets)), random_state=0), sample)
        model = train_obvious(args.corpus, folder)
        rows += [bench_obvious(sample, folder, model, processes=count) for count in (1, 2)]
        if not args.skip_ours:
            rows.append(bench_ours(big, args.rows, folder, encoder="off", jobs=args.jobs))
            few = min(args.encoder_rows or args.rows, args.rows)
            write_csv(tickets.head(few), big)
            rows.append(bench_ours(big, few, folder, encoder="auto", jobs=args.jobs))
    add_ratios(rows)
    characters = tickets["text"].str.len().mean()
    result = {"machine": about, "mean_text_length": round(characters, 1), "rows": rows}
    args.out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table(rows))
    print(f"Texts have {characters:.0f} characters on average. Written to {args.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
