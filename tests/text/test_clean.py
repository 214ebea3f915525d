"""Cleaning: cases as data, then the promises that hold for every text."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text import clean as clean_module
from pipeline.text import gate
from pipeline.text.clean import GAP, LIMIT, PASSES, STEPS, clean
from pipeline.text.masks import MASKS

CASES = Path(__file__).parents[1] / "cases"


def read_cases() -> Iterator[object]:
    for path in sorted(CASES.glob("clean_*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            case = json.loads(line)
            fails = case.get("expect") == "fail"
            yield pytest.param(
                case["input"],
                case["expected"],
                id=f"{path.stem}:{number} {case['comment']}",
                marks=[pytest.mark.xfail(strict=True)] if fails else [],
            )


@pytest.mark.parametrize(("text", "expected"), list(read_cases()))
def test_case(text: str, expected: str) -> None:
    assert clean([text]) == [expected]


# Pieces that the steps look for, in several scripts, so that random texts hit their seams.
PIECES = [
    *MASKS,
    *list("0125.,-/:+()'#@&;<>$€₹%_ ab元円원đ年月日월일坏ำ，ßéüÃÂ¼¤’²½ﬁＡ１＜＞ㅠ…"),
    *("42", "555", "2026", "20261120", "285814691111", "Rp", "RM", "May", "de", "руб", "บาท"),
    *("http://", "www.", "x.example", "@shop", "wrote:", "From: ", "Sent: ", "To: ", "--", "退款"),
    *("&amp;", "&lt;", "&gt;", "&nbsp;", "<br>", "<p>", "</b>", "<script>", "</script>", "<!--"),
    *("-->", "  ", "\n", "\t", "\u200b", "\u00ad", "\ufe0f", "\u3000", "\x00", "\x80", "\u0301"),
    *(
        "On Monday, x ",
        "\n> quoted",
        "\n-- \n",
        "Sent from my iPhone",
        "发自我的iPhone",
        "！！！！",
    ),
    *("возврат", "हाँ", "لا", "â€™", "Ã¼", "´", "\x9f", "5만원", "/2026", "11月"),
]
TEXTS = st.one_of(
    st.text(),
    st.lists(st.sampled_from(PIECES), max_size=25).map("".join),
    st.text("0123456789.,-/ €"),
)


def by_searching(text: str) -> str:
    """Cleaning without the gate: every step is asked whether it has to do."""
    everything = (1 << len(STEPS)) - 1
    for _ in range(PASSES):
        text, again = clean_module._apply(text, everything)
        if not again:
            break
    return text


@settings(max_examples=1000, deadline=None)
@given(TEXTS)
def test_the_gate_leaves_out_no_step_that_has_to_do(text: str) -> None:
    assert clean([text, "ok"]) == [by_searching(text), "ok"]


@pytest.mark.parametrize("text", [case.values[0] for case in read_cases()])
def test_the_gate_on_the_cases(text: str) -> None:
    assert clean([text]) == [by_searching(text)]


def test_the_gate_names_the_steps() -> None:
    assert [step.name for step in STEPS] == list(gate.STEPS)


@settings(max_examples=600, deadline=None)
@given(TEXTS)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean([text])
    assert clean(once) == once


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_result_is_short_visible_and_encodable(text: str) -> None:
    (result,) = clean([text])
    assert len(result) <= LIMIT
    assert result == result.strip()
    assert all(char.isprintable() or char == "\n" or ord(char) > 0x9F for char in result)
    result.encode("utf-8")


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, max_size=5))
def test_neighbours_do_not_matter(texts: list[str]) -> None:
    assert clean(texts) == [clean([text])[0] for text in texts]


@given(st.text("abcdefg ßäöü退款坏了ありがとう возврат", max_size=60))
def test_plain_words_survive(text: str) -> None:
    """Without marks, digits or runs there is nothing to clean but space."""
    words = " ".join(text.split())
    if not any(char * 4 in words for char in set(words)):
        assert clean([text]) == [words]


def test_texts_wrapped_deeper_than_the_passes_are_the_only_ones_that_change_again() -> None:
    """Each pass peels one tag out of another: <b<b > > needs two, and so on."""

    def wrapped(layers: int) -> str:
        return "<b" * layers + " >" * layers + "坏了"

    assert clean([wrapped(2)]) == ["坏了"]
    deep = clean([wrapped(PASSES + 9)])
    assert clean(deep) != deep


def test_a_very_long_text_keeps_head_and_tail() -> None:
    text = "开头 " + "词语 " * 50_000 + "结尾"
    (result,) = clean([text])
    assert result.startswith("开头")
    assert result.endswith("结尾")
    assert GAP in result
    assert len(result) <= LIMIT


def test_every_step_is_in_the_table() -> None:
    import pipeline.text.clean as module

    rows = [line.split()[0] for line in (module.__doc__ or "").splitlines() if "  " in line]
    assert [step.name for step in STEPS] == [
        row for row in rows if row not in ("step", "===========")
    ]
