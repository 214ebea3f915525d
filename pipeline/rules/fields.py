"""Typed look-ups in parsed TOML, with one wording for everything a table can get wrong."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pipeline.errors import RulesError
from pipeline.rules.tables import check_known

T = TypeVar("T", str, int, float, bool, list, dict)

_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def check_keys(content: Mapping[str, Any], allowed: Iterable[str], *, where: str) -> None:
    """Raise with the nearest valid name when `content` has a key that is not `allowed`.

    A misspelt key would otherwise be a setting that silently does nothing.
    """
    known = list(allowed)
    for key in content:
        check_known(key, known, where=where, kind="setting")


def need(content: Mapping[str, Any], key: str, kind: type[T], *, where: str) -> T:
    """Return ``content[key]``, which must be there and be a `kind`.

    :raises RulesError: The key is absent or its value is of another kind.

    >>> need({"team": "desk"}, "team", str, where="x.toml rule 'a'")
    'desk'
    """
    if key not in content:
        raise RulesError(f"{where}: {key!r} is missing. Add it.")
    return typed(content[key], kind, where=f"{where}: {key!r}")


def get(content: Mapping[str, Any], key: str, default: T, *, where: str) -> T:
    """Return ``content[key]`` of the same kind as `default`, or `default` when it is absent."""
    if key not in content:
        return default
    return typed(content[key], type(default), where=f"{where}: {key!r}")


def typed(value: Any, kind: type[T], *, where: str) -> T:
    """Return `value` when it is a `kind`, else raise saying what was found."""
    number = kind is float and isinstance(value, int) and not isinstance(value, bool)
    if number:
        return kind(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        wanted = _NAMES.get(kind, "a list" if kind is list else "a table")
        raise RulesError(f"{where} must be {wanted}. Got {value!r} instead.")
    return value


def within(value: float, low: float, high: float, *, where: str) -> float:
    """Return `value` when it is a number from `low` to `high` (inf: without end), not inf or nan.

    >>> within(0.4, 0.0, 1.0, where="x.toml")
    0.4
    >>> within(-5.0, 0.0, float("inf"), where="x.toml rule 'a': 'min_order_value'")
    Traceback (most recent call last):
        ...
    pipeline.errors.RulesError: x.toml rule 'a': 'min_order_value' must be a number, 0 or more. \
Got -5 instead.
    """
    if low <= value <= high and value < float("inf"):
        return value
    wanted = f"a number, {low:g} or more" if high == float("inf") else f"from {low:g} to {high:g}"
    raise RulesError(f"{where} must be {wanted}. Got {value:g} instead.")


def texts(value: Any, *, where: str) -> tuple[str, ...]:
    """Return one text or a list of texts as a tuple; it may not be empty.

    >>> texts("zh", where="x.toml"), texts(["zh", "en"], where="x.toml")
    (('zh',), ('zh', 'en'))
    """
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(v, str) for v in values):
        raise RulesError(f"{where} must be a text or a list of texts. Got {value!r} instead.")
    return tuple(values)
