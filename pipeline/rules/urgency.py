"""Parse ``urgency.toml``: words that make a ticket urgent whatever the model thinks."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import RulesError
from pipeline.rules.tables import check_known, read_table
from pipeline.ticket import REASONS

_KEYS = ("id", "at_least", "handle_as", "words")
_REASONS = tuple(reason for group in REASONS.values() for reason in group)
#: Scripts written without spaces, where a word may begin anywhere (Thai, kana, Han), and numbers,
#: which stand amid them (打12315投诉).
_NO_SPACES = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]|^[0-9]+$")


@dataclass(frozen=True)
class Cue:
    """Some words, and the urgency they stand for."""

    id: str
    at_least: float
    """0..100."""
    pattern: str
    """For RE2, on lower-case text."""
    handle_as: str = ""
    """The reason whose first action, reply and questions apply, whatever the model thinks."""


@dataclass(frozen=True)
class UrgencyRules:
    """The table, in its order."""

    cues: tuple[Cue, ...]


def load(directory: Path | None = None) -> UrgencyRules:
    """Read ``urgency.toml``.

    :raises RulesError: A cue lacks something, has an unknown key or a number outside 0..100.
    """
    path, content = read_table("urgency", directory)
    for key in content:
        check_known(key, ("cue",), where=str(path), kind="key")
    cues = [_cue(row, f"{path} cue {i}") for i, row in enumerate(content.get("cue", []), 1)]
    return UrgencyRules(tuple(cues))


def word_pattern(words: list[str]) -> str:
    """Return a pattern for RE2 that finds any of `words` in lower-case text.

    >>> word_pattern(["on fire", "冒烟"])
    '(?:^|[^\\\\pL])(?:on fire)|冒烟'
    """
    spaced = sorted({re.escape(w).replace("\\ ", " ") for w in words if not _NO_SPACES.search(w)})
    dense = sorted({re.escape(w) for w in words if _NO_SPACES.search(w)})
    parts = [f"(?:^|[^\\pL])(?:{'|'.join(spaced)})"] if spaced else []
    return "|".join(parts + dense)


def _cue(row: Any, where: str) -> Cue:
    if not isinstance(row, dict):
        raise RulesError(f"{where} must be a [[cue]] table. Got {row!r} instead.")
    for key in row:
        check_known(key, _KEYS, where=where, kind="key")
    words = row.get("words")
    is_list = isinstance(words, list) and all(isinstance(word, str) and word for word in words)
    if not isinstance(row.get("id"), str) or not words or not is_list:
        raise RulesError(f"{where} needs an id and a list of words, none of them empty.")
    lower = [word.lower() for word in words]
    score = _score(row.get("at_least"), f"{where} at_least")
    handle_as = row.get("handle_as", "")
    if handle_as:
        check_known(handle_as, _REASONS, where=f"{where} handle_as", kind="reason")
    return Cue(row["id"], score, word_pattern(lower), handle_as)


def _score(value: Any, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 100:
        raise RulesError(f"{where} must be a number from 0 to 100. Got {value!r} instead.")
    return float(value)
