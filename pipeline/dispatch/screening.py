"""Suspicious complaints: flagged for a person to look at, never dropped."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.rules.screening import Screening


def suspicious(text: pd.Series, screening: Screening) -> npt.NDArray[np.bool_]:
    """True where the writer bargains with a review (see rules/screening.toml).

    It reads words only: it misses every phrase that the table does not have, and one quoted
    from somebody else's message matches too. That is why a match asks for a look and decides
    nothing.
    """
    if not screening.pattern:
        return np.zeros(len(text), dtype=bool)
    texts = pa.array(text, type=pa.large_string(), from_pandas=True)
    found = pc.match_substring_regex(texts, screening.pattern, ignore_case=True)
    return pc.fill_null(found, False).to_numpy(zero_copy_only=False)
