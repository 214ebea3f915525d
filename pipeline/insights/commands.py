"""The verbs ``insights`` and ``quarterly``."""

from pathlib import Path
from typing import Annotated

import typer

Outs = Annotated[
    list[Path],
    typer.Argument(
        metavar="OUT",
        help="Output folders of classify; a ticket in several counts as the newest saw it.",
    ),
]


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
    tables.show(told, found, Console(highlight=False, markup=False))
    return 0
