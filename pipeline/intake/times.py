"""Read whole columns of times, in the many ways exports write them."""

import re
import unicodedata
import warnings
from datetime import datetime, timedelta, tzinfo
from typing import Final

import numpy as np
import pandas as pd

from pipeline.intake.values import Evidence
from pipeline.rules.columns import ColumnRules, fold
from pipeline.ticket import TIME

_ISO: Final = r"^\d{4}[-/.]\d"
_NUMBER: Final = r"^\d+(?:\.\d+)?$"
_TWO_PARTS: Final = r"^(?P<a>\d{1,2})[/-](?P<b>\d{1,2})[/-]\d{2,4}\b"
_PARTS: Final = (
    r"^(?:(?P<year>\d{4})[-/. ]+(?P<month>\d{1,2})[-/. ]+(?P<day>\d{1,2})"
    r"|(?P<a>\d{1,2})(?P<mark>[-/.])\s*(?P<b>\d{1,2})[-/.]\s*(?P<late>\d{4}|\d{2}))[T.,\s]*"
    r"(?:(?P<before>[AP]M)?\s*(?P<hour>\d{1,2}):(?P<minute>\d{1,2})"
    r"(?::(?P<second>\d{1,2}(?:[.,]\d+)?))?:?\s*(?P<after>[AP]\.?M\.?)?)?"
    r"\s*(?P<zone>[A-Z]{1,4}|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?)?$"
)
#: Marks of Chinese, Japanese and Korean dates, in words the pattern above knows.
_EAST: Final = (
    (r"[年月년월]\s*", "-"),
    (r"[日일号]\s*", " "),
    (r"上午|午前|오전", "AM "),
    (r"下午|午後|오후|晚上", "PM "),
    (r"[时時点點시]\s*", ":"),
    (r"[分분]\s*", ":"),
    (r"[秒초]", ""),
)
_NO_WORDS: Final = re.compile(r"\b(?:de|del|di|г|um|à|às|a las|at|le|den)\b\.?")
_EXCEL_DAYS: Final = (20_000, 80_000)  # 1954 to 2119, days since 1899-12-30
_LATEST_SECOND: Final = 4_102_444_800  # 2100-01-01; "never" is often written as all nines


def times(cells: pd.Series, *, day_first: bool, rules: ColumnRules) -> pd.Series:
    """Return UTC times of dtype `ticket.TIME`; a time without a zone is in ``rules.zone``.

    >>> from pipeline.rules.columns import load
    >>> given = ["2026-11-04T19:16:10+08:00", "20/11/2026 20:25", "11月", "2026年11月4日 19:16"]
    >>> read = times(pd.Series(given, dtype="str"), day_first=True, rules=load())
    >>> read.dt.strftime("%d %b %H:%M").tolist()
    ['04 Nov 11:16', '20 Nov 20:25', nan, '04 Nov 19:16']
    """
    left = cells[cells != ""]
    if len(left) == 0:
        return pd.Series(pd.NaT, index=cells.index, dtype=TIME)
    result = _iso(left.where(left.str.match(_ISO), None), rules.zone)
    left = left[result.isna()]
    if len(left):
        left = left.map(lambda cell: unicodedata.normalize("NFKC", cell)).astype("str")
        is_number = left.str.match(_NUMBER)
        parsed, matched = _parts(left[~is_number], day_first, rules)
        numeric = _numeric(left[is_number], rules.zone)
        words = _words(left[~is_number][~matched], rules)
        result.update(pd.concat([numeric, parsed, words]))
    return result.reindex(cells.index)


def day_order(cells: pd.Series) -> Evidence:
    """Evidence on whether 04/11/2026 is the 4th of November (`first`) or the 11th of April.

    >>> day_order(pd.Series(["04/11/2026", "20/11/2026"], dtype="str"))
    Evidence(first=True, second=False, unclear=True)
    """
    parts = cells.str.extract(_TWO_PARTS).dropna().astype("int64")
    day, month = parts["a"] > 12, parts["b"] > 12
    either = ~day & ~month & (parts["a"] != parts["b"])
    return Evidence(bool((day & ~month).any()), bool((month & ~day).any()), bool(either.any()))


def _iso(cells: pd.Series, zone: tzinfo) -> pd.Series:
    if str(zone) == "UTC":
        return pd.to_datetime(cells, format="ISO8601", utc=True, errors="coerce").astype(TIME)
    zoned = cells.str.contains(r":.*(?:Z|[+-]\d\d(?::?\d\d)?)$")
    aware = pd.to_datetime(cells[zoned], format="ISO8601", utc=True, errors="coerce")
    naive = pd.to_datetime(cells[~zoned], format="ISO8601", errors="coerce")
    return pd.concat([aware.astype(TIME), _localised(naive, zone)]).reindex(cells.index)


def _localised(naive: pd.Series, zone: tzinfo) -> pd.Series:
    """UTC times of wall-clock times; in the doubled hour of autumn the earlier one."""
    earlier = np.ones(len(naive), bool)
    local = naive.dt.tz_localize(zone, ambiguous=earlier, nonexistent="shift_forward")
    return local.dt.tz_convert("UTC").astype(TIME)


def _numeric(cells: pd.Series, zone: tzinfo) -> pd.Series:
    """20261104, 20261104191610, Excel days, or seconds to nanoseconds since 1970."""
    number = cells.astype("float64")
    digits = cells.str.len()
    written = pd.Series(pd.NaT, index=cells.index, dtype="datetime64[us]")
    for length, pattern in ((8, "%Y%m%d"), (14, "%Y%m%d%H%M%S")):
        some = cells[(digits == length) & ~cells.str.contains(".", regex=False)]
        written.update(pd.to_datetime(some, format=pattern, errors="coerce").astype(written.dtype))
    days = number.where(number.between(*_EXCEL_DAYS))
    serial = pd.to_datetime((days * 86400).round(), unit="s", origin="1899-12-30")
    result = _localised(written.fillna(serial.astype(written.dtype)), zone)
    unread = number.where(result.isna() & (number >= 1e8) & (number < 1e19))
    per_second = 10.0 ** (3 * np.clip(np.ceil((np.log10(unread) - 11) / 3), 0, 3))
    seconds = (unread / per_second).where(lambda second: second <= _LATEST_SECOND)
    return result.fillna(pd.to_datetime(seconds, unit="s", utc=True).astype(TIME))


def _parts(cells: pd.Series, day_first: bool, rules: ColumnRules) -> tuple[pd.Series, pd.Series]:
    """Times written in numbers, and which cells are of that form."""
    for pattern, mark in _EAST if not cells.str.isascii().all() else ():
        cells = cells.str.replace(pattern, mark, regex=True)
    part = cells.str.strip(" :").str.upper().str.extract(_PARTS)
    matched = part["year"].notna() | part["late"].notna()
    part = part[matched]
    number = part[["year", "month", "day", "a", "b", "late", "hour", "minute"]].astype("float64")
    second = part["second"].str.replace(",", ".").astype("float64").fillna(0)
    a, b = number["a"], number["b"]
    usual = (part["mark"] == ".") | day_first
    first_is_day = np.where((a > 12) != (b > 12), a > 12, usual)
    late = number["late"]
    afternoon = part["before"].fillna(part["after"]).fillna("").str[:1]
    hour = number["hour"].fillna(0)
    clock = pd.DataFrame(
        {
            "year": number["year"].fillna(late.where(late >= 100, late + 2000)),
            "month": number["month"].fillna(pd.Series(np.where(first_is_day, b, a), a.index)),
            "day": number["day"].fillna(pd.Series(np.where(first_is_day, a, b), a.index)),
            "hour": hour.where(afternoon == "", hour % 12 + 12 * (afternoon == "P")),
            "minute": number["minute"].fillna(0),
            "second": second // 1,
            "us": (second % 1 * 1e6).round(),
        }
    )
    naive = pd.to_datetime(clock, errors="coerce").astype("datetime64[us]")
    offset = part["zone"].map(lambda zone: _offset(zone, rules), na_action="ignore")
    utc = (naive - offset.astype("timedelta64[us]")).dt.tz_localize("UTC")
    return utc.where(part["zone"].notna(), _localised(naive, rules.zone)).astype(TIME), matched


def _offset(zone: str, rules: ColumnRules) -> timedelta | None:
    """UTC+08:00, +0800, PDT: how far ahead of UTC; None when the name is unknown."""
    if zone in rules.zone_hours:
        return timedelta(hours=rules.zone_hours[zone])
    digits = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?", zone)
    if digits is None:
        return None
    ahead = timedelta(hours=int(digits[2]), minutes=int(digits[3] or 0))
    return -ahead if digits[1] == "-" else ahead


def _words(cells: pd.Series, rules: ColumnRules) -> pd.Series:
    """Times with the month in words, one by one (each distinct cell once)."""
    read = {cell: _one_in_words(cell, rules) for cell in cells.unique()}
    return cells.map(read).astype(TIME)


def _one_in_words(cell: str, rules: ColumnRules) -> pd.Timestamp | None:
    if not re.search(r"\d{4}", cell) or not re.search(r"[^\W\d]{3}", cell) or len(cell) > 60:
        return None
    from dateutil import parser  # type: ignore[import-untyped]

    english = re.sub(r"[^\W\d]{3,}\.?", lambda word: _english(word[0], rules), cell)
    zones = {name: int(hours * 3600) for name, hours in rules.zone_hours.items()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a zone name it does not know
            read = parser.parse(_NO_WORDS.sub(" ", english), tzinfos=zones, default=_NO_DATE)
    except (ValueError, OverflowError, RuntimeWarning):
        return None
    stamp = pd.Timestamp(read if read.tzinfo else read.replace(tzinfo=rules.zone))
    return stamp.tz_convert("UTC")


_NO_DATE: Final = datetime(1, 1, 1)  # what is left out makes the time absurd, not today
_ENGLISH: Final = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]


def _english(word: str, rules: ColumnRules) -> str:
    start = fold(word)
    for name, month in rules.months.items():
        if name == start or (len(start) < len(name) and name.startswith(start)):
            return _ENGLISH[month - 1]
    return word
