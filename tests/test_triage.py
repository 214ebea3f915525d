"""The batch step: rooms in order, each adding and none changing."""

import importlib
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import dispatch, ticket
from pipeline.explaining import explain_text, one_ticket
from pipeline.model import store
from pipeline.model.scoring import Scorer
from pipeline.text.cues import mark_cues
from pipeline.text.prepare import prepare
from pipeline.triage import triage

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TEXTS = (
    "Mein Paket ist nie angekommen!!", "客服態度很差，我要投訴到12315",
    "届いた商品が壊れていた", "ok", "Excelente, muchas gracias", "Деньги не вернули, жду месяц",
    "สินค้าไม่ตรงปก", "😡", "...",
    "The charger caught fire. Reach me at jo@example.org", "=1+1", "환불해 주세요", "لم يصل الطلب",
)  # fmt: skip


@pytest.fixture(scope="module")
def scorer(tiny_model):
    return Scorer(store.load(tiny_model), "off")


@pytest.fixture(scope="module")
def tickets(tickets_of):
    n = len(TEXTS)
    return tickets_of(
        TEXTS,
        created_at=[pd.Timestamp(NOW - timedelta(hours=7 * i)) for i in range(n)],
        country=["DE", "TW", "JP", "", "MX", "RU", "TH", "US", "", "GB", "FR", "KR", "SA"],
        order_value=[10.0 * i for i in range(n)],
        currency="EUR",
    )


@pytest.fixture(scope="module")
def triaged(tickets, scorer, all_rules):
    return triage(tickets, scorer, all_rules, now=NOW)


def test_every_column_but_those_of_the_whole_set_is_there(triaged):
    rooms = ("intake", "text", "model", "dispatch")
    expected = {column.name for column in ticket.COLUMNS if column.room in rooms}
    assert expected <= set(triaged.columns)
    assert triaged.columns.is_unique
    for name in expected:
        assert triaged[name].dtype == ticket.BY_NAME[name].dtype, name


def test_no_room_changes_what_an_earlier_one_wrote(tickets, scorer, all_rules):
    before = tickets.copy(deep=True)
    steps = [
        lambda frame: prepare(frame, all_rules.languages),
        lambda frame: mark_cues(frame, all_rules.urgency),
        scorer.score,
        lambda frame: dispatch.assign(frame, all_rules, now=NOW),
    ]
    frame = tickets
    for step in steps:
        earlier = frame.copy(deep=True)
        frame = step(frame)
        pd.testing.assert_frame_equal(frame[earlier.columns], earlier, check_exact=True)
    pd.testing.assert_frame_equal(tickets, before)


def test_the_level_follows_from_the_urgency_of_every_row(triaged):
    for score, level in zip(triaged["urgency"], triaged["urgency_level"], strict=True):
        assert ticket.LEVELS.index(level) == sum(score >= border for border in ticket.LEVEL_BORDERS)
    assert (triaged["urgency"] >= triaged["_floor"]).all()


@settings(deadline=None, max_examples=12, derandomize=True)
@given(st.lists(st.integers(0, len(TEXTS) - 1), min_size=1, max_size=6))
def test_a_ticket_is_decided_alike_in_any_batch(tickets, scorer, all_rules, triaged, chosen):
    part = tickets.iloc[chosen].reset_index(drop=True)
    found = triage(part, scorer, all_rules, now=NOW)
    expected = triaged.iloc[chosen].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_no_tickets_give_the_same_columns(tickets, scorer, all_rules, triaged):
    nothing = triage(tickets.iloc[:0], scorer, all_rules, now=NOW)
    assert nothing.dtypes.to_dict() == triaged.dtypes.to_dict()
    assert len(nothing) == 0


def test_the_clean_text_is_beside_the_raw_one(triaged):
    row = triaged.iloc[9]
    assert "jo@example.org" in row["text"]
    assert "<email>" in row["_clean"]
    assert triaged["text"].tolist() == list(TEXTS)


def test_the_country_helps_with_the_language(tickets_of, all_rules):
    """Without kana: Japanese from Japan, Chinese from China."""
    same = tickets_of(["返品希望", "返品希望"], country=["JP", "CN"])
    found = prepare(same, all_rules.languages)["language"].tolist()
    assert found[0] == "ja"
    assert found[1].startswith("zh")


def test_training_and_classifying_share_the_door_to_the_text_steps():
    from pipeline.learn import labelled

    assert labelled.prepare is prepare is sys.modules["pipeline.triage"].prepare


def test_the_package_offers_the_verb_however_often_it_is_asked():
    """The module of the same name, imported above, does not take its place."""
    import pipeline

    assert "pipeline.triage" in sys.modules
    for _ in range(2):
        importlib.import_module("pipeline.triage")
        assert pipeline.triage is triage
    with pytest.raises(AttributeError, match="no attribute 'triag'"):
        pipeline.triag  # noqa: B018


def test_the_verb_is_there_before_its_module_was_imported():
    code = "from pipeline import triage, ComplaintModel; print(triage.__name__, callable(triage))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("triage True\n", "")


def test_one_ticket_is_a_frame_as_intake_gives_it(tickets_of):
    found, expected = one_ticket("坏了", country="CN"), tickets_of(["坏了"])
    assert found.dtypes.to_dict() == expected.dtypes.to_dict()
    assert found[["text", "country", "status"]].iloc[0].tolist() == ["坏了", "CN", "open"]


@pytest.mark.parametrize("text", ["The zipper is broken", "快递还没到", "", "a, b", "[red]x[/red]"])
def test_explain_shows_the_text_and_the_decision(text, tiny_model):
    shown = explain_text(text, model=tiny_model, rules=None, country="", encoder="off")
    assert shown.plain.startswith(text)
    for name in ("category", "urgency_level", "team", "explanation"):
        assert name in shown.plain


def test_explain_marks_the_keywords(tiny_model, scorer, all_rules):
    text = "The agent never answered, refund refused, package lost"
    row = triage(one_ticket(text), scorer, all_rules, now=NOW).iloc[0]
    shown = explain_text(text, model=tiny_model, rules=None, country="", encoder="off")
    marked = {text[span.start : span.end] for span in shown.spans if span.end <= len(text)}
    assert marked == set(row["keywords"].split(", "))
    assert marked


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The kettle exploded and burned my hand", "en"),
        ("水壶爆炸烫伤了我的手", "zh-Hans"),
        ("Der Akku ist explodiert", "de"),
    ],
)
def test_words_of_danger_are_answered_whatever_the_model_thinks(text, language, scorer, all_rules):
    """The first action of unsafe, and a person looks when the model saw another reason."""
    row = triage(one_ticket(text), scorer, all_rules, now=NOW).iloc[0]
    unsafe = all_rules.actions.by_reason["unsafe"]
    assert row["language"] == language
    assert row["suggested_action"] == unsafe.en or row["routing_rule"] != "critical"
    assert row["acknowledgement"] == all_rules.actions.acknowledgements[unsafe.reply][language]
    assert row["needs_review"] or row["reason"] == "unsafe"


def test_nobody_is_thanked_for_praise_that_may_be_none(scorer, all_rules):
    tickets = pd.concat([one_ticket(text) for text in ("ok", "great kettle, love it")])
    triaged = triage(tickets.reset_index(drop=True), scorer, all_rules, now=NOW)
    thanks = all_rules.actions.by_reason["praise"].en
    doubtful = triaged["needs_review"]
    assert not (triaged["suggested_action"][doubtful] == thanks).any()
