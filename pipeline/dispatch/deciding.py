"""The batch step: routing, deadline, action, review and explanation of scored tickets."""

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipeline.dispatch.actions import acknowledgements, first_actions, missing_information
from pipeline.dispatch.by_hand import Corrections, is_corrected, none, reroute
from pipeline.dispatch.deadline import check_aware, deadline_columns
from pipeline.dispatch.explanation import explanations
from pipeline.dispatch.matching import Facts
from pipeline.dispatch.screening import suspicious
from pipeline.dispatch.suspicions import orders_in
from pipeline.dispatch.text_key import text_keys

if TYPE_CHECKING:
    from pipeline.rules.load import Rules


def assign(
    tickets: pd.DataFrame,
    rules: "Rules",
    *,
    now: datetime,
    corrections: Corrections | None = None,
) -> pd.DataFrame:
    """Decide who takes each ticket, until when, what to do first, and say why.

    A pure function of the batch: any split of the tickets into batches gives the same answers.
    It adds the columns of the room ``dispatch`` (see `pipeline.ticket`), ``_text_key``
    (uint64), ``_suspicion`` and ``_order_in_text``, and changes none that is there.

    :param tickets: Scored tickets: the columns of intake, text and model, ``_clean`` and
        ``_review``.
    :param now: When the states of the deadlines are looked at; needs a time zone.
    :param corrections: What people set in an earlier run: the teams are taken over here.
    :raises ValueError: `now` or a time column has no time zone.
    """
    check_aware(now)
    corrections = none() if corrections is None else corrections
    tickets = _reviewed(tickets, rules, corrections)
    handled = tickets.assign(reason=_handled_as(tickets, rules))
    facts = Facts(tickets, rules.routing.currencies)
    rule = facts.first_fit([one.conditions for one in rules.routing.rules])
    deadlines = deadline_columns(tickets, facts, rule, (rules.routing, rules.sla), now=now)
    decided = tickets.assign(
        team=pd.array([one.team for one in rules.routing.rules], dtype="str").take(rule),
        routing_rule=pd.array([one.id for one in rules.routing.rules], dtype="str").take(rule),
        suggested_action=first_actions(handled["reason"], rule, rules.routing.rules, rules.actions),
        acknowledgement=acknowledgements(handled, rules.actions),
        missing_information=missing_information(handled, rules.actions),
        **deadlines,
        _text_key=text_keys(tickets["_clean"]),
        _order_in_text=orders_in(tickets["text"]),
    )
    decided = reroute(decided, corrections)
    sentences = explanations(decided, rules.routing.teams)
    if len(corrections):
        set_ = decided["corrected"].tolist()
        both = zip(sentences, set_, strict=True)
        sentences = [f"{one} Set by hand: {fields}." if fields else one for one, fields in both]
    return decided.assign(explanation=pd.array(sentences, dtype="str"))


def _reviewed(tickets: pd.DataFrame, rules: "Rules", corrections: Corrections) -> pd.DataFrame:
    """Add needs_review and review_reason; a suspicious text beats what the model is unsure of.

    Where a person has decided already, nobody needs to look again.
    """
    flagged = suspicious(tickets["text"], rules.screening)
    if len(corrections):
        flagged &= ~is_corrected(tickets, corrections)
    reason = tickets["_review"].where(~flagged, "suspicious").astype("str")
    asked = _asked_by_cue(tickets, rules)
    differs = (asked != "") & (asked != tickets["reason"]) & (reason == "")
    if len(corrections):
        differs &= ~is_corrected(tickets, corrections)
    reason = reason.mask(differs, "rule_and_model_disagree")
    return tickets.assign(
        review_reason=reason,
        needs_review=np.asarray(reason != "", dtype=bool),
        _suspicion=pd.array(np.where(flagged, "review_for_money", ""), dtype="str"),
    )


def _asked_by_cue(tickets: pd.DataFrame, rules: "Rules") -> pd.Series:
    """The reason as which the cue in each text wants the ticket handled, or ""."""
    handle_as = {cue.id: cue.handle_as for cue in rules.urgency.cues}
    return tickets["_cue"].map(handle_as).fillna("").astype("str")


def _handled_as(tickets: pd.DataFrame, rules: "Rules") -> pd.Series:
    """The reason whose first action and reply fit: the cue's, else the model's.

    Nobody is thanked for praise that may be none.
    """
    asked = _asked_by_cue(tickets, rules)
    doubtful = tickets["needs_review"] & (tickets["reason"] == "praise")
    own = tickets["reason"].mask(doubtful, "unclear")
    return asked.where(asked != "", own).astype("str")
