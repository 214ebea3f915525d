"""The verbs ``insights`` and ``quarterly``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Outs = Annotated[
    list[Path],
    typer.Argument(
        metavar="OUT",
        help="Output folders of classify; a ticket in several counts as the newest saw it.",
    ),
]

#: Characters of a line that is not for a screen: the widest table has some 150.
_PIPED = 240


def insights(
    outs: Outs,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write all numbers as JSON.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Model that made the results; default: the one they name."
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="Days of the period for frequent issues.")] = 7,
    by: Annotated[
        Literal["month", "quarter", "team", "agent", "category", "language"] | None,
        typer.Option(
            metavar="WHAT",
            help="Show the numbers of handling for each month, quarter, team, agent, category or "
            "language too.",
        ),
    ] = None,
) -> int:
    """What is frequent, what rises, how well complaints are handled, how sure the model is.

    Example: python -m pipeline insights out
    """
    from rich.console import Console

    from pipeline.insights import findings, history, tables

    found = history.read(outs)
    told = findings.find(found, model=model, days=days)
    if json is not None:
        json.write_text(findings.to_json(told, found), encoding="utf-8")
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:  # in a pipe or a file no line has to fit a screen
        console.width = max(console.width, _PIPED)
    tables.show(told, found, console, by)
    return 0


def quarterly(
    outs: Outs,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the report.")],
    quarter: Annotated[
        str | None,
        typer.Option(
            metavar="YYYYQN", help="Such as 2026Q4; default: that of the newest complaint."
        ),
    ] = None,
    public: Annotated[
        bool,
        typer.Option(
            "--public",
            help="For publishing: aggregates only, small counts hidden, and what would tell them.",
        ),
    ] = False,
    least: Annotated[
        int, typer.Option(min=2, help="With --public: counts below this are hidden.")
    ] = 5,
    report_language: Annotated[
        Literal["en", "zh-Hans"], typer.Option(help="Language of the report.")
    ] = "en",
    rules: Annotated[
        Path | None,
        typer.Option("--rules", metavar="DIR", help="Your own tables, for the names of reasons."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a report of the same quarter.")
    ] = False,
) -> int:
    """The report of a quarter as HTML and xlsx: types, results, times, satisfaction.

    Example: python -m pipeline quarterly out --out reports --public
    """
    from pipeline.insights import history, quarterly_files
    from pipeline.insights import quarterly as room
    from pipeline.insights.quarterly_words import Words
    from pipeline.rules import reasons

    found = history.read(outs)
    words = Words(report_language)
    made = room.report(
        found, reasons.load(rules), words, quarter=quarter, public=public, least=least
    )
    name = f"quarterly-{made.quarter}{'-public' if public else ''}"
    for path in quarterly_files.write(made, out, name, force=force):
        typer.echo(path.as_posix())
    return 0
