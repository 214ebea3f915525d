"""Words that make a ticket urgent whatever the model thinks (rules/urgency.toml)."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.rules.urgency import UrgencyRules


def mark_cues(tickets: pd.DataFrame, rules: UrgencyRules) -> pd.DataFrame:
    """Add ``_cue`` (id of the strongest cue in the text, or "") and ``_floor`` (its urgency).

    Cues are found in the cleaned text by RE2, in time linear in its length. Of two cues of
    equal strength the first in the table is named.
    """
    lower = pa.array(tickets["_clean"].str.lower(), type=pa.string())
    floor = np.zeros(len(tickets))
    name = np.full(len(tickets), "", dtype=object)
    for cue in rules.cues:
        found = np.asarray(pc.match_substring_regex(lower, cue.pattern), dtype=bool)
        stronger = found & (floor < cue.at_least)
        floor[stronger] = cue.at_least
        name[stronger] = cue.id
    return tickets.assign(_cue=pd.array(name, dtype="str"), _floor=floor)
