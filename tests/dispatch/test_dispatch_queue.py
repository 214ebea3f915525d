"""The whole-set step: its frame, repeat contacts and incidents."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import dispatch, ticket
from pipeline.dispatch.groups import codes
from pipeline.dispatch.repeats import repeat_contacts
from tests.dispatch.helpers import NOW, SHIPPED, tickets

QUEUE = [c.name for c in ticket.COLUMNS if c.room == "queue"]


def ago(**delta):
    return (NOW - timedelta(**delta)).isoformat()


def queue_frame(*rows):
    """Narrow tickets that have been through `assign`."""
    frame = tickets(*rows)
    own = ["first_response_due_at", "sla_state"]
    assigned = dispatch.assign(frame.drop(columns=own), SHIPPED, now=NOW)
    assigned["_text_key"] = frame["_text_key"]
    return assigned[list(dispatch.NARROW)]


def arrange(*rows):
    return dispatch.arrange(queue_frame(*rows), SHIPPED, now=NOW)


class TestFrame:
    def test_it_gives_the_columns_of_the_room_with_their_types(self):
        found = arrange({}, {"status": "closed"})
        assert {name: str(found[name].dtype) for name in found} == {
            name: ticket.BY_NAME[name].dtype for name in QUEUE
        }

    def test_closed_tickets_have_no_place(self):
        found = arrange(
            {"status": "solved"}, {"status": "hold"}, {"status": "closed"}, {"status": ""}
        )
        assert found["rank"].isna().tolist() == [True, False, True, False]
        assert found["priority"].isna().tolist() == [True, False, True, False]

    def test_no_tickets_are_no_problem(self):
        frame = queue_frame({}).iloc[:0]
        assert list(dispatch.arrange(frame, SHIPPED, now=NOW)) == QUEUE

    def test_the_index_is_kept(self):
        frame = queue_frame({}, {}).set_axis([7, 3])
        assert dispatch.arrange(frame, SHIPPED, now=NOW).index.tolist() == [7, 3]


class TestRepeats:
    def test_same_customer_or_same_order_counted_once(self):
        rows = [
            {"customer_id": "A", "order_id": "1", "created_at": ago(days=5)},
            {"customer_id": "A", "order_id": "1", "created_at": ago(days=4)},
            {"customer_id": "B", "order_id": "1", "created_at": ago(days=3)},
            {"customer_id": "A", "order_id": "2", "created_at": ago(days=2)},
            {"customer_id": "A", "order_id": "1", "created_at": ago(days=1)},
        ]
        # the last: tickets 1, 2, 4 of the customer and 3 of the order
        assert arrange(*rows)["repeat_contacts"].tolist() == [0, 1, 2, 2, 4]

    def test_unknown_customers_and_orders_match_nobody(self):
        assert arrange({}, {}, {})["repeat_contacts"].tolist() == [0, 0, 0]

    def test_earlier_is_by_time_then_by_row(self):
        rows = [{"customer_id": "A", "created_at": ago(hours=h)} for h in (1, 2, 1)]
        assert arrange(*rows)["repeat_contacts"].tolist() == [1, 0, 2]

    @given(
        st.lists(
            st.tuples(
                st.integers(0, 5),
                st.sampled_from(["", "A", "B", "顾客"]),
                st.sampled_from(["", "1", "2"]),
            ),
            min_size=1,
            max_size=25,
        )
    )
    def test_counting_pair_by_pair_gives_the_same(self, rows):
        found = repeat_contacts(
            np.array([row[0] for row in rows]),
            codes(pd.Series([row[1] for row in rows], dtype="str"))[0],
            codes(pd.Series([row[2] for row in rows], dtype="str"))[0],
        )
        slow = [
            sum(
                (other[0], j) < (row[0], i)
                and ((bool(row[1]) and row[1] == other[1]) or (bool(row[2]) and row[2] == other[2]))
                for j, other in enumerate(rows)
            )
            for i, row in enumerate(rows)
        ]
        assert found.tolist() == slow


class TestCopies:
    def copies(self, count, **more):
        return [
            {"_text_key": 99, "customer_id": f"C{n}", "created_at": ago(days=3, minutes=-n), **more}
            for n in range(count)
        ]

    def test_three_of_several_customers_are_an_incident(self):
        found = arrange(*self.copies(3), {"_text_key": 7})
        assert found["incident_size"].tolist()[:3] == [3, 3, 3]
        assert found["incident_id"].nunique() == 2  # and "" for the other ticket
        assert found["incident_id"].iloc[3] == ""
        assert pd.isna(found["incident_size"].iloc[3])

    @pytest.mark.parametrize(
        "more",
        [
            {"_text_key": 0},
            {"customer_id": "one"},
            {"category": "other", "reason": "praise"},
        ],
        ids=["too short", "one customer", "praise"],
    )
    def test_but_not(self, more):
        assert (arrange(*self.copies(4, **more))["incident_id"] == "").all()

    def test_two_are_none(self):
        assert (arrange(*self.copies(2))["incident_id"] == "").all()

    def test_a_quiet_week_ends_it(self):
        early = [{**row, "created_at": ago(days=20)} for row in self.copies(3)]
        found = arrange(*early, *self.copies(3))
        assert found["incident_size"].tolist() == [3] * 6
        assert found["incident_id"].nunique() == 2

    def test_the_id_does_not_depend_on_later_tickets(self):
        assert (
            arrange(*self.copies(3))["incident_id"][0] == arrange(*self.copies(9))["incident_id"][0]
        )


class TestSameCause:
    """100 complaints of one week, ten SKUs and five reasons evenly: 2 expected in each cell."""

    reasons = ("defective", "lost", "rude", "warranty", "tracking")

    def week(self):
        return [
            {
                "ticket_id": f"W{n}",
                "sku": f"S{n % 10}",
                "reason": self.reasons[n // 10 % 5],
                "category": next(
                    c for c, r in ticket.REASONS.items() if self.reasons[n // 10 % 5] in r
                ),
                "customer_id": f"C{n}",
                "created_at": ago(days=2, minutes=n),
            }
            for n in range(100)
        ]

    def burst(self, count, **more):
        return [
            {
                "ticket_id": f"B{n}",
                "sku": "BAD",
                "reason": "unsafe",
                "category": "quality",
                "customer_id": f"B{n}",
                "created_at": ago(days=1, minutes=n),
                **more,
            }
            for n in range(count)
        ]

    def test_an_even_week_has_none(self):
        assert (arrange(*self.week())["incident_id"] == "").all()

    def test_a_bad_batch_is_one(self):
        """10 of 110 have the SKU, 10 the reason: 0.9 expected, 10 found."""
        found = arrange(*self.week(), *self.burst(10))
        assert (found["incident_id"][:100] == "").all()
        assert found["incident_size"][100:].tolist() == [10] * 10
        assert found["incident_id"][100:].nunique() == 1

    @pytest.mark.parametrize(
        "more",
        [{"customer_id": "one"}, {"sku": ""}, {"reason": "praise", "category": "other"}],
        ids=["one customer", "no sku", "praise"],
    )
    def test_but_not(self, more):
        assert (arrange(*self.week(), *self.burst(10, **more))["incident_id"] == "").all()

    def test_four_are_too_few(self):
        assert (arrange(*self.week(), *self.burst(4))["incident_id"] == "").all()

    def test_a_shop_with_one_product_has_nothing_to_compare(self):
        assert (arrange(*self.burst(50))["incident_id"] == "").all()

    def test_the_size_is_the_number_of_tickets_with_the_id(self):
        copies = [{**row, "_text_key": 5} for row in self.burst(6, sku="", reason="lost")]
        found = arrange(*self.week(), *self.burst(10), *copies)
        members = found[found["incident_id"] != ""]
        counts = members.groupby("incident_id")["incident_size"].agg(["size", "min", "max"])
        assert len(counts) == 2
        assert (counts["size"] == counts["min"]).all()
        assert (counts["size"] == counts["max"]).all()

    def test_the_order_of_rows_makes_no_difference(self):
        rows = [*self.week(), *self.burst(10)]
        there = arrange(*rows)
        back = arrange(*reversed(rows)).iloc[::-1].reset_index(drop=True)
        pd.testing.assert_frame_equal(there, back)
