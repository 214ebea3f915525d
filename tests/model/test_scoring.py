"""What the model decides: by hand on the toy model, as properties on one that was trained."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import ticket
from pipeline.model import store
from pipeline.model.heads import Calibration, Head, Tuned
from pipeline.model.scoring import Scorer, urgency_score
from pipeline.text.encoder import Pooled
from pipeline.text.prepare import prepare
from pipeline.ticket import EMOTIONS, LEVEL_BORDERS, LEVELS, REASONS, REVIEW_REASONS
from tests.model.toy import HEADS, THRESHOLDS, toy_model

MODEL_COLUMNS = [column.name for column in ticket.COLUMNS if column.room == "model"]
TEXTS = (
    "Mein Paket ist nie angekommen!!", "收到的杯子碎了，客服不理人", "客服態度很差", "ok", "",
    "It broke on day two", "届いた商品の色が違う", "Excelente, muchas gracias", "...", "😡😡😡",
    "Деньги не вернули", "The charger caught fire, I burnt my hand and I will call my lawyer",
    "लौटाना है", "สินค้าไม่ตรงปก",
)  # fmt: skip


def frame(*texts, language="en"):
    """Prepared tickets, as far as the model looks at them."""
    cells = {"text": texts, "_clean": texts, "language": [language] * len(texts)}
    return pd.DataFrame({name: pd.array(list(c), dtype="str") for name, c in cells.items()})


def row(text, *, model=None, language="en"):
    return Scorer(model or toy_model(), "off").score(frame(text, language=language)).iloc[0]


def thresholds(**changes):
    changed = replace(THRESHOLDS, **changes)
    return {"ngrams": changed, "both": changed}


# --- By hand ---------------------------------------------------------------------------------


def test_one_word_by_hand():
    found = row("Late")
    assert found["category"] == "logistics"
    assert found["p_logistics"] == pytest.approx(6 / 8)
    assert found["p_quality"] == found["p_other"] == pytest.approx(1 / 8)
    assert found["category_confidence"] == found["p_logistics"]
    assert found["secondary_category"] == ""
    assert found["keywords"] == "Late"
    assert found["_review"] == ""


def test_the_reason_is_the_likeliest_of_its_category():
    """delayed has 3 of 3 + 1 inside logistics, though defective and praise have their share."""
    found = row("late")
    assert (found["reason"], found["reason_confidence"]) == ("delayed", pytest.approx(3 / 4))


def test_a_reason_of_another_category_is_never_given():
    """thanks: praise has nine times the odds, but logistics was made the category."""
    even = toy_model().calibration["ngrams"]
    pushed = even | {"category": Calibration(1.0, (0.0, 5.0, 0.0))}
    found = row("thanks", model=toy_model(calibration={"ngrams": pushed, "both": pushed}))
    assert found["category"] == "logistics"
    assert found["reason"] in ("delayed", "lost")
    assert found["reason_confidence"] == pytest.approx(1 / 2)


def test_reasons_without_a_home_are_a_question_of_their_own():
    found = row("thanks", model=toy_model(reason_category={}))
    assert (found["reason"], found["reason_confidence"]) == ("praise", pytest.approx(9 / 12))


def test_the_second_category_is_named_from_its_threshold_on():
    """both: quality 3/8, logistics 4/8, other 1/8."""
    found = row("both")
    assert (found["category"], found["secondary_category"]) == ("logistics", "quality")
    strict = toy_model(thresholds=thresholds(secondary=0.376))
    assert row("both", model=strict)["secondary_category"] == ""


def test_what_is_no_complaint_has_no_second_category_and_is_none():
    """thanks: other 4/8, logistics 3/8."""
    assert row("thanks")["secondary_category"] == ""
    turned = toy_model().calibration["ngrams"] | {"category": Calibration(1.0, (0.0, 0.4, 0.0))}
    found = row("thanks", model=toy_model(calibration={"ngrams": turned, "both": turned}))
    assert (found["category"], found["secondary_category"]) == ("logistics", "")


def test_urgency_by_hand():
    """fire: odds 1 : 1 : 1 : 97, the expected level is (0 + 1 + 2 + 291) / 100 of 3."""
    found = row("fire")
    assert found["urgency"] == pytest.approx(98.0)
    assert found["urgency_level"] == "critical"
    assert found["p_urgent"] == pytest.approx(0.98)


@pytest.mark.parametrize(
    ("cuts", "urgency", "level"),
    [
        ((25, 49.9, 75), 50.1, "high"),  # 50 + 25 * 0.1 / 25.1
        ((25, 50.0, 75), 50.0, "high"),  # a level begins at its cut
        ((25, 50.1, 75), 49.9, "normal"),  # 25 + 25 * 25 / 25.1
        ((10, 30, 90), 58.3, "high"),  # 50 + 25 * 20 / 60
        ((51, 60, 75), 24.5, "low"),  # 25 * 50 / 51
        ((10, 20, 49), 75.5, "critical"),  # 75 + 25 * 1 / 51
        ((0, 40, 101), 54.1, "high"),  # 50 + 25 * 10 / 61: nothing is ever critical
    ],
)
def test_the_level_is_where_the_score_falls(cuts, urgency, level):
    """late says nothing of urgency: all levels alike, hence 50 before it is stretched."""
    model = toy_model(thresholds=thresholds(urgency_levels=cuts))
    found = row("late", model=model)
    assert (found["urgency"], found["urgency_level"]) == (pytest.approx(urgency), level)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    st.lists(st.floats(1, 99), min_size=3, max_size=3, unique=True).map(sorted),
    st.lists(st.floats(0, 100), min_size=1, max_size=20).map(sorted),
)
def test_stretching_keeps_the_order_and_puts_the_cuts_on_the_borders(cuts, score):
    def stretched(scores):
        asked = np.zeros(len(scores), dtype=bool)
        model = toy_model(thresholds=thresholds(urgency_levels=tuple(cuts)))
        return model.row_thresholds(asked).urgency(np.array(scores))

    found = stretched(score)
    assert (np.diff(found) >= 0).all()
    assert (np.searchsorted(LEVEL_BORDERS, found, side="right") == _level(score, cuts)).all()
    ends = [0, *LEVEL_BORDERS, 100]
    np.testing.assert_allclose(stretched([0, *cuts, 100]), ends, atol=1e-6)


def _level(score, cuts):
    return np.searchsorted(cuts, score, side="right")


def test_outputs_are_compared_with_those_of_their_group():
    """Reasons inside their category; without a home, all reasons together."""
    found = [group.tolist() for group in toy_model().groups]
    assert found == [[0, 1, 2], [3], [4, 5], [6], [7, 8, 9, 10], [11, 12, 13, 14, 15]]
    found = [group.tolist() for group in toy_model(reason_category={}).groups]
    assert found == [[0, 1, 2], [3, 4, 5, 6], [7, 8, 9, 10], [11, 12, 13, 14, 15]]


def test_the_expected_level_of_certain_ones():
    assert urgency_score(np.eye(4)).tolist() == pytest.approx([0, 100 / 3, 200 / 3, 100])


def test_the_emotion():
    assert row("thanks")["emotion"] == "satisfied"


@pytest.mark.parametrize(
    ("text", "language", "review"),
    [
        ("late", "en", ""),
        ("late", "und", "unknown_language"),
        ("zzz", "en", "too_short"),
        ("退款 不行", "zh-Hans", "too_short"),
        ("gibberish nobody knows", "en", "words_unknown"),
        ("посылка потерялась", "ru", "words_unknown"),
        ("both indeed", "en", "categories_tie"),
    ],
)
def test_why_a_person_should_look(text, language, review):
    model = toy_model(thresholds=thresholds(review=0.7))
    assert row(text, model=model, language=language)["_review"] == review


def test_every_reason_for_a_review_can_be_given():
    """All but the one that dispatch gives; by its cuts the model finds every text low."""
    texts = frame("zzz", "gibberish nobody knows", "both indeed", "late", "broken")
    texts = pd.concat([texts, frame("late", language="und")], ignore_index=True)
    texts["_floor"] = [0.0, 0, 0, 0, 50, 0]
    model = toy_model(thresholds=thresholds(review=0.7, urgency_levels=(51, 60, 75)))
    found = Scorer(model, "off").score(texts)["_review"]
    assert found.is_unique
    assert set(found) - {""} == set(REVIEW_REASONS) - {"suspicious"}


def test_a_cue_raises_the_urgency_and_the_level_follows():
    """late has 50 of its own, so a cue of 40 changes nothing; fire has 98 of its own."""
    texts = frame("late", "late", "late", "late", "fire").assign(_floor=[0.0, 40, 60, 80, 80])
    found = Scorer(toy_model(), "off").score(texts)
    assert found["urgency"].tolist() == [50, 50, 60, 80, 98]
    assert found["urgency_level"].tolist() == ["high", "high", "high", "critical", "critical"]
    assert found["p_urgent"].tolist() == pytest.approx([0.5] * 4 + [0.98])
    assert not found["_review"].eq("rule_and_model_disagree").any()
    own = Scorer(toy_model(), "off").score(texts.drop(columns="_floor"))
    assert own["urgency"].tolist() == [50, 50, 50, 50, 98]


def test_a_cue_and_a_model_that_saw_nothing_urgent_disagree():
    """24.5 by these cuts: below normal, while the cue stands for high or more."""
    model = toy_model(thresholds=thresholds(urgency_levels=(51, 60, 75)))
    found = Scorer(model, "off").score(frame("late", "late", "late").assign(_floor=[0.0, 49, 50]))
    assert found["_review"].tolist() == ["", "", "rule_and_model_disagree"]
    assert found["urgency"].tolist() == [24.5, 49, 50]
    assert found["urgency_level"].tolist() == ["low", "normal", "high"]


def test_review_begins_below_its_threshold():
    assert row("late", model=toy_model(thresholds=thresholds(review=0.749)))["_review"] == ""
    assert row("late", model=toy_model(thresholds=thresholds(review=0.751)))["_review"] != ""


def test_short_and_new_words_only_matter_in_doubt():
    """late has 6/8: sure enough from 0.7, whether it is short or among words that are new."""
    model = toy_model(thresholds=thresholds(review=0.7))
    assert row("late", model=model)["_review"] == ""
    assert row("late gibberish nobody knows", model=model)["_review"] == ""
    strict = toy_model(thresholds=thresholds(review=0.8))
    assert row("late", model=strict)["_review"] == "too_short"
    assert row("late gibberish nobody knows", model=strict)["_review"] == "words_unknown"
    assert row("late late", model=strict)["_review"] == "categories_tie"


def test_masks_and_signs_are_no_letters():
    """Four letters, however many masks and signs stand around them."""
    model = toy_model(thresholds=thresholds(review=0.8))
    assert row("<money> late <money> 😡😡 !!!", model=model)["_review"] == "too_short"


def test_keywords_speak_for_the_category_that_was_chosen():
    """The expected mix turns the decision to quality, for which "late" does not speak."""
    turned = toy_model().calibration["ngrams"] | {"category": Calibration(1.0, (5.0, 0.0, 0.0))}
    found = row("late broken", model=toy_model(calibration={"ngrams": turned, "both": turned}))
    assert found["category"] == "quality"
    found = row("late late broken", model=toy_model(calibration={"ngrams": turned, "both": turned}))
    assert "late" not in found["keywords"]


def test_other_labels_have_columns_of_their_own():
    heads = (Head("category", ("退货", "物流", "其他")), *HEADS[1:])
    found = row("late", model=toy_model(heads=heads, reason_category={}))
    assert found["category"] == "物流"
    assert found["p_物流"] == pytest.approx(6 / 8)
    assert "p_logistics" not in found.index


def test_without_the_other_heads_their_columns_are_empty():
    model = toy_model()
    alone = replace(
        model,
        heads=HEADS[:1],
        ngrams=model.ngrams._replace(
            weights=model.ngrams.weights[:, :3],
            scale=model.ngrams.scale[:3],
            bias=model.ngrams.bias[:3],
        ),
        reason_category={},
    )
    found = row("late", model=alone)
    assert found["category"] == "logistics"
    assert [found[c] for c in ("reason", "urgency_level", "emotion")] == ["", "", ""]
    assert found[["reason_confidence", "urgency", "p_urgent"]].isna().all()


# --- Evidence --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It is LATE, so late!", "LATE, late"),
        ("late late late", "late"),
        ("快递迟到了", "迟到"),
        ("迟到 and late", "late, 迟到"),
        ("nothing known", ""),
        ("fire is late", "late"),  # fire speaks for quality
        ("", ""),
    ],
)
def test_keywords_by_hand(text, words):
    language = "zh-Hans" if "迟" in text else "en"
    found = row(text, language=language)["keywords"]
    assert set(found.split(", ")) == set(words.split(", "))


def test_a_mask_is_not_a_word_that_the_customer_wrote():
    assert row("<money> late")["keywords"] == "late"


def test_the_word_that_spoke_most_comes_first():
    """Against the mean over categories late has ln 6 * 2/3 = 1.19, both ln 4 - 0.83 = 0.56."""
    assert row("both late")["keywords"] == "late, both"


def test_at_most_four_keywords_and_no_long_ones(tiny_scorer, all_rules, tickets_of):
    text = "The courier never delivered my parcel and the agent would not answer me " + "x" * 80
    found = tiny_scorer.score(prepare(tickets_of([text]), all_rules.languages)).iloc[0]
    words = found["keywords"].split(", ")
    assert 1 <= len(words) <= 4
    assert max(map(len, words)) <= 24


# --- A trained model -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny_scorer(tiny_model):
    return Scorer(store.load(tiny_model), "off")


@pytest.fixture(scope="module")
def prepared(all_rules, tickets_of, rows_of_corpus):
    texts = [*TEXTS, *(row["text"] for row in rows_of_corpus(1, ("en", "ja", "es", "ko")))]
    return prepare(tickets_of(texts), all_rules.languages)


@pytest.fixture(scope="module")
def scored(tiny_scorer, prepared):
    return tiny_scorer.score(prepared)


def test_the_columns_of_the_contract_and_review_are_added_in_order(scored, prepared):
    added = [column for column in scored.columns if column not in prepared.columns]
    assert added == [*MODEL_COLUMNS, "_review"]
    for name in MODEL_COLUMNS:
        assert scored[name].dtype == ticket.BY_NAME[name].dtype, name


def test_what_was_there_is_not_changed(tiny_scorer, prepared):
    before = prepared.copy(deep=True)
    after = tiny_scorer.score(prepared)
    pd.testing.assert_frame_equal(prepared, before)
    pd.testing.assert_frame_equal(after[prepared.columns], before)


def test_probabilities_sum_to_one_and_the_category_is_the_likeliest(scored):
    names = list(ticket.PROBABILITY_COLUMNS)
    table = scored[names].to_numpy()
    np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-6)
    best = [names[i].removeprefix("p_") for i in table.argmax(axis=1)]
    assert scored["category"].tolist() == best
    assert (scored["category_confidence"] == table.max(axis=1)).all()


def test_every_reason_belongs_to_its_category(scored):
    for category, reason in zip(scored["category"], scored["reason"], strict=True):
        assert reason in REASONS[category]
    assert scored["reason_confidence"].between(0, 1 + 1e-6).all()


def test_the_level_follows_from_the_urgency(scored):
    assert scored["urgency"].between(0, 100).all()
    assert scored["urgency_level"].nunique() > 1
    for score, level in zip(scored["urgency"], scored["urgency_level"], strict=True):
        assert LEVELS.index(level) == sum(score >= border for border in LEVEL_BORDERS)
    assert scored["p_urgent"].between(0, 1).all()


def test_the_levels_are_cut_where_training_chose(scored, prepared, tiny_scorer):
    cuts = np.array(tiny_scorer.model.thresholds["ngrams"].urgency_levels)
    assert cuts.tolist() == sorted(cuts)
    said = tiny_scorer.probabilities(prepared["_clean"].tolist(), prepared["language"].tolist())
    score = urgency_score(said["urgency"].astype(float))
    level = scored["urgency_level"].map(LEVELS.index)
    clear = (np.abs(score[:, None] - cuts) > 0.5).all(axis=1)  # urgency has one decimal
    assert clear.sum() > len(clear) / 2
    assert (level[clear] == _level(score, cuts)[clear]).all()
    assert set(scored["emotion"]) <= set(EMOTIONS)


def test_review_reasons_are_of_the_vocabulary(scored):
    assert set(scored["_review"]) <= {"", *REVIEW_REASONS}
    assert scored.loc[scored["language"] == "und", "_review"].eq("unknown_language").all()


def test_keywords_stand_in_the_text(scored):
    assert scored["keywords"].ne("").sum() > len(scored) / 2
    for words, text in zip(scored["keywords"], scored["_clean"], strict=True):
        for word in filter(None, words.split(", ")):
            assert word in text


@settings(deadline=None, max_examples=25, derandomize=True)
@given(st.lists(st.integers(0, len(TEXTS) - 1), min_size=1, max_size=8))
def test_a_row_is_scored_the_same_in_any_batch(tiny_scorer, prepared, scored, chosen):
    part = tiny_scorer.score(prepared.iloc[chosen].reset_index(drop=True))
    pd.testing.assert_frame_equal(
        part, scored.iloc[chosen].reset_index(drop=True), check_exact=True
    )


def test_stretches_that_are_scored_together_do_not_show(tiny_scorer, prepared, scored, monkeypatch):
    monkeypatch.setattr("pipeline.model.scoring._CHUNK_CHARACTERS", 40)
    pd.testing.assert_frame_equal(tiny_scorer.score(prepared), scored, check_exact=True)


def test_an_empty_frame_gives_empty_columns(tiny_scorer, prepared, scored):
    nothing = tiny_scorer.score(prepared.iloc[:0])
    assert len(nothing) == 0
    assert list(nothing.columns) == list(scored.columns)
    assert nothing.dtypes.to_dict() == scored.dtypes.to_dict()


def test_the_index_of_the_frame_is_kept(tiny_scorer, prepared):
    part = prepared.iloc[[3, 1, 5]]
    assert tiny_scorer.score(part).index.tolist() == [3, 1, 5]


# --- The encoder -----------------------------------------------------------------------------


class _Fake:
    """An encoder that notes what it is asked and finds every text alike.

    Its upper part is how often the vector has the number one: (1, 1) for its own.
    """

    name, dimension, upper = "fake", 2, {"ones": np.ones(2, dtype=np.float32)}

    def __init__(self):
        self.asked = []

    def pool(self, texts):
        self.asked += texts
        ones = np.ones((len(texts), 2), dtype=np.float32)
        return Pooled(ones, ones[:, 0])

    def vectors(self, pooled, upper):
        return pooled.means * upper["ones"]


@pytest.fixture
def fake(monkeypatch):
    encoder = _Fake()
    monkeypatch.setattr("pipeline.model.scoring.load_encoder", lambda name: encoder)
    return encoder


def _with_encoder():
    """Each of the two numbers adds ln 2 to quality: 4 : 1 : 1, hence 4/6."""
    model = toy_model()
    weights = np.zeros((2, len(model.ngrams.bias)), dtype=np.float32)
    weights[:, 0] = np.log(2)
    return replace(model, encoder=model.ngrams._replace(weights=weights), encoder_name="fake")


def test_on_pools_both_views_of_every_text(fake):
    """late: 1 : 6 : 1 by its word and 4 : 1 : 1 by the encoder, so 2 : sqrt 6 : 1 in the pool.

    broken: 6 : 1 : 1 by its word, so sqrt 24 : 1 : 1.
    """
    found = Scorer(_with_encoder(), "on").score(frame("late", "broken"))
    assert fake.asked == ["late", "broken"]
    late, broken = 6**0.5 / (3 + 6**0.5), 1 / (2 + 24**0.5)
    assert found["p_logistics"].tolist() == pytest.approx([late, broken])


def test_a_tuned_encoder_is_a_third_voice_from_the_same_pass(fake):
    """late: 1 : 6 : 1 by its word, 4 : 1 : 1 by the encoder, and 16 : 1 : 1 by the tuned one,
    whose numbers are twice as large; they count 0.4, 0.4 and 0.2.
    """
    model = _with_encoder()
    tuned = Tuned({"ones": np.full(2, 2, dtype=np.float32)}, model.encoder)
    found = Scorer(replace(model, tuned=tuned), "on").score(frame("late"))
    assert fake.asked == ["late"]
    odds = np.array([4**0.4 * 16**0.2, 6**0.4, 1.0])
    assert found["p_logistics"].tolist() == pytest.approx([odds[1] / odds.sum()])


def test_auto_asks_the_encoder_about_doubtful_texts_only(fake):
    """late has 0.75 and is not asked about; both has 0.5, below 0.7."""
    found = Scorer(_with_encoder(), "auto").score(frame("late", "both", "late"))
    assert fake.asked == ["both"]
    odds = np.sqrt([3 * 4, 4 * 1, 1 * 1])
    pooled = odds[1] / odds.sum()
    assert found["p_logistics"].tolist() == pytest.approx([3 / 4, pooled, 3 / 4])


def test_each_text_is_calibrated_by_the_views_that_spoke(fake):
    """late is not asked about: 6 : 1 : 1 to its root by the n-grams' own temperature of 2.

    both: 3 : 4 : 1 by its word and 4 : 1 : 1 by the encoder; the root of the pool is undone by
    a temperature of one half.
    """
    model = _with_encoder()
    even = model.calibration["both"]
    ngrams = even | {"category": Calibration(2.0, (0.0, 0.0, 0.0))}
    both = even | {"category": Calibration(0.5, (0.0, 0.0, 0.0))}
    model = replace(model, calibration={"ngrams": ngrams, "both": both})
    found = Scorer(model, "auto").score(frame("late", "both"))["p_logistics"].tolist()
    assert fake.asked == ["both"]
    assert found == pytest.approx([np.sqrt(6) / (np.sqrt(6) + 2), 4 / (3 * 4 + 4 + 1)])


def test_off_never_asks(fake):
    found = Scorer(_with_encoder(), "off").score(frame("both"))
    assert fake.asked == []
    assert found["p_logistics"].tolist() == pytest.approx([4 / 8])


def test_each_set_of_views_has_its_own_thresholds(fake):
    model = _with_encoder()
    model = replace(model, thresholds={**thresholds(), "both": replace(THRESHOLDS, review=0.99)})
    assert Scorer(model, "off").score(frame("late"))["_review"].tolist() == [""]
    assert Scorer(model, "on").score(frame("late"))["_review"].tolist() != [""]


def test_the_level_follows_from_the_urgency_whichever_views_decided(fake):
    """All levels alike, hence 50: high from 40 by the n-grams, normal below 60 by both."""
    model = _with_encoder()
    cuts = {"ngrams": (20, 40, 80), "both": (20, 60, 80)}
    model = replace(
        model,
        thresholds={views: replace(THRESHOLDS, urgency_levels=one) for views, one in cuts.items()},
    )
    found = Scorer(model, "auto").score(frame("late", "both"))
    assert fake.asked == ["both"]
    # 50 + 25 * 10 / 40 and 25 + 25 * 30 / 40
    assert found["urgency"].tolist() == pytest.approx([56.2, 43.8], abs=0.051)
    assert found["urgency_level"].tolist() == ["high", "normal"]


def test_a_missing_encoder_leaves_the_ngrams(monkeypatch):
    monkeypatch.setattr("pipeline.model.scoring.load_encoder", lambda name: None)
    scorer = Scorer(_with_encoder(), "auto")
    assert scorer.views == "ngrams"
    assert scorer.score(frame("both"))["p_logistics"].tolist() == pytest.approx([4 / 8])


def test_a_trained_encoder_view_scores(encoder_model, prepared):
    model = store.load(encoder_model)
    on, off = (Scorer(model, mode).score(prepared) for mode in ("on", "off"))
    names = list(ticket.PROBABILITY_COLUMNS)
    np.testing.assert_allclose(on[names].sum(axis=1), 1, atol=1e-6)
    assert np.abs(on[names].to_numpy() - off[names].to_numpy()).max() > 0.01
    assert on["reason"].eq("").all()
