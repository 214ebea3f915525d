"""The batch step: routing, action, missing information, review, explanation, text key."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline import dispatch, ticket
from pipeline.dispatch.explanation import REVIEW_SENTENCES
from pipeline.dispatch.screening import suspicious
from pipeline.dispatch.text_key import text_keys
from pipeline.rules import routing
from tests.dispatch.helpers import NOW, SHIPPED, cases, scored

PRIVATE = ("_text_key", "_suspicion", "_order_in_text")
ADDED = [c.name for c in ticket.COLUMNS if c.room == "dispatch"]


def one(rules=SHIPPED, **row):
    return dispatch.assign(scored(row), rules, now=NOW).iloc[0]


@pytest.mark.parametrize(("given", "expected"), cases("routing_rules"))
def test_routing(given, expected):
    row = one(**given)
    assert [row["routing_rule"], row["team"]] == expected


def test_every_rule_has_a_case():
    tried = {case.values[1][0] for case in cases("routing_rules")}
    assert tried == {rule.id for rule in SHIPPED.routing.rules}


class TestLanguages:
    """A rule is passed over when its team cannot read the ticket."""

    team = SHIPPED.routing.teams["logistics_desk"]._replace(languages=("zh", "en"))

    @pytest.mark.parametrize(
        ("language", "rule"),
        [
            ("zh-Hant", "logistics"),
            ("en", "logistics"),
            ("und", "logistics"),
            ("ja", "everything-else"),
            ("zhx", "everything-else"),
        ],
    )
    def test_the_team_reads_the_language(self, language, rule):
        teams = {**SHIPPED.routing.teams, "logistics_desk": self.team}
        rules = tuple(
            rule._replace(conditions=rule.conditions + routing._readable(teams[rule.team]))
            for rule in SHIPPED.routing.rules
        )
        rules = replace(SHIPPED, routing=SHIPPED.routing._replace(teams=teams, rules=rules))
        assert one(rules, language=language)["routing_rule"] == rule


class TestFrame:
    rows = (
        {},
        {"category": "quality", "reason": "unsafe", "text": "电池起火"},
        {"_review": "too_short"},
    )

    def test_it_adds_the_columns_of_the_room_with_their_types(self):
        before = scored(*self.rows)
        after = dispatch.assign(before, SHIPPED, now=NOW)
        assert set(after) - set(before) == {*ADDED, *PRIVATE}
        assert {name: str(after[name].dtype) for name in ADDED} == {
            name: ticket.BY_NAME[name].dtype for name in ADDED
        }
        assert after["_text_key"].dtype == np.uint64

    def test_it_changes_nothing_that_is_there(self):
        before = scored(*self.rows)
        kept = before.copy()
        after = dispatch.assign(before, SHIPPED, now=NOW)
        pd.testing.assert_frame_equal(before, kept)
        pd.testing.assert_frame_equal(after[list(before)], kept)

    def test_the_batch_makes_no_difference(self):
        frame = scored(*self.rows)
        whole = dispatch.assign(frame, SHIPPED, now=NOW)
        parts = [dispatch.assign(frame.iloc[[i]], SHIPPED, now=NOW) for i in range(len(frame))]
        pd.testing.assert_frame_equal(whole, pd.concat(parts))

    def test_no_tickets_are_no_problem(self):
        empty = dispatch.assign(scored({}).iloc[:0], SHIPPED, now=NOW)
        assert len(empty) == 0
        assert set(ADDED) <= set(empty)

    def test_the_rules_can_go_to_another_process(self):
        assert pickle.loads(pickle.dumps(SHIPPED)) == SHIPPED


class TestAction:
    def test_the_action_of_the_reason(self):
        assert one(reason="lost")["suggested_action"].startswith("Open a search with the carrier")

    def test_the_action_of_the_rule_beats_it(self):
        own = SHIPPED.routing.rules[-1]._replace(action="Call the warehouse.")
        rules = replace(SHIPPED, routing=SHIPPED.routing._replace(rules=(own,)))
        assert one(rules)["suggested_action"] == "Call the warehouse."

    def test_a_reason_of_another_model_has_none(self):
        row = one(category="billing", reason="invoice_wrong")
        assert row["suggested_action"] == row["missing_information"] == ""

    @pytest.mark.parametrize(
        ("row", "expected"),
        [
            ({"reason": "delayed"}, "order number; date of the order; tracking number"),
            ({"reason": "delayed", "order_id": "7"}, ""),
            ({"reason": "delayed", "_clean": "订单 <code> 没到"}, ""),
            ({"reason": "delayed", "_clean": "ordered <date>"}, "order number; tracking number"),
            ({"reason": "defective", "order_id": "7"}, "photo of the item and its packaging"),
            (
                {"reason": "wrong_item", "sku": "A-1"},
                "order number; photo of the item and its packaging",
            ),
            ({"category": "other", "reason": "praise"}, ""),
        ],
    )
    def test_missing_information(self, row, expected):
        assert one(**row)["missing_information"] == expected


class TestReview:
    def test_what_the_model_is_unsure_of_is_passed_on(self):
        row = one(_review="words_unknown")
        assert row["needs_review"]
        assert row["review_reason"] == "words_unknown"
        assert "Please check: the model has not seen most of these words." in row["explanation"]

    def test_no_reason_no_review(self):
        row = one()
        assert not row["needs_review"]
        assert row["review_reason"] == ""

    def test_suspicious_beats_unsure(self):
        row = one(text="不给我钱就给你差评", _review="too_short")
        assert row["review_reason"] == "suspicious"

    @pytest.mark.parametrize(("text", "expected"), cases("screening_review_for_money"))
    def test_a_review_for_money(self, text, expected):
        assert suspicious(pd.Series([text]), SHIPPED.screening).tolist() == [expected]

    def test_every_review_reason_has_a_sentence(self):
        assert set(REVIEW_SENTENCES) == set(ticket.REVIEW_REASONS)


class TestExplanation:
    def test_all_parts(self):
        row = one(
            category_confidence=0.914,
            keywords="还没到, 物流",
            urgency=62.0,
            urgency_level="high",
            secondary_category="service",
            _review="categories_tie",
        )
        assert row["explanation"] == (
            "Logistics/delayed (91 % sure) because of: 还没到, 物流; also service; "
            "urgency 62 of 100 (high); to the logistics desk by rule 'logistics', "
            "first response due 2026-11-21 14:00 UTC. "
            "Please check: no category is clearly the likeliest."
        )

    def test_the_words_that_made_it_urgent_are_named(self):
        row = one(urgency=80.0, urgency_level="critical", _cue="fire")
        assert "; urgency 80 of 100 (critical, words of 'fire'); to the " in row["explanation"]

    def test_what_is_not_known_is_left_out(self):
        row = one(
            category="billing",
            reason="",
            keywords="",
            category_confidence=float("nan"),
            urgency=float("nan"),
        )
        assert row["explanation"] == (
            "Billing; to the customer service team by rule 'everything-else', "
            "first response due 2026-11-22 10:00 UTC."
        )


class TestTextKey:
    @pytest.mark.parametrize(("texts", "expected"), cases("text_key_pairs"))
    def test_pairs(self, texts, expected):
        left, right = text_keys(pd.Series(texts, dtype="str"))
        assert bool(left == right != 0) == expected

    def test_the_key_is_the_same_everywhere(self):
        """A changed key would cut incidents apart between two runs."""
        text = "The battery swelled after two weeks of use"
        assert text_keys(pd.Series([text], dtype="str")).tolist() == [17529964380630978280]


@pytest.mark.parametrize(
    ("reason", "language", "begins"),
    [
        ("delayed", "zh-Hant", "很抱歉配送出現了問題"),
        ("unsafe", "es", "Lo sentimos mucho. Deje de usar"),
        ("praise", "en", "Thank you very much"),
        ("spam", "en", ""),
        ("delayed", "und", ""),
        ("delayed", "he", ""),
        ("invoice", "en", ""),
    ],
)
def test_the_acknowledgement_is_in_the_language_of_the_ticket(reason, language, begins):
    found = one(reason=reason, language=language)["acknowledgement"]
    assert found.startswith(begins)
    assert bool(found) == bool(begins)
