"""The one door to the text steps: training and classifying both come through it."""

import pandas as pd

from pipeline.rules.languages import LanguageRules
from pipeline.text.clean import clean
from pipeline.text.language import identify


def prepare(tickets: pd.DataFrame, languages: LanguageRules) -> pd.DataFrame:
    """Add ``_clean``, ``language`` and ``language_confidence`` to a batch of tickets."""
    cleaned = clean(tickets["text"].tolist())
    countries = tickets["country"].tolist() if "country" in tickets else [""] * len(tickets)
    found, confidence = identify(cleaned, countries, languages)
    return tickets.assign(
        _clean=pd.array(cleaned, dtype="str"),
        language=pd.array(found, dtype="str"),
        language_confidence=confidence,
    )
