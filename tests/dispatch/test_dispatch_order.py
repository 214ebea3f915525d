"""The order of the queue: what is promised of it, each as a law that no example breaks.

Every law is tried on 200 examples, and on 10,000 in `make test-slow`.
"""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import dispatch, ticket
from pipeline.dispatch import priority
from pipeline.dispatch.points import in_words
from tests.dispatch.helpers import NOW, SHIPPED, tickets

EXAMPLES = pytest.mark.parametrize("examples", [200, pytest.param(10_000, marks=pytest.mark.slow)])


def prove(examples, law, *strategies):
    """Look for an example that breaks `law`, the same ones in every run."""
    rules = settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    rules(given(*strategies)(law))()


def ago(**delta):
    return (NOW - timedelta(**delta)).isoformat()


def arrange(*rows):
    """The queue of tickets that have been through `assign`."""
    frame = tickets(*rows)
    assigned = dispatch.assign(
        frame.drop(columns=["first_response_due_at", "sla_state"]), SHIPPED, now=NOW
    )
    return dispatch.arrange(assigned[list(dispatch.NARROW)], SHIPPED, now=NOW)


def days(number):
    return int(number * 86_400)


LEVEL = st.sampled_from(ticket.LEVELS)
#: What a ticket is about; when it came is added by each law.
ABOUT = st.fixed_dictionaries(
    {
        "urgency": st.floats(0, 100),
        "urgency_level": LEVEL,
        "emotion": st.sampled_from(ticket.EMOTIONS),
        "order_value": st.one_of(st.none(), st.floats(0, 1e7)),
        "currency": st.sampled_from(["USD", "JPY", ""]),
        "customer_tier": st.sampled_from(["", "standard", "plus", "vip"]),
        "customer_id": st.sampled_from(["", "A", "顾客"]),
        "status": st.sampled_from(ticket.OPEN_STATES),
        "category": st.sampled_from(["logistics", "other"]),
        "reason": st.sampled_from(["delayed", "praise", "question"]),
    }
)
SECONDS = st.integers(0, days(400))
TICKET = st.tuples(ABOUT, SECONDS).map(lambda it: {**it[0], "created_at": ago(seconds=it[1])})
#: An unanswered complaint.
COMPLAINT = ABOUT.map(lambda about: {**about, "category": "logistics", "reason": "delayed"})


class TestTotal:
    @EXAMPLES
    def test_every_open_ticket_has_a_place_of_its_own(self, examples):
        def law(rows):
            found = arrange(*rows).sort_values("rank")
            assert found["rank"].tolist() == list(range(1, len(rows) + 1))
            assert found["priority"].is_monotonic_decreasing
            assert found["priority"].between(0, 100).all()

        prove(examples, law, st.lists(TICKET, min_size=1, max_size=12))

    @EXAMPLES
    def test_the_order_of_rows_makes_no_difference(self, examples):
        def law(rows, random):
            rows = [{**row, "ticket_id": f"T{n}"} for n, row in enumerate(rows)]
            # Who wrote before whom at the same second is decided by the row.
            rows = [{**row, "customer_id": ""} for row in rows]
            place = list(range(len(rows)))
            random.shuffle(place)
            ranks = arrange(*rows)["rank"]
            shuffled = arrange(*(rows[i] for i in place))["rank"]
            assert shuffled.tolist() == ranks.iloc[place].tolist()

        prove(
            examples,
            law,
            st.lists(TICKET, min_size=2, max_size=8),
            st.randoms(use_true_random=False),
        )

    def test_ties_go_by_creation_consequence_id_and_row(self):
        same = {"created_at": ago(days=3), "currency": "USD", "order_value": 10.0}
        rows = [{**same, "ticket_id": name} for name in ("b", "a", "é", "b")]
        rich = {**same, "ticket_id": "z", "order_value": 11.0}
        assert arrange(*rows, rich)["rank"].tolist() == [3, 2, 5, 4, 1]


class TestStarving:
    @EXAMPLES
    def test_after_its_bound_a_ticket_goes_before_whatever_came_that_much_later(self, examples):
        bound = days(priority.KNEE / priority.WAITING_POINTS_PER_DAY)

        def law(old, new, extra, since):
            found = arrange(
                {**new, "created_at": ago(seconds=since)},
                {**old, "created_at": ago(seconds=since + bound + extra)},
            )
            assert found["rank"].tolist() == [2, 1]

        prove(examples, law, ABOUT, ABOUT, SECONDS, SECONDS)

    @EXAMPLES
    def test_a_late_complaint_passes_newer_ones_of_any_level_after_the_stated_days(self, examples):
        def law(old, new, extra, since):
            gap = days(priority.overtakes_after(old["urgency_level"], new["urgency_level"]))
            late = max(gap + extra + 1, days(1) - since)  # past its 24 hours, and older
            found = arrange(
                {**new, "created_at": ago(seconds=since)},
                {**old, "created_at": ago(seconds=since + late)},
            )
            assert found["rank"].tolist() == [2, 1]

        prove(examples, law, COMPLAINT, ABOUT, SECONDS, SECONDS)

    def test_the_stated_days(self):
        stated = {
            (low, high): priority.overtakes_after(low, high)
            for low, high in zip(ticket.LEVELS, ticket.LEVELS[1:], strict=False)
        }
        assert stated == {
            ("low", "normal"): 10,  # (2.5 - 0) / 0.25
            ("normal", "high"): 110,  # (30 - 2.5) / 0.25
            ("high", "critical"): 120,  # (60 - 30) / 0.25
        }


@EXAMPLES
def test_within_a_level_first_come_first_served_once_the_deadline_is_near(examples):
    """Three quarters of the 24 hours of a low or normal ticket of a common customer: 18 hours."""

    def law(rows, level):
        rows = [
            {
                **row,
                "urgency_level": level,
                "customer_tier": "",
                "created_at": ago(seconds=days(0.75) + since),
            }
            for row, since in rows
        ]
        ages = [since for since in (row["created_at"] for row in rows)]
        ranks = arrange(*rows)["rank"].tolist()
        first_come = sorted(range(len(rows)), key=lambda n: (ages[n], ranks[n]))
        assert sorted(range(len(rows)), key=ranks.__getitem__) == first_come

    some = st.lists(st.tuples(COMPLAINT, st.integers(0, days(2))), min_size=2, max_size=8)
    prove(examples, law, some, LEVEL)


def higher(values):
    """A pair (lower, higher) of entries of an ordered list."""
    return st.lists(st.sampled_from(values), min_size=2, max_size=2).map(
        lambda pair: sorted(pair, key=values.index)
    )


def larger(numbers):
    return st.lists(numbers, min_size=2, max_size=2).map(sorted)


RAISED = st.one_of(
    st.tuples(st.just("urgency_level"), higher(ticket.LEVELS)),
    st.tuples(st.just("emotion"), higher(ticket.EMOTIONS)),
    st.tuples(st.just("customer_tier"), higher(("", "plus", "vip"))),
    st.tuples(st.just("urgency"), larger(st.floats(0, 100))),
    st.tuples(st.just("order_value"), larger(st.floats(0, 1e9))),
    st.tuples(
        st.just("created_at"), larger(SECONDS).map(lambda pair: [ago(seconds=s) for s in pair])
    ),
)


class TestRaising:
    @EXAMPLES
    def test_raising_an_input_never_lowers_the_priority(self, examples):
        def law(row, raised):
            name, (low, high) = raised
            before = arrange({**row, name: low})["priority"][0]
            assert arrange({**row, name: high})["priority"][0] >= before

        prove(examples, law, TICKET, RAISED)

    @EXAMPLES
    def test_raising_a_count_or_the_time_used_up_never_lowers_the_points(self, examples):
        def law(name, low, more, used, urgency):
            inputs = one()._replace(used=np.full(2, used), urgency=np.full(2, urgency))
            found = priority.parts(inputs._replace(**{name: np.array([low, low + more])}))
            total = np.round(np.sum(list(found.values()), axis=0), 6)
            assert total[0] <= total[1]

        names = st.sampled_from(["repeats", "incident", "waited", "used", "complaint", "tier"])
        numbers = [st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 2), st.floats(0, 100)]
        prove(examples, law, names, *numbers)

    @pytest.mark.parametrize(
        "more",
        [
            {"urgency": 45.0},
            {"emotion": "angry"},
            {"order_value": 900.0},
            {"customer_tier": "vip"},
            {"customer_id": "A"},
            {"created_at": ago(hours=3)},
        ],
        ids=lambda more: next(iter(more)),
    )
    def test_each_input_counts(self, more):
        """Two like tickets two hours old, and one of customer A before them."""
        same = {"created_at": ago(hours=2), "order_value": 30.0, "currency": "USD"}
        earlier = {"customer_id": "A", "status": "closed", "created_at": ago(days=9)}
        found = arrange(same, {**same, **more}, earlier)
        assert found["priority"][1] > found["priority"][0]
        assert found["rank"].tolist()[:2] == [2, 1]


def one(**more):
    """Inputs of two tickets with nothing special about them."""
    zero = dict.fromkeys(priority.Inputs._fields, np.zeros(2))
    return priority.Inputs(**{**zero, **more})


class TestParts:
    @EXAMPLES
    def test_the_parts_shown_add_up_to_the_priority_shown(self, examples):
        def law(rows):
            found = arrange(*rows)
            for total, text in zip(found["priority"], found["priority_parts"], strict=True):
                shown = [term.rsplit(" ", 1) for term in text.split(" + ") if term]
                assert all(float(points) > 0 for _, points in shown)
                assert sum(float(points) for _, points in shown) == pytest.approx(round(total, 1))

        prove(examples, law, st.lists(TICKET, min_size=1, max_size=6))

    def test_closed_tickets_have_none(self):
        assert arrange({"status": "closed"})["priority_parts"].tolist() == [""]

    def test_by_hand(self):
        """Half an hour after a high ticket: 0.5 h of 4 h used, 1/6 of what is near."""
        high = {
            "urgency": 50.0,  # half of 8
            "urgency_level": "high",
            "emotion": "angry",  # 1.2
            "created_at": ago(minutes=30),
        }  # deadline (20 - 5.2) / 6 = 2.47
        assert arrange(high)["priority_parts"].tolist() == [
            "level 30.0 + complaint 1.0 + urgency 4.0 + emotion 1.2 + deadline 2.5"
        ]

    def test_all_but_waiting_reach_the_knee_at_most(self):
        top = one(
            level_points=np.full(2, 60.0),
            complaint=np.ones(2),
            urgency=np.full(2, 100.0),
            emotion_points=np.full(2, 1.5),
            value=np.full(2, 1e9),
            tier=np.ones(2),
            repeats=np.full(2, 1e9),
            incident=np.full(2, 1e9),
            used=np.array([0.0, 9.0]),
        )
        total = sum(priority.parts(top).values())
        assert total == pytest.approx([priority.KNEE] * 2)
        assert priority.KNEE == 81

    @EXAMPLES
    def test_the_scale_keeps_the_order(self, examples):
        def law(points, more):
            low, high = priority.scale(np.array([points, points + more]))
            assert 0 <= low < high < 100

        prove(examples, law, st.floats(0, 1e5), st.floats(0.001, 1e5))

    def test_waiting_is_shown_as_the_scale_leaves_it(self):
        points = {"level": np.array([60.0]), "deadline": np.array([21.0]), "waiting": [19.0]}
        points["waiting"] = np.array(points["waiting"])
        shown = in_words(points, priority.scale(np.array([100.0])), np.array([True]))
        assert list(shown) == ["level 60.0 + deadline 21.0 + waiting 9.5"]


class TestBetweenKinds:
    def test_old_praise_stays_behind_new_danger(self):
        """20 points and 160 days / 4 = 60, against 60 + 1 and a little urgency."""
        praise = {
            "category": "other",
            "reason": "praise",
            "urgency_level": "low",
            "urgency": 2.0,
            "created_at": ago(days=160),
        }
        answered = {"first_response_at": ago(minutes=1), "created_at": ago(minutes=2)}
        danger = {"urgency": 76.0, "urgency_level": "critical"}
        assert arrange(praise, danger, {**danger, **answered})["rank"].tolist() == [3, 1, 2]

    @EXAMPLES
    def test_no_late_ticket_lets_a_calm_one_pass_that_came_two_weeks_later(self, examples):
        """What `replay` counts as starving."""

        def law(old, new, extra, since):
            found = arrange(
                {**new, "created_at": ago(seconds=since)},
                {**old, "created_at": ago(seconds=since + days(14) + extra)},
            )
            assert found["rank"].tolist() == [2, 1]

        running = ABOUT.map(lambda about: {**about, "status": "open"})
        calm = running.filter(lambda about: about["urgency_level"] in {"low", "normal"})
        prove(examples, law, running, calm, SECONDS.map(lambda s: s + 1), SECONDS)

    def test_danger_goes_before_money(self):
        most = {
            "urgency": 74.0,
            "urgency_level": "high",
            "emotion": "distressed",
            "order_value": 1e6,
            "currency": "USD",
            "customer_tier": "vip",
            "created_at": ago(days=20),
        }
        danger = {"urgency": 75.0, "urgency_level": "critical", "created_at": ago(minutes=1)}
        assert arrange(most, danger)["rank"].tolist() == [2, 1]
