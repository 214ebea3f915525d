"""Which language a text is in: cases as data, and what must hold for every batch."""

import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import RulesError
from pipeline.rules import languages
from pipeline.text.language import identify

CASES = Path(__file__).parents[1] / "cases"
RULES = languages.load()


def _cases(name):
    for line in (CASES / name).read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        marks = [pytest.mark.xfail(strict=True)] if case.get("expect") == "fail" else []
        yield pytest.param(case, marks=marks, id=case["comment"])


LINES, MIXED = list(_cases("language_lines.jsonl")), list(_cases("language_mixed.jsonl"))


@pytest.mark.parametrize("case", LINES + MIXED)
def test_case(case):
    tags, confidence = identify([case["input"]], [case["country"]], RULES)
    assert tags == [case["expected"]]
    assert 0.0 <= confidence[0] <= 1.0


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_composed_and_decomposed_marks_are_the_same(form):
    text = unicodedata.normalize(form, "Chưa nhận được hàng, shop làm ăn chán quá")
    assert identify([text], [""], RULES)[0] == ["vi"]


def test_an_empty_batch_gives_an_empty_answer():
    tags, confidence = identify([], [], RULES)
    assert tags == []
    assert confidence.shape == (0,)


TEXTS = [case.values[0]["input"] for case in LINES + MIXED]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(TEXTS), st.text(max_size=40)), min_size=1, max_size=8))
def test_the_answer_does_not_depend_on_the_batch(texts):
    tags, confidence = identify(texts, [""] * len(texts), RULES)
    for index, text in enumerate(texts):
        tag, alone = identify([text], [""], RULES)
        assert tag == [tags[index]]
        assert alone[0] == confidence[index]
    backwards, _ = identify(texts[::-1], [""] * len(texts), RULES)
    assert backwards == tags[::-1]


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=("L", "M", "N", "S", "Cn"))))
def test_without_letters_there_is_no_language(text):
    tags, confidence = identify([text], ["DE"], RULES)
    assert tags == ["und"]
    assert confidence[0] == 0.0


def test_only_the_languages_of_the_table_are_answered():
    few = languages.LanguageRules(tuple(x for x in RULES.languages if x.tag in {"en", "es"}))
    tags, _ = identify(TEXTS, [""] * len(TEXTS), few)
    assert set(tags) <= {"en", "es", "und"}


def test_a_language_without_statistics_says_what_to_run():
    danish = languages.Language("da", "Danish", "丹麦语", ("Latn",), ("DK",))
    with pytest.raises(RulesError, match=r"da/Latn.*pipeline\.learn\.language_profiles"):
        identify(["ok"], [""], languages.LanguageRules((*RULES.languages, danish)))


def test_probabilities_are_finite_on_odd_input():
    odd = ["\ud800", "\x00", "a" * 5000, "<" * 50, "\U0010ffff", "ｆｕｌｌ", "\u0301", "@" * 300]
    _, confidence = identify(odd, ["??"] * len(odd), RULES)
    assert np.isfinite(confidence).all()
