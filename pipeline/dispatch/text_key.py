"""A number that near-identical texts share, so that copies are found without comparing texts."""

from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

#: Bytes (UTF-8) of letters from which equal texts are no coincidence: 10 Chinese characters, 15
#: Cyrillic letters or 30 Latin ones. "Where is my parcel?" is written by thousands.
SHORTEST: Final = 30

_NOT_LETTERS: Final = r"(?:<[a-z]+>|[^\p{L}\p{M}])+"


def text_keys(clean: pd.Series) -> pd.Series:
    """Hash of the letters of each cleaned text; 0 where there are too few.

    Masks, digits, punctuation, spaces and letter case make no difference. The hash is the same
    on every machine and in every run (SipHash with a fixed key).

    >>> a, b, c = text_keys(pd.Series([
    ...     "Order <code> has not arrived, nobody answers me!",
    ...     "order <number> has NOT arrived... nobody answers me",
    ...     "Where is my parcel?",
    ... ]))
    >>> bool(a == b), int(c)
    (True, 0)
    """
    lower = pc.utf8_lower(pa.array(clean, type=pa.large_string(), from_pandas=True))
    letters = pc.fill_null(pc.replace_substring_regex(lower, _NOT_LETTERS, ""), "")
    keys = pd.util.hash_array(letters.to_numpy(zero_copy_only=False), categorize=False)
    keys[pc.less(pc.binary_length(letters), SHORTEST).to_numpy(zero_copy_only=False)] = 0
    return pd.Series(keys, clean.index)
