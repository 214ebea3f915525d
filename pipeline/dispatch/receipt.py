"""The receipt of a deadline: every addition and subtraction, for a person to check by hand.

The receipt does not repeat the formula of `pipeline.dispatch.account`; it walks from the beginning
of the step through the open hours, period by period, leaves out the pauses, and sees when the
time allowed is used up. Where it ends must be the deadline that was counted; a test holds them
together, and the receipt says so should they ever differ.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.metadata import version
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from pipeline.dispatch import clock
from pipeline.dispatch.account import Account, Counted
from pipeline.dispatch.timeline import Step
from pipeline.rules.calendars import Calendar

_DAY: Final = 86_400
_WIDTH: Final = 22


class Piece(NamedTuple):
    """A stretch of time; `counts` says whether the clock ran."""

    start: int
    end: int
    counts: bool
    why: str


def receipt(found: Account, *, ticket: str, now: int) -> list[str]:
    """The lines of the receipt of a whole ticket."""
    lines = [f"ticket {ticket}, as of {_utc(now)}"]
    lines += ["", "what happened"]
    created = found.timeline.steps[0].start
    lines.append(_line(_utc(created), "ticket created"))
    lines += [_line(_utc(e.at), f"{e.kind} {e.what}".strip(), e.source) for e in found.events]
    lines += [
        _line(_utc(e.at), f"policy {e.what} is not in sla.toml: ignored") for e in found.ignored
    ]
    promised = {one.step for one in found.counted}
    for one in found.counted:
        lines += ["", *_step_lines(one, now)]
    for step in found.timeline.steps:
        if step not in promised:
            lines += ["", f"{step.name}: policy {step.policy!r} promises nothing"]
    return lines


def _step_lines(one: Counted, now: int) -> Iterator[str]:
    zone = ZoneInfo(one.policy.calendar.timezone) if one.policy.calendar else None
    yield (
        f"{one.step.name}: policy {one.policy.id!r}, level {one.step.level or 'normal'}, "
        f"{_span(one.allowed)} allowed, clock: {clock_name(one.policy.calendar)}"
    )
    yield from (f"  warning: {text}" for text in _warnings(one))
    yield _line(_at(one.step.start, zone), "begins", f"{_span(one.allowed)} left")
    left, last = one.allowed, one.step.start
    for piece in pieces(one):
        span = _span(piece.end - piece.start)
        last = piece.end
        if piece.counts:
            left -= piece.end - piece.start
            yield _line(_at(piece.end, zone), f"- {span}", f"{_span(left)} left")
        else:
            yield _line(_at(piece.end, zone), f"  {span} not counted", piece.why)
    agrees = "" if (left, last) == (0, one.due) else " (the sum above differs: please report it)"
    yield _line(_at(one.due, zone), f"due {_utc(one.due)}", f"{_verdict(one, now)}{agrees}")


def pieces(one: Counted) -> Iterator[Piece]:
    """The way from the beginning of the step to the moment when its time is used up."""
    left, at = one.allowed, one.step.start
    for start, end, why in _open(one.policy.calendar, at, one.due):
        if start > at:
            yield Piece(at, start, False, why)
        at = max(start, at)
        for pause in one.pauses:
            begin, stop = max(pause.start, at), min(pause.end, end)
            if begin >= stop or left <= begin - at:
                continue
            if begin > at:
                yield Piece(at, begin, True, "")
                left -= begin - at
            yield Piece(begin, stop, False, _pause_name(pause.state))
            at = stop
        if at < end and left > 0:
            stop = min(end, at + left)
            yield Piece(at, stop, True, "")
            left -= stop - at
            at = stop
        if left == 0:
            return


def _open(calendar: Calendar | None, start: int, due: int) -> Iterator[tuple[int, int, str]]:
    """Open periods from `start` on, each with why it was closed before."""
    if calendar is None:
        yield start, due, ""
        return
    hours = clock.open_hours(calendar, _year(start - _DAY), _year(due + _DAY))
    before = start
    for opens, closes in zip(hours.start.tolist(), hours.end.tolist(), strict=True):
        if closes <= start:
            continue
        if opens >= due:
            return
        yield max(opens, start), closes, _closed_because(calendar, before, opens)
        before = closes


def _closed_because(calendar: Calendar, start: int, end: int) -> str:
    """Which days between two moments are closed as a whole, and the holidays by name."""
    zone = ZoneInfo(calendar.timezone)
    first, last = (datetime.fromtimestamp(one, zone).date().toordinal() for one in (start, end))
    names = []
    for number in range(first, last + 1):
        day = date.fromordinal(number)
        name = clock.closed_day(calendar, day)
        if name:
            names.append(f"{day:%a %d %b}: {name}")
    return "closed" + (f" ({'; '.join(names)})" if names else "")


def clock_name(calendar: Calendar | None) -> str:
    """The clock, with the versions of all that decides its hours."""
    if calendar is None:
        return "day and night (calendar)"
    parts = [f"business hours {calendar.id!r}", calendar.timezone, f"tzdata {version('tzdata')}"]
    if calendar.holidays:
        parts.append(f"holidays {version('holidays')} {calendar.holidays}")
    return f"{', '.join(parts)}, table {clock.calendar_version(calendar)}"


def _warnings(one: Counted) -> list[str]:
    if one.policy.calendar is None:
        return []
    years = range(_year(one.step.start), _year(one.due) + 1)
    return [text for year in years if (text := clock.unknown_days(one.policy.calendar, year))]


def _verdict(one: Counted, now: int) -> str:
    step = one.step
    if one.state == "not_needed":
        return "the customer wants no answer"
    if not one.state:
        return "closed, nobody knows when: cannot be judged"
    if step.end is None:
        distance = f"{_span(abs(one.due - now))} {'left' if one.due >= now else 'late'}"
        return f"{one.state}: {distance}" + (_IF_NOW if one.state == "paused" else "")
    return f"{one.state}: {_ended(step)} at {_utc(step.end)}"


_IF_NOW: Final = " if the customer answered now"


def _ended(step: Step) -> str:
    return "answered by a person" if step.ended_by == "agent" else step.ended_by


def _pause_name(state: str) -> str:
    return {"pending": "waiting for the customer", "hold": "on hold"}.get(state, state)


def _line(moment: str, what: str, more: str = "") -> str:
    return f"  {moment}  {what:<{_WIDTH}}  {more}".rstrip()


def _utc(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _at(moment: int, zone: ZoneInfo | None) -> str:
    """A moment on the wall clock of the market, with its distance from UTC."""
    local = datetime.fromtimestamp(moment, zone or UTC)
    return f"{local:%a %Y-%m-%d %H:%M:%S} {'UTC' if zone is None else f'{local:%z}'}"


def _span(seconds: int) -> str:
    """Whole seconds as hours, minutes and seconds.

    >>> _span(86_400), _span(5_430), _span(0)
    ('24 h', '1 h 30 min 30 s', '0 s')
    """
    hours, rest = divmod(seconds, 3600)
    parts = ((hours, "h"), (rest // 60, "min"), (rest % 60, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def _year(moment: int) -> int:
    return datetime.fromtimestamp(moment, UTC).year
