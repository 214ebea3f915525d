"""Who will be late, in the few sentences of the first screen."""

from collections.abc import Sequence
from typing import Any, Final

from pipeline.output.report.forecast import STEP, Outlook
from pipeline.output.report.options import Key

#: Teams that are named.
_NAMED: Final = 3
_DAY: Final = 24

Sentence = tuple[str, tuple[Any, ...]]


def worries(outlook: Sequence[Outlook]) -> list[Sentence]:
    """Keys of words.toml with their arguments: teams that get worse first, then the latest.

    :param outlook: The teams, the one with most late tickets first.
    """
    if not any(one.pace is not None for one in outlook):
        late = [one for one in outlook if one.late_now]
        return [_without_pace(one) for one in late[:_NAMED]] or [("answer_on_time", ())]
    late = [one for one in outlook if one.late_now or one.late_24 or one.late_48]
    if not late:
        return [("answer_on_time", ())]
    worse = sorted(filter(_worse, late), key=lambda one: one.late_now - (one.late_24 or 0))
    named = [*worse, *(one for one in late if not _worse(one))][:_NAMED]
    late_now = sum(1 for one in outlook if one.late_now)
    return [
        _how_many(late_now, len(outlook)),
        ("answer_worse", (len(worse),)) if worse else ("answer_none_worse", ()),
        *(_with_pace(one) for one in named),
    ]


def _worse(one: Outlook) -> bool:
    return (one.late_24 or 0) > one.late_now


def _how_many(late: int, teams: int) -> Sentence:
    if late == teams and teams > 1:
        return "answer_all_late", (teams,)
    return "answer_some_late", (late, teams)


def _with_pace(one: Outlook) -> Sentence:
    key = "answer_late_worse" if _worse(one) else "answer_late"
    return key, (Key(f"team.{one.team}"), one.late_24, one.late_48, one.late_now)


def _without_pace(one: Outlook) -> Sentence:
    soon = sum(one.due[: _DAY // STEP])
    return "answer_late_now", (Key(f"team.{one.team}"), one.late_now, soon)
