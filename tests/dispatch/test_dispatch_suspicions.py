"""Suspicious complaints: each kind, and what nearly looks like it."""

from datetime import timedelta

import pytest

from pipeline import dispatch
from tests.dispatch.helpers import NOW, SHIPPED, scored, tickets

COPY = "The zip broke on the first day and nobody answers my messages"


def suspicions(*rows):
    frame = tickets(*rows)
    own = ["first_response_due_at", "sla_state"]
    assigned = dispatch.assign(frame.drop(columns=own), SHIPPED, now=NOW)
    assigned["_text_key"] = frame["_text_key"]
    return dispatch.arrange(assigned[list(dispatch.NARROW)], SHIPPED, now=NOW)["suspicion"].tolist()


def days_ago(number):
    return (NOW - timedelta(days=number)).isoformat()


def by_seller(count, *, days=1, **more):
    return [
        {"customer_id": "A", "seller_id": f"S{n}", "created_at": days_ago(40 - days * n), **more}
        for n in range(count)
    ]


#: Many customers with one complaint each: what is usual.
OTHERS = [{"customer_id": f"C{n}", "seller_id": "S0"} for n in range(60)]


class TestManySellers:
    def test_five_in_a_month(self):
        found = suspicions(*by_seller(5), *OTHERS)
        assert found[:5] == ["many_sellers"] * 5
        assert set(found[5:]) == {""}

    @pytest.mark.parametrize(
        "rows",
        [
            by_seller(4),
            by_seller(5, days=8),
            by_seller(5, seller_id="S1"),
            by_seller(6, customer_id=""),
            by_seller(6, category="other", reason="question"),
        ],
        ids=["four", "over a longer time", "one seller", "unknown customer", "questions"],
    )
    def test_but_not(self, rows):
        assert set(suspicions(*rows, *OTHERS)) == {""}

    def test_not_where_everybody_has_many(self):
        rows = [row for n in range(20) for row in by_seller(6, customer_id=f"顾客{n}")]
        assert set(suspicions(*rows)) == {""}


class TestCopies:
    def copies(self, count, **more):
        return [
            {"_text_key": 9, "customer_id": f"C{n}", "created_at": days_ago(n), **more}
            for n in range(count)
        ]

    def test_one_text_from_three_accounts(self):
        assert suspicions(*self.copies(3), {"customer_id": "Z"}) == ["copied_text"] * 3 + [""]

    @pytest.mark.parametrize(
        "more", [{"customer_id": "A"}, {"_text_key": 0}], ids=["one account", "too short"]
    )
    def test_but_not(self, more):
        assert set(suspicions(*self.copies(3, **more))) == {""}

    def test_nor_two_accounts_nor_over_months(self):
        assert set(suspicions(*self.copies(2))) == {""}
        rows = [{**row, "created_at": days_ago(30 * n)} for n, row in enumerate(self.copies(3))]
        assert set(suspicions(*rows)) == {""}


class TestOrderOfAnother:
    OTHER = {"customer_id": "B", "order_id": "5550001111"}  # noqa: RUF012

    @pytest.mark.parametrize(
        ("row", "found"),
        [
            ({"text": "订单5550001111没有到", "order_id": "5550002222"}, "order_of_another"),
            ({"text": "Where is 5550001111?"}, "order_of_another"),
            ({"text": "Where is 5550001111?", "customer_id": ""}, ""),
            ({"text": "Where is 5550001111?", "customer_id": "B"}, ""),
            ({"text": "Where is 5550001111?", "order_id": "5550001111"}, ""),
            ({"text": "Where is 5550009999?"}, ""),
            ({"text": "It weighs 55500011115550001111555 g"}, ""),
        ],
        ids=["zh", "en", "unknown", "own", "shared", "no order of ours", "too long"],
    )
    def test_who_names_the_order_of_another_customer(self, row, found):
        assert suspicions({"customer_id": "A", **row}, self.OTHER)[0] == found


def test_a_bargain_is_named_and_several_are_joined():
    bargain = "I will delete my bad review if you pay me 50 dollars for 5550001111"
    other = {"customer_id": "B", "order_id": "5550001111"}
    found = suspicions({"customer_id": "A", "text": bargain}, other)
    assert found == ["review_for_money; order_of_another", ""]


def test_assign_still_flags_what_a_text_alone_shows():
    bargain = "I will delete my bad review if you pay me 50 dollars"
    found = dispatch.assign(scored({"text": bargain}, {}), SHIPPED, now=NOW)
    assert found["needs_review"].tolist() == [True, False]
