"""What people decided in an earlier run stays decided: category, reason, urgency, team.

A person's word beats the model's and the rules'. The model's probabilities stay as they are, so
that both can be compared; everything that follows from a category or a level (rule, deadline,
first action, place in the queue) follows from the person's.

A correction holds for the tickets with its ``ticket_id`` and, where it carries a ``text``, with
that text: files of one export may repeat ids (see `pipeline.dispatch.addressing`).
"""

import re
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.ticket import CORRECTABLE, LEVEL_BORDERS, LEVELS, REASONS

FIELDS: Final = CORRECTABLE
#: The columns of corrections.csv.
COLUMNS: Final = ("ticket_id", *FIELDS, "note", "text")

Corrections = pd.DataFrame

#: Which category each of our reasons belongs to.
_HOME: Final = {reason: category for category, names in REASONS.items() for reason in names}
_TOP: Final = 100.0
_MARKS: Final = re.compile(r"\W+")
#: Letters that tell texts apart; a cell of a workbook keeps 32,767 characters at most.
_KEY_LETTERS: Final = 10_000


def none() -> Corrections:
    """No corrections at all."""
    return pd.DataFrame({name: pd.array([], dtype="str") for name in COLUMNS})


def text_key(text: str) -> str:
    r"""What stays of a text when a spreadsheet saved it: its letters and digits.

    >>> text_key("'=坏了, broken\r\n") == text_key("=坏了,  Broken")
    True
    """
    return _MARKS.sub("", text.casefold())[:_KEY_LETTERS] or " ".join(text.split())


def relabel(tickets: pd.DataFrame, corrections: Corrections) -> pd.DataFrame:
    """Scored tickets with the categories, reasons and levels that people set.

    Who sets a category without a reason keeps the model's where it belongs to that category. An
    urgency outside the level that was set moves to the nearest end of it. A corrected ticket
    needs no review: a person has looked.
    """
    if not len(corrections):
        return tickets
    places = _places(tickets, corrections)
    set_ = {name: _values(corrections, name, places) for name in FIELDS}
    category, reason, level = set_["category"], set_["reason"], set_["urgency"]
    touched = np.logical_or.reduce([values != "" for values in set_.values()])
    kept = tickets["reason"].to_numpy(object)
    foreign = (category != "") & (pd.Series(kept).map(_HOME).to_numpy(object) != category)
    kept = np.where(foreign, "", kept)
    implied = pd.Series(reason).map(_HOME).fillna("").to_numpy(object)
    category = np.where(category == "", implied, category)
    return tickets.assign(
        category=_text(np.where(category == "", tickets["category"], category)),
        category_confidence=np.where(category == "", tickets["category_confidence"], 1.0),
        reason=_text(np.where(reason == "", kept, reason)),
        reason_confidence=np.where(reason == "", tickets["reason_confidence"], 1.0),
        urgency_level=_text(np.where(level == "", tickets["urgency_level"], level)),
        urgency=_within(tickets["urgency"].to_numpy(float), level),
        _review=_text(np.where(touched, "", tickets["_review"])),
    )


def reroute(decided: pd.DataFrame, corrections: Corrections) -> pd.DataFrame:
    """Routed tickets with the teams that people set, and the column ``corrected``."""
    if not len(corrections):
        return decided.assign(corrected=_text(np.full(len(decided), "")))
    places = _places(decided, corrections)
    set_ = [_values(corrections, name, places) for name in FIELDS]
    team = set_[FIELDS.index("team")]
    by_hand = team != ""
    owner = decided["next_step_owner"]
    corrected = [
        "; ".join(name for name, value in zip(FIELDS, row, strict=True) if value)
        for row in zip(*set_, strict=True)
    ]
    return decided.assign(
        team=_text(np.where(by_hand, team, decided["team"])),
        routing_rule=_text(np.where(by_hand, BY_HAND, decided["routing_rule"])),
        # A step that the team of the rule owes is owed by the team that was set.
        next_step_owner=_text(np.where(by_hand & (owner == decided["team"]), team, owner)),
        corrected=_text(np.array(corrected, object)),
    )


#: `routing_rule` of a ticket whose team a person set.
BY_HAND: Final = "by hand"


def is_corrected(tickets: pd.DataFrame, corrections: Corrections) -> npt.NDArray[np.bool_]:
    """Which tickets a person has decided about."""
    return _places(tickets, corrections) >= 0


def _places(tickets: pd.DataFrame, corrections: Corrections) -> npt.NDArray[np.intp]:
    """The row of the correction for each ticket; -1 for none."""
    ids = tickets["ticket_id"]
    places = np.full(len(tickets), -1, dtype=np.intp)
    meant = np.flatnonzero(ids.isin(corrections["ticket_id"]))
    if not len(meant):
        return places
    near = np.flatnonzero(corrections["ticket_id"].isin(ids))
    rows = corrections[["ticket_id", "text"]].iloc[near].itertuples(index=False)
    known = {(name, text_key(text)): row for row, (name, text) in zip(near, rows, strict=True)}
    candidates = tickets[["ticket_id", "text"]].iloc[meant].itertuples(index=False)
    places[meant] = [
        known.get((name, text_key(text)), known.get((name, ""), -1)) for name, text in candidates
    ]
    return places


def _values(
    corrections: Corrections, name: str, places: npt.NDArray[np.intp]
) -> npt.NDArray[np.object_]:
    """What was set for each ticket; "" for nothing."""
    values = np.append(corrections[name].to_numpy(object), "")
    found: npt.NDArray[np.object_] = values[places]
    return found


def _within(
    urgency: npt.NDArray[np.float64], level: npt.NDArray[np.object_]
) -> npt.NDArray[np.float64]:
    """Urgency moved into the level that was set."""
    low = dict(zip(LEVELS, (0.0, *LEVEL_BORDERS), strict=True))
    # Just below the next border: 49.9 is the highest normal with one decimal.
    high = dict(zip(LEVELS, (*(border - 0.1 for border in LEVEL_BORDERS), _TOP), strict=True))
    lowest = np.array([low.get(one, -np.inf) for one in level])
    highest = np.array([high.get(one, np.inf) for one in level])
    known = np.where((level != "") & np.isnan(urgency), lowest, urgency)
    return np.asarray(np.clip(known, lowest, highest))


def _text(values: object) -> pd.api.extensions.ExtensionArray:
    return pd.array(np.asarray(values, dtype=object), dtype="str")
