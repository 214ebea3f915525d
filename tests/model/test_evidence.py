"""What decided: the words' shares add up to the score of the n-grams."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.model import store
from pipeline.model.evidence import account
from tests.model.toy import toy_model

WORDS = ("late", "broken", "thanks", "迟到", "fire", "<money>", "zzz", "!")
SHIPPED = Path(__file__).parents[2] / "models/default"
TEXTS = (
    ("en", "arrived broken, box crushed, box open. Nobody answers!!"),
    ("zh-Hans", "三周没收到货，客服不理人，退款也没到"),
    ("ja", "電源が入らない。返品したい"),
    ("th", "ของแตกหมดเลย กล่องบุบ"),
    ("ar", "الطرد وصل مكسور"),
    ("ru", "деньги не вернули <money>"),
    ("en", ""),
)


def test_by_hand():
    """A text of one known word has the value 1 in its column: its score is the word's weight."""
    found = account("late", "en", toy_model(), "logistics")
    assert found.words == [("late", pytest.approx(np.log(6)))]
    assert found.logit == pytest.approx(np.log(6))
    two = account("late broken late", "en", toy_model(), "quality")
    length = np.hypot(1 + np.log(2), 1)  # late counts 1 + ln 2, broken 1
    assert [share for _, share in two.words] == pytest.approx([0, np.log(6) / length, 0])


@pytest.mark.parametrize(("language", "text"), TEXTS)
@pytest.mark.parametrize("label", ["quality", "logistics", "service", "policy", "other"])
def test_the_shares_add_up_to_the_score(language, text, label):
    found = account(text, language, store.load(SHIPPED), label)
    total = found.bias + sum(share for _, share in found.words)
    assert total == pytest.approx(found.logit, abs=1e-4)
    assert all(word in text for word, _ in found.words)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.lists(st.sampled_from(WORDS), max_size=9))
def test_the_shares_of_any_words_add_up(words):
    for label in ("quality", "logistics", "other"):
        found = account(" ".join(words), "en", toy_model(), label)
        assert sum(share for _, share in found.words) == pytest.approx(found.logit, abs=1e-5)
