"""Where the batches run, and the way of a whole export: read, triage, order, write.

Batches are independent, so they may run in this process or in several; the results are the
same bytes. Each worker parks its batch in the spool and returns nothing. The reader
stays a few batches ahead of the workers and no more, so memory does not grow with the export.
"""

import contextlib
import ctypes
import gc
import hashlib
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline import __version__, dispatch, intake, output
from pipeline.dispatch.contacts import with_repeats
from pipeline.errors import OutputError, PipelineError
from pipeline.insights.report_table import ROWS, rising_table
from pipeline.insights.rising import NEEDED as RISING_FROM
from pipeline.insights.rising import rising
from pipeline.intake import Batch, Source
from pipeline.model import store
from pipeline.model.scoring import Scorer
from pipeline.rules import load as rules_load
from pipeline.rules.load import Rules
from pipeline.text.encoder import Mode
from pipeline.triage import triage

if TYPE_CHECKING:
    import pandas as pd

#: Rows in a batch: large enough that the fixed cost of a batch (about 30 ms) is small, small
#: enough that two workers share an export of ten thousand evenly.
BATCH_ROWS = 2048
#: Tickets that make a process load everything.
_WARM_UP_ROWS = 64


@dataclass(frozen=True)
class Run:
    """Everything that decides what comes out of a run."""

    exports: Sequence[str | Path]
    out: Path
    now: datetime
    model: Path
    rules: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    encoder: Mode = "auto"
    formats: Sequence[str] = ("csv",)
    jobs: int = 1
    force: bool = False
    resume: bool = False
    previous: Path | None = None
    report_language: str = "en"
    report_tickets: int = output.TICKETS
    redact: bool = False


@dataclass(frozen=True)
class _Job:
    """What a worker needs besides its batch; small, so that it travels with each one."""

    model: Path
    model_fingerprint: str
    rules: Path | None
    rules_fingerprint: str
    encoder: Mode
    now: datetime
    spool: output.Spool
    corrections: dispatch.Corrections | None = None
    redact: bool = False


def classify(run: Run, *, progress: Callable[[int], None] = lambda rows: None) -> dict[str, Any]:
    """Triage exports into ``run.out`` and return the summary that was written.

    :param progress: Called with the number of rows of each batch that is handed out.
    """
    clock = _Clock()
    run = replace(run, formats=output.check_formats(run.formats))
    paths = intake.find(run.exports)
    _refuse_own_results(run.out, paths)
    rules = _rules(run.rules, rules_load.fingerprint(run.rules))
    scorer = _scorer(run.model, store.fingerprint(run.model), run.encoder)
    clock.lap("prepare")
    with output.alone(run.out):
        return _into_folder(run, paths, rules, scorer, clock, progress)


def _into_folder(
    run: Run,
    paths: Sequence[Path],
    rules: Rules,
    scorer: Scorer,
    clock: "_Clock",
    progress: Callable[[int], None],
) -> dict[str, Any]:
    """Triage all batches, put the tickets in order, write the files."""
    corrections = _corrections(run, scorer, rules)
    by_hand = _addressed(run, paths, rules, corrections)
    spool, now = _open_spool(run, paths, scorer, rules, corrections)
    sources: dict[str, Source] = {}
    job = replace(
        _job(run, scorer, rules, spool, now), corrections=by_hand.applied if by_hand else None
    )
    batches = _todo(_read(run, paths, rules, now), spool, sources)
    _run_batches(batches, job, run.jobs, progress)
    clock.lap("triage")
    model = {
        "folder": run.model.as_posix(),
        "fingerprint": scorer.model.fingerprint,
        "encoder": run.encoder if scorer.encoder else "off",
    }
    tested = scorer.model.tested(model["encoder"])
    del scorer, batches
    _release_memory()
    narrow = spool.narrow(dispatch.NARROW)
    _release_memory()
    arranged = dispatch.arrange(narrow, rules, now=now)
    narrow = narrow[[name for name in RISING_FROM if name in narrow]]  # the rest is done with
    rises = rising_table(rising(narrow, most=ROWS))
    del narrow
    _release_memory()
    clock.lap("arrange")
    info = output.RunInfo(
        now=now,
        sources=tuple(sources.values()),
        model=model,
        rules={
            "folder": run.rules.as_posix() if run.rules else "",
            "fingerprint": rules.fingerprint,
            "tables": rules_load.table_fingerprints(run.rules),
        },
        options={"formats": list(run.formats), "encoding": run.encoding or "", **run.columns},
        timings=clock.laps,
        notes=by_hand.notes if by_hand else (),
    )
    report = output.ReportInfo(
        language=run.report_language,
        tickets=run.report_tickets,
        rules=rules,
        tested=tested,
        rising=rises,
    )
    summary = output.write_all(
        run.out,
        spool,
        arranged,
        formats=run.formats,
        summary_info=info,
        report=report,
        corrections=by_hand.kept if by_hand else None,
    )
    spool.remove()
    return summary


def triaged(
    run: Run, columns: Sequence[str], *, progress: Callable[[int], None] = lambda rows: None
) -> "pd.DataFrame":
    """Triage exports and return `columns` of all tickets; ``run.out`` is not looked at.

    The batches wait in a temporary folder, so memory holds these columns only.
    """
    paths = intake.find(run.exports)
    rules = _rules(run.rules, rules_load.fingerprint(run.rules))
    scorer = _scorer(run.model, store.fingerprint(run.model), run.encoder)
    with tempfile.TemporaryDirectory(prefix="triage-") as folder:
        spool = output.Spool.create(Path(folder) / output.WORK)
        job = _job(run, scorer, rules, spool, run.now)
        _run_batches(_read(run, paths, rules, run.now), job, run.jobs, progress)
        return spool.narrow(columns)


def _job(run: Run, scorer: Scorer, rules: Rules, spool: output.Spool, now: datetime) -> _Job:
    return _Job(
        model=run.model,
        model_fingerprint=scorer.model.fingerprint,
        rules=run.rules,
        rules_fingerprint=rules.fingerprint,
        encoder=run.encoder,
        now=now,
        spool=spool,
        redact=run.redact,
    )


def _refuse_own_results(out: Path, paths: Sequence[Path]) -> None:
    for path in paths:
        if out.resolve() in path.resolve().parents:
            raise OutputError(
                f"{path} is inside the output folder {out}, so the next run would read results "
                "as tickets. Give --out another folder."
            )


def _read(
    run: Run, paths: Sequence[Path], rules: Rules, now: datetime
) -> Iterator[tuple[int, Batch]]:
    def read() -> Iterator[Batch]:
        batches = intake.read(
            paths,
            rules=rules.columns,
            overrides=run.columns,
            encoding=run.encoding,
            now=now,
            batch_rows=BATCH_ROWS,
        )
        if not run.redact:
            return batches
        from pipeline.privacy import Redaction

        return map(Redaction().batch, batches)

    return enumerate(with_repeats(read, now=now) if rules.ask_about_repeats else read())


def _todo(
    batches: Iterator[tuple[int, Batch]], spool: output.Spool, sources: dict[str, Source]
) -> Iterator[tuple[int, Batch]]:
    """Note every batch's source; pass on those that an earlier, broken run has not done."""
    done = set(spool.numbers())
    for number, batch in batches:
        sources[batch.source.file] = batch.source
        if number not in done:
            yield number, batch


def _run_batches(
    batches: Iterator[tuple[int, Batch]], job: _Job, jobs: int, progress: Callable[[int], None]
) -> None:
    """Triage and park all batches; tell `progress` the rows of each that is under way."""

    def told(some: Iterable[tuple[int, Batch]]) -> Iterator[tuple[int, Batch]]:
        for number, batch in some:
            progress(len(batch.tickets) + len(batch.rejected))
            yield number, batch

    first = list(islice(batches, 2))
    if jobs == 1 or len(first) < 2:
        for number, batch in told(chain(first, batches)):
            _triage_and_park(number, batch, job)
        return
    from joblib import Parallel, delayed

    forked = _can_fork()
    if forked:  # the workers share what this process has loaded: model, tables, dictionaries
        _triage(first[0][1].tickets.head(_WARM_UP_ROWS), job)
    backend = "multiprocessing" if forked else "loky"
    Parallel(n_jobs=jobs, backend=backend, pre_dispatch=2 * jobs, batch_size=1, max_nbytes=None)(
        delayed(_triage_and_park)(number, batch, job)
        for number, batch in told(chain(first, batches))
    )


def _triage(tickets: pd.DataFrame, job: _Job) -> pd.DataFrame:
    if job.redact:
        from pipeline.privacy import texts

        tickets = texts(tickets)
    scorer = _scorer(job.model, job.model_fingerprint, job.encoder)
    rules = _rules(job.rules, job.rules_fingerprint)
    return triage(tickets, scorer, rules, now=job.now, corrections=job.corrections)


def _triage_and_park(number: int, batch: Batch, job: _Job) -> None:
    triaged = _triage(batch.tickets, job)
    private = triaged.columns[triaged.columns.str.startswith("_")].difference(
        [*dispatch.NARROW, *output.PRIVATE]
    )
    job.spool.write(number, triaged.drop(columns=private), batch.rejected)


@cache
def _scorer(folder: Path, fingerprint: str, mode: Mode) -> Scorer:
    """Load the model the run started with, once in each process."""
    model = store.load(folder)
    if model.fingerprint != fingerprint:
        raise PipelineError(f"{folder} was changed while the run was going on. Run again.")
    return Scorer(model, mode)


@cache
def _rules(directory: Path | None, fingerprint: str) -> Rules:
    """Load the rules the run started with, once in each process."""
    rules = rules_load.load(directory)
    if rules.fingerprint != fingerprint:
        raise PipelineError("The rules were changed while the run was going on. Run again.")
    return rules


def _corrections(run: Run, scorer: Scorer, rules: Rules) -> dispatch.Corrections | None:
    """What people decided in the results of the previous run."""
    if run.previous is None:
        return None
    labels = next(head.labels for head in scorer.model.heads if head.name == "category")
    return output.read_corrections(run.previous, output.Known(labels, rules.routing.teams))


def _addressed(
    run: Run, paths: Sequence[Path], rules: Rules, corrections: dispatch.Corrections | None
) -> dispatch.Addressed | None:
    """Which tickets the corrections mean; the export is read once more for their ids."""
    if corrections is None:
        return None
    batches = _read(run, paths, rules, run.now) if len(corrections) else ()
    meant = [
        batch.tickets[batch.tickets["ticket_id"].isin(corrections["ticket_id"])]
        for _, batch in batches
    ]
    found = pd.concat(meant) if meant else pd.DataFrame({"ticket_id": [], "text": []})
    if run.redact and len(found):
        from pipeline.privacy import texts

        found = texts(found)
    return dispatch.address(corrections, found)


def _open_spool(
    run: Run,
    paths: Sequence[Path],
    scorer: Scorer,
    rules: Rules,
    corrections: dispatch.Corrections | None,
) -> tuple[output.Spool, datetime]:
    """Return the run's spool and its clock: fresh ones, or those of the run to resume."""
    folder = run.out / output.WORK
    identity = _identity(run, paths, scorer, rules)
    if corrections is not None:
        text = corrections.to_csv(index=False)
        identity["corrections"] = hashlib.sha256(text.encode()).hexdigest()
    # A run that ended before its first batch has nothing to lose, and is begun anew.
    unfinished = bool(output.Spool(folder).numbers())
    if run.resume and unfinished:
        started, now = _started(folder / output.MANIFEST, run.out)
        if started != identity:
            changed = [key for key in identity if started.get(key) != identity[key]]
            raise OutputError(
                f"{run.out} holds an unfinished run with other {', '.join(changed)}. "
                "Give the same as then, or --force to start anew."
            )
        spool = output.Spool(folder)
        spool.drop_damaged()
        return spool, now
    if unfinished and not run.force:
        raise OutputError(
            f"{run.out} holds an unfinished run. Add --resume to go on with it, or --force to "
            "start anew."
        )
    output.prepare_out(run.out, force=run.force)
    spool = output.Spool.create(folder)
    # Escaped, for names of files may hold bytes that are no text.
    spool.note(json.dumps({"now": run.now.isoformat(), "identity": identity}, indent=2))
    return spool, run.now


def _started(manifest: Path, out: Path) -> tuple[dict[str, Any], datetime]:
    """Return the identity and the clock of the run that was broken off."""
    try:
        started = json.loads(manifest.read_bytes())
        identity, now = started["identity"], datetime.fromisoformat(started["now"])
        if isinstance(identity, dict) and now.tzinfo is not None:
            return identity, now
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        pass
    raise OutputError(
        f"{out} holds an unfinished run that cannot be resumed, for its {manifest.name} is "
        "damaged or gone. Give --force to start anew."
    )


def _identity(run: Run, paths: Sequence[Path], scorer: Scorer, rules: Rules) -> dict[str, Any]:
    """Say which run this is: a run may only be resumed with all of it unchanged."""
    stats = [(path.as_posix(), path.stat()) for path in paths]
    return {
        "exports": [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats],
        "model": scorer.model.fingerprint,
        "rules": rules.fingerprint,
        "options": [dict(run.columns), run.encoding, scorer.views, run.encoder, list(run.formats)],
        "redact": run.redact,
        "program": [__version__, BATCH_ROWS],
    }


class _Clock:
    """Seconds spent in each stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage], self._since = now - self._since, now


def _release_memory() -> None:
    """Give back what the batches needed: the whole set has to fit beside what stays."""
    import pyarrow as pa

    _scorer.cache_clear()
    gc.collect()
    pa.default_memory_pool().release_unused()
    with contextlib.suppress(OSError, AttributeError):  # another C library keeps what it has
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _can_fork() -> bool:
    return sys.platform == "linux" and multiprocessing.get_start_method() == "fork"


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
