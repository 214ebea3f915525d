"""What holds for every text: spans in order, nothing found twice, time linear in the length."""

import re
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.privacy import addresses, cues, find, handles, names, numbers, phones, redact
from pipeline.privacy.numbers import IBAN_LENGTHS, chinese_id, luhn, mod97
from tests.text.test_clean_linear import nested_repeats, parser

PIECES = (
    "Dear ", "Anna ", "my name is ", "我叫", "王小明", "，", "tel ", "+49 30 901820", "order ", "4111 1111 1111 1111",
    "@", "a.b", ".example", " ", "\n", "1", "-", "(", "地址：", "路12号", "\u200b", "٣", "１", "Mr. ", "passport ",
    "GB82WEST12345698765432", "11010519491231002X", "微信:", "x_1", "[email]", "𝟗", "ﬀ", "İ", "\ue0ff",
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=25).map("".join))


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.sampled_from(["", "DE", "CN", "US", "XX", "narnia"]))
def test_spans_are_in_order_inside_the_text_and_apart(text, country):
    spans = find(text, country)
    edges = [edge for start, end, _ in spans for edge in (start, end)]
    assert edges == sorted(edges)
    assert all(0 <= start < end <= len(text) for start, end, _ in spans)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_what_is_around_the_spans_stays(text):
    clean, last = "", 0
    for start, end, kind in find(text):
        clean += text[last:start] + f"[{kind}]"
        last = end
    assert redact(text) == clean + text[last:]


@settings(max_examples=200, deadline=None)
@given(st.integers(10**14, 10**15 - 1), st.integers(0, 9))
def test_one_wrong_digit_breaks_the_checksum_of_a_card(body, wrong):
    digit = next(d for d in "0123456789" if luhn(f"{body}{d}"))
    assert luhn(f"{body}{wrong}") is (str(wrong) == digit)


@pytest.mark.parametrize("number", ["GB82WEST12345698765432", "DE89370400440532013000"])
def test_ibans_of_the_standard(number):
    assert len(number) == IBAN_LENGTHS[number[:2]]
    assert mod97(number) == 1
    assert [s.kind for s in find(f"to {number} please")] == ["iban"]
    assert find(f"to {number[:-1]}{(int(number[-1]) + 1) % 10} please") == []


@pytest.mark.parametrize(
    ("number", "holds"),
    [
        ("11010519491231002X", True),
        ("11010519491231002x", True),
        ("110105194912310021", False),
        ("11010519490231002X", False),  # 31 February
    ],
)
def test_chinese_identity_numbers(number, holds):
    assert chinese_id(number) is holds


def patterns(
    *modules: ModuleType,
) -> list[Any]:
    def inside(module: ModuleType) -> list[re.Pattern[str]]:
        found: list[re.Pattern[str]] = []
        stack = [value for name, value in vars(module).items() if not name.startswith("__")]
        while stack:
            value = stack.pop()
            if isinstance(value, re.Pattern):
                found.append(value)
            elif isinstance(value, tuple | list):
                stack.extend(value)
            elif isinstance(value, dict):
                stack.extend(value.values())
        return found

    return [pattern for module in modules for pattern in inside(module)]


def unbounded(node: Any) -> int:
    """How many repeats without an upper bound, possessive or not, a parsed pattern holds."""
    if isinstance(node, tuple) and len(node) == 2 and "REPEAT" in str(node[0]):
        _low, high, body = node[1]
        return (high is parser.MAXREPEAT) + unbounded(body)
    if isinstance(node, list | tuple | parser.SubPattern):
        return sum(map(unbounded, node))
    return 0


@pytest.mark.parametrize("module", [addresses, handles, names])
def test_patterns_that_can_begin_anywhere_look_only_so_far(module):
    """Such a pattern costs its bound at most at each place: linear in the text."""
    found = patterns(module)
    assert len(found) >= 5
    assert [p.pattern for p in found if unbounded(parser.parse(p.pattern, p.flags))] == []


def test_no_repeat_without_bound_inside_another():
    found = patterns(addresses, cues, handles, names, numbers, phones)
    assert len(found) > 60
    trapped = [p.pattern for p in found if nested_repeats(parser.parse(p.pattern, p.flags)) > 0]
    assert trapped == []


UNITS = (
    "a", "A", "1", " ", "\n", "@", "1 ", "1-", "a@", "a.", "a@a.", "Aa ", "Dear ", "Dear Aa ", "hi hi ", "address is 1 ",
    "address: ", "ul. A", "Calle A", "路1号", "市", "省", "路", "+1", "(1", "1/", "passport ", "passport 1", "王", "我叫王",
    "様", "가", "김", "1 rue ", "Jl. A", "thanks, a", "thanks,\n", "tel ", "order 1 ", "4111 ", "IBAN GB82 ", "GB82", "<",
    "P<", "%", "%4", "\u200b", "ก", "نا ", "न ", "〒", "東京都", "A A A A Street", "微信:", "t.me/", "https://", "д. ", "ул. А",
)  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_a_long_hostile_text_comes_to_an_end(unit):
    """20,000 characters that tempt a pattern to try again; quadratic ones would take minutes."""
    redact(unit * (20_000 // len(unit)), "US")
