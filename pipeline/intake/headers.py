"""Match the headers of an export to the fields of a ticket."""

import difflib
from collections.abc import Mapping, Sequence
from itertools import islice

from pipeline import ticket
from pipeline.errors import MissingColumnError
from pipeline.intake.rows import IsHeader, Table
from pipeline.rules.columns import SUBJECT, ColumnRules, fold

#: Any of these makes a file readable.
_MESSAGE = ("text", SUBJECT)

_SAMPLED_ROWS = 100

#: Headers, and characters of each, that a message lists.
_LISTED = 60


def header_test(rules: ColumnRules, overrides: Mapping[str, str]) -> IsHeader:
    """Return a test that tells the row of headers: one of its cells names the text."""
    names = {fold(overrides[field]) for field in _MESSAGE if field in overrides}
    names = names or {name for field in _MESSAGE for name in rules.names.get(field, ())}

    def is_header(cells: Sequence[str]) -> bool:
        return any(fold(cell) in names for cell in cells if cell and len(cell) < 100)

    return is_header


def match(
    table: Table,
    rules: ColumnRules,
    *,
    overrides: Mapping[str, str],
    extra: Sequence[str] = (),
) -> dict[str, int]:
    """Return the place of the column that holds each field, in the order of the fields.

    :param overrides: Header for a field, from ``--column``; it beats the table of names.
    :param extra: Further fields to look for: labels of columns.toml, or any header.
    :raises MissingColumnError: No column holds the text, or an override is not there.
    """
    folded = _folded(table.headers, rules)
    wanted = dict.fromkeys((*ticket.INPUT_COLUMNS, SUBJECT, *extra))
    if "text" in overrides and SUBJECT not in overrides:
        del wanted[SUBJECT]  # the user named the whole text
    found = {field: _stated(table, field, header) for field, header in overrides.items()}
    taken = set(found.values())
    for field in wanted:
        if field in found:
            continue
        names = rules.names.get(field, (fold(field),))
        place = next((folded[name] for name in names if name in folded), None)
        if place is not None and place not in taken:
            found[field] = place
            taken.add(place)
    if table.headers and not any(field in found for field in _MESSAGE):
        raise MissingColumnError(_no_text(table, rules))
    return {field: found[field] for field in wanted if field in found}


def _folded(headers: Sequence[str], rules: ColumnRules) -> dict[str, int]:
    """Place of each folded header; the first of two that are alike counts."""
    whole: dict[str, int] = {}
    inner: dict[str, int] = {}
    for place, header in enumerate(headers):
        whole.setdefault(fold(header), place)
        parent, _, name = header.rpartition(".")
        if fold(parent) in rules.containers:
            inner.setdefault(fold(name), place)
    whole.pop("", None)
    return inner | whole


def _stated(table: Table, field: str, header: str) -> int:
    if header in table.headers:
        return table.headers.index(header)
    folded = [fold(known) for known in table.headers]
    if fold(header) in folded:
        return folded.index(fold(header))
    near = difflib.get_close_matches(header, table.headers, n=1)
    hint = f"Give --column {field}={_short(near[0])}." if near else "Give one of these."
    raise MissingColumnError(
        f"{table.path} has no column {header!r} for {field}. Found: {_listed(table)}. {hint}"
    )


def _no_text(table: Table, rules: ColumnRules) -> str:
    known = {name: field for field in _MESSAGE for name in rules.names.get(field, ())}
    near = [
        (header, close[0])
        for header in table.headers
        if (close := difflib.get_close_matches(fold(header), known, n=1, cutoff=0.75))
    ]
    advice = _short(near[0][0] if near else _longest(table))
    hint = f" {_short(near[0][0])!r} is near to {near[0][1]!r}." if near else ""
    return (
        f"{table.path} has no column that holds the text. Found: {_listed(table)}.{hint} "
        f'Give --column "text={advice}", or whichever holds the customer\'s words.'
    )


def _listed(table: Table) -> str:
    return ", ".join(_short(header) for header in table.headers[:_LISTED])


def _short(header: str) -> str:
    """A header that fits into one line, also when a stray quote made it a whole paragraph."""
    return " ".join(header.split())[:_LISTED] or "(no name)"


def _longest(table: Table) -> str:
    """The header over the longest cells: most likely the message."""
    width = len(table.headers)
    sizes = [0] * width
    for row in islice(table.rows(), _SAMPLED_ROWS):
        for place, cell in enumerate(row.cells[:width]):
            sizes[place] += len(cell)
    return table.headers[max(range(width), key=sizes.__getitem__)]
