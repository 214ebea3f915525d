"""No text may hang the pipeline: every pattern is linear in the length of the text.

Time is not measured. The structure of each pattern is: inside a repeat without an upper bound
there must be no second one, unless it is possessive or atomic (Python 3.11), because only such a
pair makes the engine try all ways to share the same characters.
"""

import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from pipeline.text import clean, masks, quotes

parser = re._parser  # type: ignore[attr-defined]
GREEDY = {"MAX_REPEAT", "MIN_REPEAT"}


def patterns() -> Iterator[Any]:
    for module in (clean, masks, quotes):
        yield from compiled(module)
    for step in clean.STEPS:
        owner = getattr(step.needed, "__self__", None)
        if isinstance(owner, re.Pattern):
            yield pytest.param(owner, id=f"needed for {step.name}")


def compiled(module: ModuleType) -> Iterator[Any]:
    for name, value in vars(module).items():
        if isinstance(value, re.Pattern):
            yield pytest.param(value, id=f"{module.__name__}.{name}")


def nested_repeats(node: Any, inside: bool = False) -> int:
    """How many unbounded repeats that can backtrack stand inside another such repeat."""
    if isinstance(node, tuple) and len(node) == 2 and str(node[0]) in GREEDY:
        _low, high, body = node[1]
        unbounded = high is parser.MAXREPEAT
        return (unbounded and inside) + nested_repeats(body, inside or unbounded)
    if isinstance(node, list | tuple | parser.SubPattern):
        return sum(nested_repeats(part, inside) for part in node)
    return 0


@pytest.mark.parametrize("pattern", list(patterns()))
def test_no_repeat_without_bound_inside_another(pattern: re.Pattern[str]) -> None:
    assert nested_repeats(parser.parse(pattern.pattern, pattern.flags)) == 0


def test_the_check_sees_the_classic_trap() -> None:
    assert nested_repeats(parser.parse(r"(?:a+)+b")) == 1
    assert nested_repeats(parser.parse(r"(?:a++)*+b")) == 0
    assert nested_repeats(parser.parse(r"(?:a+){1,9}b")) == 0


UNITS = (
    *(
        "a",
        "好",
        " ",
        "\n",
        "1",
        "1,",
        "1 ",
        "1-",
        "1/",
        "0 12 ",
        "111 ",
        "$",
        "$1 ",
        "@",
        "a@",
        "a.",
    ),
    *(
        "#a",
        "<",
        "<b ",
        "<b a=",
        "<!--",
        "<script>",
        "</script",
        "&",
        "&amp;",
        "&#38;",
        "&lt;b&gt;",
    ),
    *(">", ">\n", "> a\n", "-- \n", "On ", "On a, b\n", "Le a\n", "From: a ", "2026 a\n", "--"),
    *("Sent from my ", "http://", "www.", "www.!", "+1 ", "(12) ", "年", "1月", "Ã", "Ã¼", "â€"),
    *("РџС", "a-1", "1x1", "A1_", "5555", "\u200b", "e\u0301", "ำ", "\u3000", "a<b@c", "1 de "),
)


@pytest.mark.parametrize("unit", UNITS)
def test_a_hundred_thousand_characters_come_through(unit: str) -> None:
    """A pattern that is quadratic here would take minutes: 10^10 steps."""
    text = unit * (100_000 // len(unit))
    (result,) = clean.clean([text + "坏了"])
    assert len(result) <= clean.LIMIT
