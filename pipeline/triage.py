"""The page to read first: how a ticket is triaged, from text to decision.

A *batch step* is a pure function of a batch of tickets; batches may run anywhere, in any
order. `triage` is the batch step. What needs all open tickets at once (repeat contacts,
incidents, the order of the queue) is the *whole-set step*, `dispatch.arrange`, and works on a
few narrow columns. `engine.run` puts the two together and `output` writes the files.
"""

from datetime import datetime

import pandas as pd

from pipeline import dispatch
from pipeline.dispatch import Corrections
from pipeline.model.scoring import Scorer
from pipeline.rules.load import Rules
from pipeline.text.cues import mark_cues
from pipeline.text.prepare import prepare


def triage(
    tickets: pd.DataFrame,
    model: Scorer,
    rules: Rules,
    *,
    now: datetime,
    corrections: Corrections | None = None,
) -> pd.DataFrame:
    """Decide a batch of tickets: language, category, urgency, team, deadline, and why.

    :param tickets: The columns of `ticket.INPUT_COLUMNS`; none of them is changed.
    :param now: Timezone-aware; deadlines are judged against it.
    :param corrections: What people decided in an earlier run (see `dispatch.by_hand`).
    """
    prepared = prepare(tickets, rules.languages)
    return decide(prepared, model, rules, now=now, corrections=corrections)


def decide(
    tickets: pd.DataFrame,
    model: Scorer,
    rules: Rules,
    *,
    now: datetime,
    corrections: Corrections | None = None,
) -> pd.DataFrame:
    """Decide a batch of tickets whose text and language are prepared."""
    tickets = mark_cues(tickets, rules.urgency)
    tickets = model.score(tickets)
    if corrections is not None:
        tickets = dispatch.relabel(tickets, corrections)
    return dispatch.assign(tickets, rules, now=now, corrections=corrections)
