"""Which tickets of an export the corrections mean, where ids alone do not say so.

Files of one export may repeat ids: two shops both have a ticket 1001. A correction then holds for
the ticket with its text; one without a text is not guessed at, it waits.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import pandas as pd

from pipeline.dispatch.by_hand import COLUMNS, Corrections, text_key

#: Ids named in a note.
_NAMED: Final = 5


class Addressed(NamedTuple):
    """`applied` are the corrections to make; `kept` those and all that wait, for the next run.

    `notes` say in a sentence each what waits and why.
    """

    applied: Corrections
    kept: Corrections
    notes: tuple[str, ...]


def address(corrections: Corrections, tickets: pd.DataFrame) -> Addressed:
    """Find the tickets that each of `corrections` means.

    An id that one text of the export has is that ticket, even when its text was changed since.
    Where several have it, the text of the correction must be that of one of them.

    :param tickets: ``ticket_id`` and ``text`` of the export's tickets with such ids, at least.
    """
    texts: dict[str, dict[str, str]] = {}
    for name, text in zip(tickets["ticket_id"], tickets["text"], strict=True):
        texts.setdefault(name, {}).setdefault(text_key(text), text)
    applied: list[dict[str, str]] = []
    waiting: list[dict[str, str]] = []
    absent: list[str] = []
    unclear: list[str] = []
    changed: list[str] = []
    by_id: dict[str, list[dict[str, str]]] = {}
    for cells in corrections[list(COLUMNS)].itertuples(index=False):
        row = dict(zip(COLUMNS, cells, strict=True))
        by_id.setdefault(row["ticket_id"], []).append(row)
    for name, rows in sorted(by_id.items()):
        theirs = texts.get(name, {})
        if not theirs:
            absent.append(name)
            waiting += rows
            continue
        own, others = _split(rows, theirs)
        if len(theirs) == 1 and not own and len(rows) == 1:
            own, others = [{**rows[0], "text": next(iter(theirs.values()))}], []
            changed.append(name)
        applied += _merged(own)
        waiting += others
        unclear += [name] if others else []
    return Addressed(
        _frame(applied), _frame([*applied, *waiting]), _notes(absent, unclear, changed)
    )


def _split(
    rows: Sequence[dict[str, str]], texts: dict[str, str]
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The rows that mean one of `texts`, with its text, and the others."""
    own, others = [], []
    only = next(iter(texts.values())) if len(texts) == 1 else None
    for row in rows:
        if text_key(row["text"]) in texts:
            own.append(row)
        elif not row["text"] and only is not None:
            own.append({**row, "text": only})
        else:
            others.append(row)
    return own, others


def _merged(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """One row for each ticket; a later one beats an earlier one, field by field."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        key = text_key(row["text"])
        found[key] = {
            **found.get(key, row),
            **{name: value for name, value in row.items() if value},
        }
    return list(found.values())


def _notes(
    absent: Sequence[str], unclear: Sequence[str], changed: Sequence[str]
) -> tuple[str, ...]:
    said = (
        (
            unclear,
            "not made: the text does not say which ticket with that id is meant. Put the text "
            "of the ticket into the column text of corrections.csv.",
        ),
        (absent, "not made: no ticket of the export has the id. Kept in corrections.csv."),
        (changed, "made by the id alone: the text of the ticket is not that of the correction."),
    )
    return tuple(f"Corrections of {_named(ids)}: {what}" for ids, what in said if ids)


def _named(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more


def _frame(rows: Sequence[dict[str, str]]) -> Corrections:
    found = pd.DataFrame(rows, columns=list(COLUMNS)).astype("str")
    return found.sort_values("ticket_id", kind="stable", ignore_index=True)
