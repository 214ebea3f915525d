"""One plain sentence for each ticket, made of the parts of the decision."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from pipeline.rules.routing import Team

#: What a person should know who is asked to look (keys: ticket.REVIEW_REASONS).
REVIEW_SENTENCES: Final = {
    "too_short": "the text is too short to be sure",
    "unknown_language": "the language was not recognised",
    "categories_tie": "no category is clearly the likeliest",
    "words_unknown": "the model has not seen most of these words",
    "rule_and_model_disagree": "its words are urgent, but the model saw nothing urgent",
    "suspicious": "something about it is suspicious",
}

_PARTS: Final = (
    "category",
    "reason",
    "category_confidence",
    "secondary_category",
    "keywords",
    "urgency",
    "urgency_level",
    "_cue",
    "team",
    "routing_rule",
    "review_reason",
)


def explanations(decided: pd.DataFrame, teams: Mapping[str, Team]) -> list[str]:
    """The sentence of every ticket of a batch that has been routed and given a deadline.

    For example: ``Logistics/delayed (91 % sure) because of: 还没到, 物流; urgency 62 of 100
    (high); to the logistics desk by rule 'logistics', first response due 2026-11-21 14:00 UTC.``
    """
    naive = decided["first_response_due_at"].dt.tz_localize(None).to_numpy()
    due = [text.replace("T", " ") for text in np.datetime_as_string(naive, unit="m").tolist()]
    names = {team.id: team.en for team in teams.values()}
    columns = [decided[name].tolist() for name in _PARTS]
    return [
        f"{_finding(category, reason, sure, secondary, keywords)}; {_urgency(urgency, level, cue)}"
        f"to the {names[team]} by rule '{rule}', first response due {until} UTC."
        f"{_request(review)}"
        for (
            category,
            reason,
            sure,
            secondary,
            keywords,
            urgency,
            level,
            cue,
            team,
            rule,
            review,
            until,
        ) in zip(*columns, due, strict=True)
    ]


def _finding(category: str, reason: str, sure: float, secondary: str, keywords: str) -> str:
    label = f"{category[:1].upper()}{category[1:]}/{reason}" if reason else category.capitalize()
    percent = f" ({100 * sure:.0f} % sure)" if sure == sure else ""  # NaN differs from itself
    because = f" because of: {keywords}" if keywords else ""
    also = f"; also {secondary}" if secondary else ""
    return f"{label}{percent}{because}{also}"


def _urgency(urgency: float, level: str, cue: str) -> str:
    why = f", words of '{cue}'" if cue else ""
    return f"urgency {urgency:.0f} of 100 ({level}{why}); " if urgency == urgency else ""


def _request(review: str) -> str:
    return f" Please check: {REVIEW_SENTENCES.get(review, review)}." if review else ""
