"""What to do first, and what to ask the customer for."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.rules.actions import Actions, Ask
from pipeline.rules.routing import Rule

#: Between two things to ask for.
SEPARATOR = "; "


def first_actions(
    reasons: pd.Series, rule: npt.NDArray[np.intp], rules: Iterable[Rule], actions: Actions
) -> pd.Series:
    """The sentence of the ticket's routing rule where it has one, else that of its reason.

    A reason that the table does not know (a model with labels of its own) gets an empty one.
    """
    by_rule = [one.action for one in rules]
    by_reason = [action.en for action in actions.by_reason.values()]
    names = pd.array([*by_rule, *by_reason, ""], dtype="str")
    code = _codes(reasons, actions)
    unknown = len(names) - 1
    chosen = np.where(code < 0, unknown, code + len(by_rule))
    has_own = np.array([bool(sentence) for sentence in by_rule])
    return pd.Series(names.take(np.where(has_own[rule], rule, chosen)), reasons.index)


def acknowledgements(tickets: pd.DataFrame, actions: Actions) -> pd.Series:
    """The text that an agent may send, in the language of each ticket; empty where none is."""
    tags = sorted({tag for texts in actions.acknowledgements.values() for tag in texts})
    table = [
        actions.acknowledgements.get(action.reply, {}).get(tag, "")
        for action in actions.by_reason.values()
        for tag in tags
    ]
    reason = _codes(tickets["reason"], actions)
    language = pd.Index(tags).get_indexer(pd.Index(tickets["language"]))
    known = (reason >= 0) & (language >= 0)
    place = np.where(known, reason * len(tags) + language, len(table))
    return pd.Series(pd.array([*table, ""], dtype="str").take(place), tickets.index)


def missing_information(tickets: pd.DataFrame, actions: Actions) -> pd.Series:
    """What to ask for, joined with `SEPARATOR`: what the reason needs and the ticket lacks."""
    code = _codes(tickets["reason"], actions)
    wanted: npt.NDArray[np.int64] = np.zeros(len(tickets), np.int64)
    for number, ask in enumerate(actions.asks.values()):
        asked = [ask.id in action.asks for action in actions.by_reason.values()]
        rows = np.flatnonzero(np.array([*asked, False])[code])
        lacking = rows[~_known(tickets, rows, ask)]
        wanted[lacking] |= 1 << number
    sets, which = np.unique(wanted, return_inverse=True)
    labels = [ask.en for ask in actions.asks.values()]
    texts = [
        SEPARATOR.join(label for bit, label in enumerate(labels) if one >> bit & 1)
        for one in sets.tolist()
    ]
    return pd.Series(pd.array(texts, dtype="str").take(which), tickets.index)


def _codes(reasons: pd.Series, actions: Actions) -> npt.NDArray[np.intp]:
    return pd.Index(actions.by_reason).get_indexer(pd.Index(reasons))


def _known(tickets: pd.DataFrame, rows: npt.NDArray[np.intp], ask: Ask) -> npt.NDArray[np.bool_]:
    known = np.zeros(len(rows), dtype=bool)
    for column in ask.columns:
        known |= (tickets[column].iloc[rows] != "").to_numpy(bool)
    for mask in ask.mentioned:
        clean = tickets["_clean"].iloc[rows]
        known |= clean.str.contains(mask, regex=False).to_numpy(bool)
    return known
