"""Which tickets the page holds: the first of the queue, and the first of each team."""

import re
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.output import layout
from pipeline.output.batches import one_batch

#: Whoever filters by a team finds its first tickets, even those far down in the whole queue.
EACH_TEAM: Final = 50

#: What a ticket on the page can show.
COLUMNS: Final = (
    "rank",
    "priority",
    "priority_parts",
    "ticket_id",
    "created_at",
    "channel",
    "country",
    "customer_id",
    "order_id",
    "sku",
    "status",
    "text",
    "language",
    "category",
    "category_confidence",
    "secondary_category",
    "reason",
    "urgency",
    "urgency_level",
    "emotion",
    "keywords",
    "team",
    "routing_rule",
    "suggested_action",
    "missing_information",
    "first_response_due_at",
    "sla_policy",
    "sla_state",
    "next_step",
    "next_step_owner",
    "next_step_due_at",
    "incident_id",
    "incident_size",
    "repeat_contacts",
    "needs_review",
    "review_reason",
    "corrected",
    "customer_tier",
    "order_value",
    "currency",
    "first_response_at",
)
#: Parked in the spool for this page alone: the id of the urgent words (rules/urgency.toml).
PRIVATE: Final = ("_cue",)

#: Characters of the text that the page holds; 2,000 of the longest tickets are then 3 MB. Other
#: cells are shorter unless someone wants to break the page.
TEXT: Final = 1_500
_CELL: Final = 300
#: Embeddings, overrides and isolates: a page shows each text by the direction of its letters.
_TURNS: Final = "[\u202a-\u202e\u2066-\u2069]"


class Head:
    """Takes batches of tickets in any order; keeps those with the lowest ranks.

    :param tickets: The first so many of the queue are kept, and `EACH_TEAM` of each team.
    """

    def __init__(self, tickets: int, each_team: int = EACH_TEAM) -> None:
        self._tickets = tickets
        self._each_team = each_team if tickets else 0
        self._first = [_cut(pa.RecordBatch.from_pylist([], schema=layout.schema(COLUMNS)))]
        self._others: pa.RecordBatch | None = None

    def add(self, batch: pa.RecordBatch) -> None:
        """Look at a batch; closed tickets (without a rank) are passed over."""
        names = [*COLUMNS, *(name for name in PRIVATE if name in batch.schema.names)]
        batch = batch.select(names)
        if len(self._first) == 1:  # so far only the empty one
            self._first = [_cut(batch.slice(0, 0))]
        rank = batch.column("rank")
        is_first = pc.fill_null(pc.less_equal(rank, self._tickets), False)
        self._first.append(_cut(batch.filter(is_first)))
        if self._each_team:
            behind = pc.fill_null(pc.greater(rank, self._tickets), False)
            self._keep(batch.filter(behind))

    def tickets(self) -> pa.RecordBatch:
        """The tickets of the page by rank."""
        found = one_batch([*self._first, *([self._others] if self._others else [])])
        return found.take(pc.sort_indices(found.column("rank")))

    def _keep(self, batch: pa.RecordBatch) -> None:
        kept = _cut(self._first_of_teams(batch))
        if self._others is not None:
            kept = self._first_of_teams(one_batch([self._others, kept]))
        self._others = kept

    def _first_of_teams(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The `EACH_TEAM` lowest ranks of each team."""
        team = batch.column("team").dictionary_encode().indices.to_numpy(False)
        order = np.lexsort([batch.column("rank").to_numpy(False), team])
        begins = np.flatnonzero(np.diff(team[order], prepend=-1))
        place = np.arange(len(order)) - np.repeat(begins, np.diff(begins, append=len(order)))
        return batch.take(pa.array(order[place < self._each_team]))


def without_turns(text: str) -> str:
    """`text` without the signs that turn the direction of what follows, such as U+202E.

    >>> without_turns("\u202egnp.exe\u202c عربي")
    'gnp.exe عربي'
    """
    return re.sub(_TURNS, "", text)


def _cut(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Text cells without turns and cut short; ``_length`` says how long the text was."""
    arrays = list(batch.columns)
    for at, name in enumerate(batch.schema.names):
        if pa.types.is_large_string(arrays[at].type):
            arrays[at] = pc.replace_substring_regex(arrays[at], _TURNS, "")
            most = TEXT if name == "text" else _CELL
            if (pc.max(pc.binary_length(arrays[at])).as_py() or 0) > most:
                arrays[at] = pc.utf8_slice_codeunits(arrays[at], 0, most)
    length = pc.utf8_length(pc.replace_substring_regex(batch.column("text"), _TURNS, ""))
    return pa.RecordBatch.from_arrays([*arrays, length], names=[*batch.schema.names, "_length"])
