"""The command line: verbs, options, and the one place where errors become a line and a code.

Exit codes: 0 done; 1 you must act (one line says what and how); 3 done, but rows were
rejected and ``--strict`` was given.
"""

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipeline import __version__
from pipeline.comparing_rules import rules_diff
from pipeline.errors import PipelineError
from pipeline.insights.commands import insights, quarterly
from pipeline.looking_up import deadline
from pipeline.rules.tables import check_known
from pipeline.ticket import INPUT_COLUMNS, LABELS

if TYPE_CHECKING:
    from rich.console import Console

#: The model that ships: beside the package in a checkout, inside it in an installed wheel.
DEFAULT_MODEL = Path("models/default")
#: Where models are promoted.
MODELS = Path("models")

_ACT, _REJECTED = 1, 3
#: What Typer makes of Ctrl-C, without a word.
_INTERRUPTED = 130
#: A clock outside these is a slip of the pen, and dates near year 1 or 9999 overflow.
_FIRST_YEAR, _LAST_YEAR = 2000, 2100

#: Typer carries its own copy of click, whose base of all usage errors has no public name.
_UsageError: Any = typer.BadParameter.__bases__[0]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Complaint triage: exported tickets in any language in, decided tickets out.",
)
rules_app = typer.Typer(no_args_is_help=True, help="Look after the tables people edit.")
app.add_typer(rules_app, name="rules")
rules_app.command("diff")(rules_diff)
model_app = typer.Typer(no_args_is_help=True, help="Compare models; say which one is in use.")
app.add_typer(model_app, name="model")
app.command()(deadline)

Exports = Annotated[
    list[str],
    typer.Argument(
        metavar="EXPORT",
        help="Files, folders or globs: csv, tsv, jsonl, xlsx, parquet, plain or .gz.",
    ),
]
Labelled = Annotated[
    list[str],
    typer.Argument(
        metavar="LABELLED",
        help="Files, folders or globs as for classify, with a category column.",
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="FIELD=HEADER",
        help="Where a field stands when its header "
        "is not recognised, for instance text=投诉内容. Repeatable.",
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Encoding of all text files; found for each file when not given."
    ),
]
Now = Annotated[
    str | None,
    typer.Option(
        metavar="ISO8601",
        help="The moment deadlines and waiting times are judged against; default: the "
        "clock. Give it to repeat a run to the byte.",
    ),
]
Jobs = Annotated[
    int, typer.Option(min=0, metavar="N", help="Processes; 0 means one for each core.")
]
EncoderMode = Annotated[
    Literal["auto", "on", "off"],
    typer.Option(
        help="The sentence encoder: auto asks it about doubtful tickets only, on about all of "
        "them (slower, a little better), off never (fastest)."
    ),
]
RulesDir = Annotated[
    Path | None,
    typer.Option(
        "--rules",
        metavar="DIR",
        help="Folder of your own rules tables; a table that is not in it stays the one that ships.",
    ),
]
ModelDir = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="DIR",
        help="Model folder, or current for the promoted one; default: the one that ships, "
        "models/default.",
    ),
]


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"complaint-triage {__version__}")
        raise typer.Exit


@app.command()
def classify(
    exports: Exports,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results.")],
    model: ModelDir = None,
    rules: RulesDir = None,
    column: Columns = None,
    encoding: Encoding = None,
    now: Now = None,
    jobs: Jobs = 0,
    engine: Annotated[
        Literal["local", "dask"], typer.Option(help="Where batches run. dask is not available yet.")
    ] = "local",
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="LIST",
            help="What triaged.* is written as: csv, jsonl, parquet, xlsx, or several with commas. "
            "xlsx makes workbooks of the lists too.",
        ),
    ] = "csv",
    encoder: EncoderMode = "auto",
    report_language: Annotated[
        Literal["en", "zh-Hans"],
        typer.Option(help="Language in which report.html opens; the page can switch."),
    ] = "en",
    report_tickets: Annotated[
        int,
        typer.Option(
            min=0, max=50_000, metavar="N", help="Tickets of the queue that report.html holds."
        ),
    ] = 2_000,
    redact: Annotated[
        bool,
        typer.Option(
            "--redact",
            help="Replace names, e-mails, telephone, card, account and identity numbers, addresses "
            "and handles by [name], [email] ... in every output.",
        ),
    ] = False,
    previous: Annotated[
        Path | None,
        typer.Option(
            "--previous",
            metavar="OUT",
            help="Results of an earlier run: what people set in its review.csv and corrections.csv "
            "is taken over.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with a run into the same --out folder that was cut short."
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the results that the --out folder holds.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 3 when rows were rejected.")
    ] = False,
) -> int:
    """Triage exported tickets: language, category, urgency, team, deadline, rank, and why.

    Example: python classify.py exports/ --out out
    """
    if engine == "dask":
        raise PipelineError("--engine dask is not available yet. Leave it out to run locally.")
    from pipeline import engine as machine
    from pipeline import output

    run = machine.Run(
        exports=exports,
        out=out,
        now=_moment(now),
        model=_model_folder(model),
        rules=rules,
        columns=_columns(column),
        encoding=encoding,
        encoder=encoder,
        formats=tuple(part.strip() for part in formats.split(",")),
        jobs=jobs or machine.usable_cores(),
        force=force,
        resume=resume,
        previous=previous,
        report_language=report_language,
        report_tickets=report_tickets,
        redact=redact,
    )
    with _progress("tickets") as step:
        summary = machine.classify(run, progress=step)
    with _results_shown():
        output.show(summary, _console(), out=out)
    rejected = summary["counts"]["stage"]["rejected"]
    return _REJECTED if strict and rejected else 0


@app.command()
def train(
    labelled: Labelled,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Model folder to write.")],
    rules: RulesDir = None,
    column: Columns = None,
    encoding: Encoding = None,
    test: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="Labelled file the model is judged on, never trained on."
        ),
    ] = None,
    mix: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL=SHARE,...",
            help="The mix of categories expected in use, when the training data has another.",
        ),
    ] = None,
    split: Annotated[
        Literal["auto", "time", "group", "random"],
        typer.Option(
            help="What the model is judged on: auto keeps the latest fifth apart when there are "
            "dates, else judges in five folds. Customers and near-duplicates stay on one side "
            "(random: near-duplicates only)."
        ),
    ] = "auto",
    mapped: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="NAME=LABEL",
            help="Call a category of the files otherwise, for instance quality=Produktmangel. "
            "Repeatable; several labels of one name are merged.",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="MODEL", help="Model folder to compare with on the same tickets."),
    ] = None,
    max_loss: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            metavar="SHARE",
            help="Recall that a language or category may lose against the baseline.",
        ),
    ] = 0.05,
    from_nothing: Annotated[
        bool,
        typer.Option(
            "--from-nothing",
            help="Do not start from the model that ships, which train.py does where the "
            "categories are its own.",
        ),
    ] = False,
    budget: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="Time of one core to choose settings in, such as 90s, 10m or 1h; 0 takes those "
            "that ship.",
        ),
    ] = "2m",
    keep_leaks: Annotated[
        bool,
        typer.Option("--keep-leaks", help="Learn although single words give the category away."),
    ] = False,
    encoder: Annotated[
        Literal["auto", "on", "off"],
        typer.Option(help="off learns from n-grams alone; else from the sentence encoder too."),
    ] = "auto",
    jobs: Jobs = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace the model in DIR.")] = False,
) -> int:
    """Learn a model from labelled tickets: a category column, and reason, urgency, emotion.

    Example: python train.py history.csv --out models/ours
    """
    from pipeline import engine as machine
    from pipeline.learn import command, options
    from pipeline.learn.request import Request

    summary = command.train(
        Request(
            labelled=labelled,
            out=out,
            rules_dir=rules,
            columns=_columns(column),
            encoding=encoding,
            mapping=options.mapping(mapped or []),
            split=split,
            test=test or [],
            mix=_mix(mix),
            baseline=baseline and _model_folder(baseline),
            max_loss=max_loss,
            shipped=None if from_nothing else _model_folder(None),
            budget=options.seconds(budget),
            keep_leaks=keep_leaks,
            encoder=encoder,
            jobs=jobs or machine.usable_cores(),
            force=force,
            tell=_tell,
        )
    )
    with _results_shown():
        _console().print(summary, highlight=False, markup=False)
    return 0


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Model folder.")],
    labelled: Labelled,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the numbers as JSON.")
    ] = None,
    rules: RulesDir = None,
    column: Columns = None,
    encoding: Encoding = None,
    encoder: EncoderMode = "auto",
) -> int:
    """Score a labelled file and say how often the model is right, by language and category."""
    from pipeline.learn import command

    report = command.evaluate(
        model,
        labelled,
        out,
        rules_dir=rules,
        columns=_columns(column),
        encoding=encoding,
        encoder=encoder,
    )
    with _results_shown():
        _console().print(report, highlight=False, markup=False)
    return 0


@app.command()
def explain(
    text: Annotated[str, typer.Argument(help="A customer's words.")],
    model: ModelDir = None,
    rules: RulesDir = None,
    country: Annotated[
        str, typer.Option(metavar="CODE", help="Country such as MX: helps to tell the language.")
    ] = "",
    encoder: EncoderMode = "auto",
) -> int:
    """Triage one text and show what decided."""
    from pipeline.explaining import explain_text

    found = explain_text(
        text, model=_model_folder(model), rules=rules, country=country, encoder=encoder
    )
    with _results_shown():
        _console().print(found, highlight=False)
    return 0


@app.command()
def replay(
    exports: Exports,
    agents: Annotated[
        list[str],
        typer.Option(
            metavar="N",
            help="Agents in all, shared out by work; or TEAM=N, or TEAM:LANGUAGE+LANGUAGE=N. "
            "Repeatable.",
        ),
    ],
    hours: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PERIODS",
            help="When they work: 9-18, or 9-12,13-18, or 22-6; TEAM=PERIODS for one team. "
            "Repeatable; default: 9-18.",
        ),
    ] = None,
    days: Annotated[str, typer.Option(metavar="DAYS", help="Days they work.")] = "mon-sun",
    timezone: Annotated[str, typer.Option(metavar="NAME", help="Time zone of the hours.")] = "UTC",
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="MINUTES",
            help="Handling time of a ticket; default: from the export where it names the agents, "
            "else 10.",
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the numbers as JSON.")
    ] = None,
    model: ModelDir = None,
    rules: RulesDir = None,
    column: Columns = None,
    encoding: Encoding = None,
    encoder: EncoderMode = "off",
    jobs: Jobs = 0,
) -> int:
    """Replay an export through the queue under four orders: who would have been answered when.

    EXPORT may be the results of a run too. Example: python -m pipeline replay exports/ --agents 12
    """
    from pipeline import engine as machine
    from pipeline.dispatch import replay_command as command
    from pipeline.rules import load

    run = machine.Run(
        exports=exports,
        out=Path(),
        now=_moment(None),
        model=_model_folder(model),
        rules=rules,
        columns=_columns(column),
        encoding=encoding,
        encoder=encoder,
        jobs=jobs or machine.usable_cores(),
    )
    with _progress("tickets") as step:
        tickets = command.read(run, progress=step)
    staff = command.Staff(agents, hours or [], days, timezone, minutes)
    found = command.compare(tickets, load.load(rules), staff)
    if json_file is not None:
        command.write(json_file, found)
    with _results_shown():
        command.show(found, _console())
    return 0


app.command()(insights)
app.command()(quarterly)


@app.command()
def status(
    ticket_id: Annotated[str, typer.Argument(metavar="TICKET_ID", help="As in the export.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder with the results of a run.")],
) -> int:
    """Tell where a ticket stands: who owes the next step, until when, what was decided and why."""
    from pipeline.output.status import status as look_up

    found = look_up(ticket_id, out)
    width = max(len(heading) for heading, _ in found)
    with _results_shown():
        for heading, text in found:
            _console().print(f"{heading:<{width}}  {text}", highlight=False, markup=False)
    return 0


@model_app.command("compare")
def model_compare(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Model folder, or current.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Model folder, or current.")],
    labelled: Labelled,
    max_loss: Annotated[
        float,
        typer.Option(
            min=0, max=1, metavar="SHARE", help="Recall that a language or category may lose."
        ),
    ] = 0.05,
    rules: RulesDir = None,
    column: Columns = None,
    encoding: Encoding = None,
    encoder: EncoderMode = "auto",
) -> int:
    """Compare two models on labelled tickets that neither has learnt from; exit 1 if NEW loses."""
    from pipeline.learn import command

    report, passed = command.compare_models(
        _model_folder(old),
        _model_folder(new),
        labelled,
        rules_dir=rules,
        columns=_columns(column),
        encoding=encoding,
        encoder=encoder,
        max_loss=max_loss,
    )
    with _results_shown():
        _console().print(report, highlight=False, markup=False)
    return 0 if passed else _ACT


@model_app.command("promote")
def model_promote(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A folder in models/, or a path.")],
    force: Annotated[
        bool, typer.Option("--force", help="Although its comparison with the baseline said no.")
    ] = False,
) -> int:
    """Make NAME what --model current means, and write that down in models/current.jsonl."""
    from pipeline.model import registry

    entry = registry.promote(MODELS, name, now=datetime.now(UTC), force=force)
    typer.echo(f"--model current now means {entry.model} ({entry.fingerprint[:12]}).")
    return 0


@model_app.command("rollback")
def model_rollback() -> int:
    """Make the model current again that was so before the last promotion."""
    from pipeline.model import registry

    entry = registry.rollback(MODELS, now=datetime.now(UTC), default=_model_folder(None))
    typer.echo(f"--model current means {entry.model} again ({entry.fingerprint[:12]}).")
    return 0


@app.command()
def label(
    exports: Exports,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for to_label.csv, .xlsx and .json.")
    ],
    n: Annotated[int, typer.Option("--n", min=1, metavar="N", help="Tickets to choose.")] = 200,
    model: ModelDir = None,
    rules: RulesDir = None,
    column: Columns = None,
    encoding: Encoding = None,
    encoder: EncoderMode = "auto",
    force: Annotated[bool, typer.Option("--force", help="Replace what --out holds.")] = False,
) -> int:
    """Choose the tickets whose label would teach most, as sheets to fill in for train.py.

    Example: python -m pipeline label exports/ --n 200 --out tolabel
    """
    from pipeline.learn import labelling

    report = labelling.choose(
        exports,
        out,
        n=n,
        model=_model_folder(model),
        rules_dir=rules,
        columns=_columns(column),
        encoding=encoding,
        encoder=encoder,
        force=force,
    )
    typer.echo(report)
    return 0


@rules_app.command("check")
def rules_check(
    directory: Annotated[
        Path | None,
        typer.Option("--rules", metavar="DIR", help="Your own tables; default: those that ship."),
    ] = None,
) -> int:
    """Validate every table; name what is wrong, unreachable or missing."""
    from pipeline.rules import load

    if directory is not None and not directory.is_dir():
        raise PipelineError(f"{directory} is not a folder. Give --rules a folder with *.toml.")
    problems = load.check(directory)
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        return _ACT
    typer.echo("All rules tables are in order.")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. Users never see a traceback."""
    _open_closed_streams()
    warnings.showwarning = _warn
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = app(args=given, prog_name="python -m pipeline", standalone_mode=False)
        if code == _INTERRUPTED:
            raise KeyboardInterrupt
    except _UsageError as error:
        if not given:
            typer.echo(error.format_message())
            return _ACT
        return _fail(f"{error.format_message()} See --help.")
    except (typer.Abort, KeyboardInterrupt):
        return _fail("Stopped. Earlier results are as they were; go on with --resume.")
    except PipelineError as error:
        return _fail(str(error))
    except BrokenPipeError:
        return _ACT
    except Exception as error:  # the last line of defence: a line, not a traceback
        return _fail(_in_words(error) or _unexpected(error))
    return code if isinstance(code, int) else 0


def _fail(message: str) -> int:
    typer.echo(f"error: {message}", err=True)
    return _ACT


def _in_words(error: Exception) -> str:
    """What to do about a trouble of the machine or the files; nothing for a fault of ours."""
    if isinstance(error, MemoryError):
        return "Not enough memory. Give --jobs 1, or split the export."
    if isinstance(error, RecursionError):
        return "A file is nested too deeply to be read. Make its values flat and run again."
    if isinstance(error, OSError) and isinstance(error.filename, str | bytes | os.PathLike):
        return (
            f"{os.fsdecode(error.filename)}: {error.strerror}. Check that it exists, that you may "
            "read and write it, and that the disk has room."
        )
    return ""


def _open_closed_streams() -> None:
    """Give what is printed a place to go when the shell closed the stream (``2>&-``).

    The first file opened would otherwise become number 1 or 2 itself, and take in messages.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


def _unexpected(error: Exception) -> str:
    import traceback

    if os.environ.get("TRIAGE_TRACEBACK"):
        traceback.print_exception(error)
    return (
        f"unexpected {type(error).__name__}: {error}. This is a fault of the program: please "
        "report it with the output of the same command under TRIAGE_TRACEBACK=1."
    )


def _warn(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    if not issubclass(category, DeprecationWarning | SyntaxWarning | FutureWarning):
        typer.echo(f"note: {message}", err=True)


def _moment(now: str | None) -> datetime:
    if now is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(now)
    except ValueError:
        raise PipelineError(
            f"--now must be an ISO 8601 time such as 2026-11-21T09:00:00Z. Got {now!r} instead."
        ) from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise PipelineError(
            f"--now must lie between {_FIRST_YEAR} and {_LAST_YEAR}. Got {now!r} instead."
        )
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _columns(given: Sequence[str] | None) -> dict[str, str]:
    pairs = {}
    for one in given or ():
        field, equals, header = one.partition("=")
        if not equals or not field.strip() or not header:
            raise PipelineError(f"--column must be FIELD=HEADER. Got {one!r} instead.")
        known = (*INPUT_COLUMNS, *LABELS)
        check_known(field.strip(), known, where=f"--column {one}", kind="field")
        pairs[field.strip()] = header
    return pairs


def _mix(given: str | None) -> dict[str, float]:
    if not given:
        return {}
    try:
        pairs = [part.split("=") for part in given.split(",")]
        shares = {label.strip(): float(share) for label, share in pairs}
        if not all(0 < share <= 1 for share in shares.values()):
            raise ValueError
        return shares
    except ValueError:
        raise PipelineError(
            f"--mix must be LABEL=SHARE,LABEL=SHARE with shares such as 0.4. Got {given!r} instead."
        ) from None


def _model_folder(given: Path | None) -> Path:
    if given == Path("current") and not given.is_dir():
        from pipeline.model import registry

        return registry.current(MODELS, default=_model_folder(None))
    if given is not None:
        return given
    beside = Path(__file__).parent.parent / DEFAULT_MODEL
    inside = Path(__file__).parent / "default_model"
    places = (DEFAULT_MODEL, beside, inside)
    return next((path for path in places if (path / "model.json").is_file()), DEFAULT_MODEL)


def _console() -> "Console":
    from rich.console import Console

    return Console(soft_wrap=True)


@contextmanager
def _results_shown() -> Iterator[None]:
    """Print what is complete already: a reader that leaves early (``| head``) is no error."""
    try:
        yield
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit) as error:
        # Rich makes an exit of a broken pipe.
        if not isinstance(error.__context__ or error, BrokenPipeError):
            raise
        # What still waits in the buffer is flushed at the end of the process, and fails again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(line: str) -> None:
    typer.echo(line, err=True)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int], None]]:
    """Show how many rows are done and how fast, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda rows: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} " + what), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda rows: bar.advance(task, rows)
