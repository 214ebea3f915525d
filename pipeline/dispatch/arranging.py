"""The whole-set step: repeat contacts, incidents, and one total order of all open tickets."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dispatch.deadline import to_seconds
from pipeline.dispatch.groups import Codes, codes
from pipeline.dispatch.incidents import CAUSES, find_incidents
from pipeline.dispatch.matching import dollars
from pipeline.dispatch.points import in_words
from pipeline.dispatch.priority import (
    CONSEQUENCE,
    EMOTION_POINTS,
    LEVEL_POINTS,
    Inputs,
    Points,
    parts,
    scale,
)
from pipeline.dispatch.repeats import repeat_contacts
from pipeline.dispatch.suspicions import suspicions
from pipeline.ticket import CLOSED_STATES

if TYPE_CHECKING:
    from pipeline.rules.load import Rules

#: The columns that `arrange` needs of every ticket.
NARROW: Final[tuple[str, ...]] = (
    "ticket_id",
    "created_at",
    "customer_id",
    "order_id",
    *CAUSES,
    "status",
    "category",
    "reason",
    "urgency",
    "urgency_level",
    "emotion",
    "customer_tier",
    "order_value",
    "currency",
    "next_step_due_at",
    "_suspicion",
    "_order_in_text",
)

#: Decimals of points: the last bits of a logarithm differ between processors, and a second of
#: waiting is three millionths of a point.
_DECIMALS: Final = 6


def arrange(narrow: pd.DataFrame, rules: "Rules", *, now: datetime) -> pd.DataFrame:
    """Look at all tickets together; give the columns of the room ``queue``, same row order.

    The order of open tickets is total: by the points (see `pipeline.dispatch.priority`), then
    the earlier creation, the larger consequence, the earlier deadline, the smaller ticket_id, the
    row read first.
    Closed tickets count as repeat contacts and in incidents, but have no priority and no rank.
    A status that is not known to be closed is open: no ticket is lost.

    :param narrow: The columns `NARROW` of every ticket of the export.
    :param now: From when waiting and deadlines are looked at; needs a time zone.
    :raises ValueError: `now` or a time column has no time zone.
    """
    created = to_seconds(narrow["created_at"], now=now)
    customer, _ = codes(narrow["customer_id"])
    repeats = repeat_contacts(created, customer, codes(narrow["order_id"])[0])
    incidents = find_incidents(narrow, created, customer)
    is_open = ~narrow["status"].isin(CLOSED_STATES).to_numpy(bool)
    inputs = _inputs(narrow, rules, created, repeats, incidents.size, now)
    points = parts(inputs)
    total = np.round(np.sum(list(points.values()), axis=0), _DECIMALS)
    rank = _ranks(narrow, points, total, created, is_open)
    priority = scale(total)
    return pd.DataFrame(
        {
            "incident_id": incidents.id,
            "incident_size": pd.arrays.IntegerArray(incidents.size, incidents.size == 0),
            "repeat_contacts": pd.arrays.IntegerArray(repeats, np.zeros(len(repeats), bool)),
            "suspicion": suspicions(narrow, created, customer),
            "priority": np.where(is_open, priority, np.nan),
            "priority_parts": in_words(points, priority, is_open),
            "rank": pd.arrays.IntegerArray(rank, ~is_open),
        },
        index=narrow.index,
    )


def _inputs(
    narrow: pd.DataFrame,
    rules: "Rules",
    created: Codes,
    repeats: Codes,
    incident: Codes,
    now: datetime,
) -> Inputs:
    moment = int(pd.Timestamp(now).timestamp())
    due = to_seconds(narrow["next_step_due_at"], now=now)
    used = (moment - created) / np.maximum(due - created, 1)
    return inputs(narrow, rules, repeats, incident)._replace(
        # No deadline runs while the customer has the next word.
        used=np.where(narrow["next_step_due_at"].isna(), 0.0, used),
        waited=(moment - created).astype(float),
    )


def inputs(narrow: pd.DataFrame, rules: "Rules", repeats: Codes, incident: Codes) -> Inputs:
    """What the points of each ticket are made of, at the moment it is created.

    :param narrow: The columns `NARROW`.
    """
    nothing = np.zeros(len(narrow))
    return Inputs(
        level_points=_look_up(narrow["urgency_level"], LEVEL_POINTS, LEVEL_POINTS["normal"]),
        complaint=np.asarray(narrow["category"] != "other", dtype=float),
        urgency=narrow["urgency"].to_numpy(float),
        emotion_points=_look_up(narrow["emotion"], EMOTION_POINTS, 0.0),
        value=dollars(narrow, rules.routing.currencies),
        tier=_look_up(narrow["customer_tier"], rules.routing.tiers, 0.0),
        repeats=repeats.astype(float),
        incident=incident.astype(float),
        used=nothing,
        waited=nothing,
    )


def _look_up(column: pd.Series, table: Mapping[str, float], default: float) -> Points:
    """The number of each text in a table with lower-case keys."""
    found, values = pd.factorize(column)
    numbers = [table.get(str(value).strip().lower(), default) for value in values]
    return np.array([*numbers, default])[found]


def _ranks(
    narrow: pd.DataFrame,
    points: Mapping[str, Points],
    total: Points,
    created: Codes,
    is_open: npt.NDArray[np.bool_],
) -> Codes:
    """1 for the first open ticket, 2 for the next ...; 0 for closed ones."""
    rows = np.flatnonzero(is_open)
    due = narrow["next_step_due_at"].astype("int64").to_numpy()[rows]
    consequence = np.sum([points[name][rows] for name in CONSEQUENCE], axis=0)
    keys: list[npt.NDArray[Any]] = [
        _text_order(narrow["ticket_id"].iloc[rows]),
        due,
        -np.round(consequence, _DECIMALS),
        created[rows],
        -total[rows],
    ]
    order = np.lexsort(keys)  # the last key decides first; equal rows keep their order
    ranks = np.zeros(len(narrow), np.int64)
    ranks[rows[order]] = np.arange(1, len(rows) + 1)
    return ranks


def _text_order(texts: pd.Series) -> Codes:
    """A number for each text that sorts as its UTF-8 bytes do; equal texts share it."""
    column = pa.array(texts, type=pa.large_string(), from_pandas=True)
    return pc.rank(column, tiebreaker="min").to_numpy().astype(np.int64)
