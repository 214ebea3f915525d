"""One text through the whole flow, shown with what decided."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.model import store
from pipeline.model.evidence import Account, account
from pipeline.model.scoring import Scorer
from pipeline.rules import load as rules_load
from pipeline.text.encoder import Mode
from pipeline.ticket import BY_NAME, INPUT_COLUMNS
from pipeline.triage import triage

if TYPE_CHECKING:
    from rich.text import Text

_SHOWN = (
    "language", "category", "category_confidence", "secondary_category", "reason", "urgency",
    "urgency_level", "emotion", "team", "routing_rule", "suggested_action",
    "missing_information", "review_reason", "explanation",
)  # fmt: skip


def one_ticket(text: str, *, country: str = "") -> pd.DataFrame:
    """Return the frame of a single ticket that came in just now."""
    given = {"ticket_id": "text", "text": text, "country": country, "status": "open"}
    cells = {
        name: pd.Series(
            [given.get(name, "" if BY_NAME[name].dtype == "str" else None)],
            dtype=BY_NAME[name].dtype,
        )
        for name in INPUT_COLUMNS
    }
    return pd.DataFrame(cells)


def explain_text(
    text: str, *, model: Path, rules: Path | None, country: str, encoder: Mode
) -> "Text":
    """Triage `text` and return it with the deciding words marked, and the decision below."""
    from rich.text import Text

    scorer = Scorer(store.load(model), encoder)
    now = datetime.now(UTC).replace(microsecond=0)
    row = triage(one_ticket(text, country=country), scorer, rules_load.load(rules), now=now).iloc[0]
    shown = Text(row["_clean"])
    for word in filter(None, row["keywords"].split(", ")):
        shown.highlight_words([word], style="bold reverse", case_sensitive=True)
    for name in _SHOWN:
        value = row[name]
        cell = f"{value:.2f}" if isinstance(value, float) else str(value)
        shown.append(f"\n{name:>20}  ", style="dim").append(cell)
    sums = account(row["_clean"], row["language"], scorer.model, row["category"])
    shown.append(f"\n{'words':>20}  ", style="dim").append(_in_words(sums, row["category"]))
    if scorer.encoder is not None:
        shown.append(f"\n{'encoder':>20}  ", style="dim").append(_ENCODER)
    return shown


#: Words whose shares are shown one by one.
_MOST_WORDS = 8
_ENCODER = "may have been asked too: it reads the text as a whole and names no words"


def _in_words(sums: Account, category: str) -> str:
    """Say how the n-grams' score for the category adds up.

    >>> _in_words(Account([("late", 1.5), ("very", -0.2)], 0.5, 1.8), "logistics")
    'logistics +1.80 = +0.50 for any text, late +1.50, very -0.20'
    """
    strongest = sorted(sums.words, key=lambda word: -abs(word[1]))
    parts = [f"{word} {share:+.2f}" for word, share in strongest[:_MOST_WORDS]]
    rest = sum(share for _, share in strongest[_MOST_WORDS:])
    if len(strongest) > _MOST_WORDS:
        parts.append(f"{len(strongest) - _MOST_WORDS} more words {rest:+.2f}")
    return ", ".join([f"{category} {sums.logit:+.2f} = {sums.bias:+.2f} for any text", *parts])
