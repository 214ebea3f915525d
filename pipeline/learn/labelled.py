"""Labelled history: read through the same door as exports, checked before anything is learnt."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd

from pipeline import intake
from pipeline.errors import TrainingError
from pipeline.learn.looks import refuse_late_columns
from pipeline.rules.load import Rules
from pipeline.rules.tables import check_known
from pipeline.text.prepare import prepare
from pipeline.ticket import LABELS, LEVELS, REASONS

#: Fewer examples than this of a label cannot be told from noise.
_FEWEST_EXAMPLES = 5
#: From this share of reasons that are ours, the others are taken for slips of the pen.
_MOSTLY_OURS = 0.9


def read_labelled(
    files: Sequence[str | Path],
    rules: Rules,
    *,
    now: datetime,
    overrides: Mapping[str, str] | None = None,
    encoding: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Read labelled tickets and prepare their texts, batch by batch.

    The frame has the ticket's columns, those of `LABELS` ("" where absent), ``source``
    (the file) and what `prepare` adds. Rows that cannot be read and rows without a category
    are left out; ``attrs["left_out"]`` counts them by why.

    :param mapping: Another name for a category: ``{"Produktmangel": "quality"}``.
    :raises TrainingError: No row has a category.
    """
    left_out: Counter[str] = Counter()
    parts = []
    for batch in intake.read(
        intake.find(files),
        rules=rules.columns,
        overrides=dict(overrides or {}),
        encoding=encoding,
        now=now,
        extra=LABELS,
    ):
        refuse_late_columns({field: header for header, field in batch.source.mapping.items()})
        left_out.update(batch.rejected["reason"].str.split(":").str[0].tolist())
        named = batch.tickets.assign(source=batch.source.file)
        parts.append(prepare(named, rules.languages))
    tickets = pd.concat(parts, ignore_index=True)
    tickets["urgency"] = _levels(tickets["urgency"])
    for column in ("category", "secondary", "reason", "emotion"):
        tickets[column] = tickets[column].str.strip()
    tickets["category"] = _mapped(tickets["category"], mapping or {})
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
    left_out.update(_unknown_reasons(tickets))
    tickets.attrs["left_out"] = dict(sorted(left_out.items()))
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


def _mapped(category: pd.Series, mapping: Mapping[str, str]) -> pd.Series:
    """Rename categories.

    :raises TrainingError: No ticket has the label to be renamed.
    """
    found = set(category)
    for old in mapping:
        check_known(old, sorted(found - {""}), where="--map", kind="category in the labelled files")
    return category.map(lambda label: mapping.get(label, label)).astype("str")


def _unknown_reasons(tickets: pd.DataFrame) -> dict[str, int]:
    """Take out reasons that are slips of the pen, and those with too few tickets, and count them.

    Where nearly all reasons are ours, one that is not would cost the model the order of reasons
    inside their categories.
    """
    reason = tickets["reason"]
    known = reason.isin([one for group in REASONS.values() for one in group])
    given = reason != ""
    left_out = {}
    if given.any() and known[given].mean() >= _MOSTLY_OURS:
        wrong = given & ~known
        if wrong.any():
            named = ", ".join(repr(one) for one in sorted(set(reason[wrong]))[:5])
            left_out[f"reason unknown ({named}), category kept"] = int(wrong.sum())
        tickets["reason"] = reason.where(known, "")
    elif given.any():
        number = reason[given].value_counts()
        rare = number[number < _FEWEST_EXAMPLES]
        if len(rare):
            why = f"reason has fewer than {_FEWEST_EXAMPLES} tickets, category kept"
            left_out[why] = int(rare.sum())
        tickets["reason"] = reason.where(~reason.isin(rare.index), "")
    return left_out


def _levels(urgency: pd.Series) -> pd.Series:
    """Accept 0..3 as well as the names of the levels; give the names."""
    text = urgency.str.strip().str.lower().str.removesuffix(".0")
    names = dict(zip(map(str, range(len(LEVELS))), LEVELS, strict=True))
    named = text.map(names).fillna(text)
    return named.where(named.isin(LEVELS), "").astype("str")
