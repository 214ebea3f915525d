"""Labelled history: read through the same door as exports, checked before anything is learnt."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd

from pipeline import intake
from pipeline.errors import TrainingError
from pipeline.rules.load import Rules
from pipeline.text.prepare import prepare
from pipeline.ticket import LABELS, LEVELS

#: Fewer examples than this of a label cannot be told from noise.
_FEWEST_EXAMPLES = 5


def read_labelled(
    files: Sequence[str | Path],
    rules: Rules,
    *,
    now: datetime,
    overrides: Mapping[str, str] | None = None,
    encoding: str | None = None,
) -> pd.DataFrame:
    """Read labelled tickets and prepare their texts.

    The frame has the ticket's columns, those of `LABELS` ("" where absent), ``source``
    (the file) and what `prepare` adds. Rows that cannot be read and rows without a category
    are left out; ``attrs["left_out"]`` counts them by why.

    :raises TrainingError: No row has a category.
    """
    batches = list(
        intake.read(
            intake.find(files),
            rules=rules.columns,
            overrides=dict(overrides or {}),
            encoding=encoding,
            now=now,
            extra=LABELS,
        )
    )
    rejected = pd.concat([batch.rejected for batch in batches], ignore_index=True)
    left_out = rejected["reason"].str.split(":").str[0].value_counts().sort_index().to_dict()
    parts = [batch.tickets.assign(source=batch.source.file) for batch in batches]
    tickets = pd.concat(parts, ignore_index=True)
    tickets["urgency"] = _levels(tickets["urgency"])
    for column in ("category", "secondary", "reason", "emotion"):
        tickets[column] = tickets[column].str.strip()
    unlabelled = tickets["category"] == ""
    if unlabelled.any():
        left_out["without a category"] = int(unlabelled.sum())
    tickets = tickets[~unlabelled].reset_index(drop=True)
    if tickets.empty:
        names = ", ".join(str(file) for file in files)
        raise TrainingError(
            f"{names}: no row has a category. Name the column that holds it: "
            "--column category=HEADER"
        )
    tickets = prepare(tickets, rules.languages)
    tickets.attrs["left_out"] = left_out
    return tickets


def check_labels(tickets: pd.DataFrame) -> None:
    """Refuse what cannot make a model, saying what is needed.

    :raises TrainingError: One category only, one with too few examples, or one whose column
        p_<label> is taken.
    """
    counts = tickets["category"].value_counts()
    if len(counts) < 2:
        raise TrainingError(
            f"All {len(tickets)} rows have the category {counts.index[0]!r}: "
            "a model needs at least two."
        )
    rare = counts[counts < _FEWEST_EXAMPLES]
    if len(rare):
        found = ", ".join(f"{label!r} ({n})" for label, n in rare.items())
        raise TrainingError(
            f"Too few examples of {found}: each category needs at least {_FEWEST_EXAMPLES}. "
            "Label more, or merge it with another category."
        )
    if "urgent" in counts:
        raise TrainingError(
            "A category cannot be called 'urgent': the column p_urgent says how urgent a ticket "
            "is. Rename the category."
        )


def _levels(urgency: pd.Series) -> pd.Series:
    """Accept 0..3 as well as the names of the levels; give the names."""
    text = urgency.str.strip().str.lower().str.removesuffix(".0")
    names = dict(zip(map(str, range(len(LEVELS))), LEVELS, strict=True))
    named = text.map(names).fillna(text)
    return named.where(named.isin(LEVELS), "").astype("str")
