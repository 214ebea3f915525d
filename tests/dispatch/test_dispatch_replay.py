"""Replay: who is at work, who is next under each order, what the numbers say."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import dispatch, ticket
from pipeline.dispatch import replay_numbers as figures
from pipeline.dispatch.disciplines import POLICIES, Standing, queue
from pipeline.dispatch.replay_command import Staff, arrivals_of, compare
from pipeline.dispatch.replaying import Arrivals, handling_time, replay
from pipeline.dispatch.staffing import (
    Group,
    Hours,
    parse_agents,
    parse_days,
    parse_hours,
    share_out,
)
from pipeline.errors import PipelineError, RulesError
from pipeline.rules import languages
from tests.dispatch.helpers import NOW, SHIPPED, tickets

HOUR = 3600.0
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
EVERY_DAY = range(7)


def hours(text="0-24", days=EVERY_DAY, where="UTC", since=MONDAY):
    return Hours(parse_hours([text], [])[""], days, ZoneInfo(where), since.timestamp())


def at(text):
    return datetime.fromisoformat(text).timestamp()


class TestHours:
    @pytest.mark.parametrize(
        ("text", "where", "moment", "opens"),
        [
            ("9-18", "UTC", "2026-11-16T08:00+00:00", "2026-11-16T09:00+00:00"),
            ("9-18", "UTC", "2026-11-16T12:00+00:00", "2026-11-16T12:00+00:00"),
            ("9-18", "UTC", "2026-11-16T18:00+00:00", "2026-11-17T09:00+00:00"),
            ("9-12,13-18", "UTC", "2026-11-16T12:30+00:00", "2026-11-16T13:00+00:00"),
            ("22-6", "UTC", "2026-11-16T07:00+00:00", "2026-11-16T22:00+00:00"),
            ("22-6", "UTC", "2026-11-17T05:00+00:00", "2026-11-17T05:00+00:00"),
            ("0-24", "UTC", "2026-11-16T23:59:59+00:00", "2026-11-16T23:59:59+00:00"),
            ("9-18", "Asia/Shanghai", "2026-11-16T00:00+00:00", "2026-11-16T01:00+00:00"),
            # The clocks go back on the 25th of October: nine o'clock is an hour later in UTC.
            ("9-18", "Europe/Berlin", "2026-10-24T20:00+00:00", "2026-10-25T08:00+00:00"),
        ],
    )
    def test_opening(self, text, where, moment, opens):
        since = datetime.fromisoformat(moment)
        assert hours(text, where=where, since=since).opening(at(moment)) == at(opens)

    def test_weekends_off(self):
        friday_evening = "2026-11-20T19:00+00:00"
        found = hours("9-18", days=parse_days("mon-fri"))
        assert found.opening(at(friday_evening)) == at("2026-11-23T09:00+00:00")
        assert found.per_week == 45

    @pytest.mark.parametrize("text", ["9", "18-18", "25-26", "9-12,11-13", "nine-six", "9:75-10"])
    def test_what_is_no_period_is_refused(self, text):
        with pytest.raises(PipelineError, match="period"):
            parse_hours([text], [])

    def test_one_team_may_have_its_own(self):
        found = parse_hours(["9-18", "night=22-6"], ["night"])
        assert found["night"] == ((0, 360), (1320, 1440))
        with pytest.raises(RulesError, match="Did you mean 'night'"):
            parse_hours(["nigth=22-6"], ["night"])

    def test_days_may_go_over_the_weekend(self):
        assert parse_days("sat-mon") == [0, 5, 6]
        with pytest.raises(RulesError, match="unknown day"):
            parse_days("someday")


class TestAgents:
    def test_fewer_agents_than_teams_are_one_team(self):
        assert share_out(1, {"a": 1.0, "b": 1.0}) == [Group("everybody", None, 1)]

    @pytest.mark.parametrize("text", ["", "many", "a=", "a=two", "a=²"])
    def test_what_is_no_number_is_refused(self, text):
        with pytest.raises(PipelineError, match="--agents must be"):
            parse_agents([text], ["a"])

    @pytest.mark.parametrize("number", ["0", "-1", "10001", "9" * 5000])
    @pytest.mark.parametrize("team", ["", "a="])
    def test_a_number_is_one_at_least_and_ten_thousand_at_most(self, team, number):
        with pytest.raises(PipelineError, match="at least 1 and at most 10,000"):
            parse_agents([team + number], ["a"])
        assert parse_agents(["10000"], ["a"]) == 10_000

    @pytest.mark.parametrize("parts", [["12", "a=2"], ["a=2,12"], ["12", "13"]])
    def test_a_number_for_all_stands_alone(self, parts):
        with pytest.raises(PipelineError, match=r"12 is a number for all teams and cannot stand"):
            parse_agents(parts, ["a"])

    def test_an_unknown_language_is_named(self):
        with pytest.raises(RulesError, match=r"--agents a:xx=3: unknown language 'xx'\. Known"):
            parse_agents(["a:xx=3"], ["a"], languages.load())
        assert parse_agents(["a:zh+ja=3"], ["a"], languages.load())

    def test_an_unknown_team_is_named(self):
        with pytest.raises(RulesError, match="unknown team 'b'"):
            parse_agents(["b=2"], ["a"])

    def test_languages_take_their_variants(self):
        (group,) = parse_agents(["a:ZH+ja=2"], ["a"])
        assert [group.reads(tag) for tag in ("zh-Hans", "zh-Hant", "ja", "en")] == [
            True,
            True,
            True,
            False,
        ]


ONE = (Group("desk", None, 1),)


def arrivals(*rows, service=HOUR, epoch=MONDAY):
    """Tickets of one team: hours of arrival and deadline, level 0..3, language."""
    whole = [row if len(row) == 4 else (*row, "en") for row in rows]
    created, due, level, language = (np.array(column) for column in zip(*whole, strict=True))
    points = np.array([0.0, 2.5, 30.0, 60.0])
    standing = Standing(
        created * HOUR, due * HOUR, level.astype(float), points[level] + 1, np.zeros(len(rows))
    )
    size = len(rows)
    return Arrivals(
        standing,
        np.full(size, "desk", object),
        language.astype(object),
        np.full(size, service),
        epoch.timestamp(),
    )


def answered(found, policy, *, text="0-24", groups=ONE):
    """Hours after the start at which each ticket is answered."""
    return (replay(found, groups, {"desk": hours(text)}, policy) / HOUR).tolist()


class TestReplay:
    #: One agent, an hour a ticket. At 0 a low ticket starts; the others wait at 1 o'clock.
    #: (arrival, deadline, level): a low one due at 24, a normal one at 5, a critical one at 1.7.
    DAY = ((0.0, 24.0, 0), (0.1, 24.1, 0), (0.5, 5.0, 1), (0.7, 1.7, 3))

    @pytest.mark.parametrize(
        ("policy", "expected"),
        [
            ("fifo", [1, 2, 3, 4]),
            ("level", [1, 4, 3, 2]),
            ("edf", [1, 4, 3, 2]),
            ("ours", [1, 4, 3, 2]),
        ],
    )
    def test_the_order_by_hand(self, policy, expected):
        assert answered(arrivals(*self.DAY), policy) == expected

    @pytest.mark.parametrize("policy", POLICIES)
    def test_nobody_answers_at_night_but_finishes_what_was_begun(self, policy):
        day = arrivals((8.0, 32.0, 1), (17.5, 41.5, 1), (17.6, 41.6, 1))
        assert answered(day, policy, text="9-18") == [10, 18.5, 34]

    def test_two_agents_share_the_work(self):
        found = arrivals((0.0, 9.0, 0), (0.0, 9.0, 0), (0.0, 9.0, 0))
        assert answered(found, "fifo", groups=[Group("desk", None, 2)]) == [1, 1, 2]

    def test_who_cannot_read_it_does_not_take_it(self):
        found = arrivals((0.0, 9.0, 0, "ja"), (0.0, 9.0, 0, "en"), (0.0, 9.0, 0, "th"))
        groups = [Group("desk", frozenset({"en"}), 1), Group("desk", frozenset({"ja", "en"}), 1)]
        assert answered(found, "ours", groups=groups)[:2] == [1, 1]
        assert np.isnan(answered(found, "ours", groups=groups)[2])

    def test_an_agent_takes_the_first_of_all_that_he_reads(self):
        """He who reads both is busy until 1 with English; then the critical Japanese one."""
        found = arrivals((0.0, 9.0, 0), (0.5, 24.0, 0), (0.6, 1.6, 3, "ja"))
        groups = [Group("desk", frozenset({"en", "ja"}), 1)]
        assert answered(found, "ours", groups=groups) == [1, 3, 2]

    def test_every_ticket_is_answered_once_whatever_the_order(self):
        random = np.random.default_rng(1)
        created = np.sort(random.uniform(0, 300, 200))
        rows = [(hour, hour + 24, int(random.integers(0, 4))) for hour in created]
        found = arrivals(*rows)
        ends = [sorted(answered(found, policy, text="9-18")) for policy in POLICIES]
        assert all(end == pytest.approx(ends[0]) for end in ends)  # busy at the same times
        assert len(set(np.round(ends[0], 6))) == 200


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 40 * 86_400),
            st.sampled_from(ticket.LEVELS),
            st.sampled_from(["delayed", "praise"]),
            st.floats(0, 100),
            st.sampled_from(["", "vip"]),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_the_queue_of_the_replay_is_that_of_classify(rows):
    """Put into the queue as they came, taken out now: the ranks that `arrange` gives."""
    frame = assigned(
        *(
            {
                "created_at": (NOW - timedelta(seconds=age)).isoformat(),
                "urgency_level": level,
                "category": "other" if reason == "praise" else "logistics",
                "reason": reason,
                "urgency": urgency,
                "customer_tier": tier,
            }
            for age, level, reason, urgency, tier in sorted(rows, reverse=True)
        )
    )
    ranks = dispatch.arrange(frame[list(dispatch.NARROW)], SHIPPED, now=NOW)["rank"].tolist()
    found = arrivals_of(frame, SHIPPED, np.ones(len(frame)))
    waiting = queue("ours", found.standing)
    now = NOW.timestamp() - found.epoch
    for row, created in enumerate(found.standing.created):
        waiting.put(row, float(created))
        assert waiting.first(float(created)) is not None
    taken = [waiting.take(now) for _ in rows]
    # Who came in the same second goes by row here, by ticket_id there.
    first = [(frame["created_at"][row], ranks[row]) for row in taken]
    assert [ranks[row] for row in taken] == list(range(1, len(rows) + 1)) or len(
        {moment for moment, _ in first}
    ) < len(first)


def assigned(*rows):
    frame = tickets(*rows)
    return dispatch.assign(
        frame.drop(columns=["first_response_due_at", "sla_state"]), SHIPPED, now=NOW
    )


class TestNumbers:
    #: Answered fifo at 1, 2, 3, 4: the critical one (due at 1.7) is late, no other is.
    FOUND = arrivals(*TestReplay.DAY)
    FIFO = np.array([1.0, 2.0, 3.0, 4.0]) * HOUR

    def test_by_hand(self):
        found = figures.numbers(self.FOUND, self.FIFO)
        assert found["late_critical_high"] == 1
        assert found["late_by_level"]["critical"] == {"late": 1, "of": 1}
        assert found["late_by_level"]["low"] == {"late": 0, "of": 2}
        assert found["within_24h"] == 1.0
        assert found["longest_wait_h"] == 3.3  # 4 - 0.7
        assert found["p50_first_response_h"] == 2.5  # of 1, 1.9, 2.5, 3.3
        assert found["by_language"]["en"]["tickets"] == 4

    def test_who_is_never_answered_is_late_and_waits_for_ever(self):
        found = figures.numbers(self.FOUND, np.array([1.0, np.nan, np.nan, np.nan]) * HOUR)
        assert found["nobody_reads"] == 3
        assert found["late_critical_high"] == 1
        assert found["within_24h"] == 0.25
        assert found["p90_first_response_h"] is None

    def test_starving_is_to_be_passed_by_who_came_two_weeks_later(self):
        weeks = 7 * 24.0
        found = arrivals((0.0, 24.0, 0), (weeks, weeks + 24, 0), (2 * weeks, 2 * weeks + 24, 1))
        last_first = np.array([9, 8, 2.5]) * weeks * HOUR
        assert figures.starving(found, last_first).tolist() == [True, False, False]
        in_turn = np.array([2.2, 2.3, 2.5]) * weeks * HOUR
        assert not figures.starving(found, in_turn).any()

    def test_agents_needed(self):
        """Four tickets at once, an hour each, due after two hours: two agents make all."""
        found = arrivals(*[(0.0, 2.0, 0)] * 4)
        needed = figures.agents_needed(found, [Group("desk", None, 1)], {"desk": hours()})
        assert needed == {"desk": {"tickets": 4, "agents": 1, "needs": 2, "at_most": 1.0}}

    def test_no_number_of_agents_helps_against_the_night(self):
        found = arrivals((20.0, 21.0, 3), (10.0, 12.0, 3))
        needed = figures.agents_needed(found, [Group("desk", None, 1)], {"desk": hours("9-18")})
        assert needed["desk"]["needs"] is None
        assert needed["desk"]["at_most"] == 0.5


class TestHandlingTime:
    def frame(self, count):
        minutes = pd.Series(range(count)) * 6
        return pd.DataFrame(
            {
                "agent": ["Ana"] * count,
                "first_response_at": pd.Timestamp(NOW) + pd.to_timedelta(minutes, unit="min"),
            }
        )

    def test_given_beats_found_beats_assumed(self):
        assert handling_time(self.frame(200), 4.0)[0] == 240
        assert handling_time(self.frame(200), None)[0] == 360  # six minutes apart
        assert handling_time(self.frame(20), None)[0] == 600  # 19 answers are too few

    def test_pauses_and_other_agents_do_not_count(self):
        frame = self.frame(300)
        frame["agent"] = ["Ana", "王"] * 150  # each answers every twelve minutes
        frame.loc[200:, "first_response_at"] += pd.Timedelta(days=1)
        assert handling_time(frame, None)[0] == 720


class TestCompare:
    def found(self, **more):
        rows = [
            {
                "created_at": (NOW - timedelta(hours=90 - n)).isoformat(),
                "urgency_level": ticket.LEVELS[n % 4],
                "customer_id": f"顾客{n % 5}",
                "category": ["logistics", "policy"][n % 2],
                "reason": ["delayed", "warranty"][n % 2],
            }
            for n in range(80)
        ]
        staff = Staff(**{"agents": ["3"], "hours": ["9-18"], "minutes": 30.0, **more})
        return compare(assigned(*rows), SHIPPED, staff)

    def test_the_names_of_the_contract(self):
        found = self.found()
        assert list(found["policies"]) == ["fifo", "level", "edf", "ours"]
        for one in found["policies"].values():
            assert {
                "late_critical_high",
                "within_24h",
                "p50_first_response_h",
                "p90_first_response_h",
                "longest_wait_h",
            } <= set(one)
        assert sum(one["agents"] for one in found["staff"]) == 3

    def test_an_unknown_zone_names_the_nearest(self):
        with pytest.raises(RulesError) as error:
            self.found(timezone="Asia/Tokio")
        assert "--timezone: unknown timezone 'Asia/Tokio'. Did you mean 'Asia/Tokyo', " in str(
            error.value
        )

    def test_too_few_agents_for_teams_serve_all(self):
        assert [one["team"] for one in self.found(agents=["1"])["staff"]] == ["everybody"]

    def test_teams_without_agents_are_told(self):
        found = self.found(agents=["escalation_desk=2"])
        assert found["teams_without_agents"] == ["logistics_desk", "policy_desk"]
        assert found["policies"]["ours"]["nobody_reads"] == 60  # all but the critical ones


class TestAgainstTheOthers:
    """Six weeks of a desk that is short of hands, one ticket in six high or critical."""

    def crowded(self, seed):
        random = np.random.default_rng(seed)
        created = np.sort(random.uniform(0, 6 * 7 * 24, 700))
        levels = random.choice(4, 700, p=[0.5, 0.33, 0.12, 0.05])
        allowed = np.array([24.0, 24.0, 4.0, 1.0])[levels]
        rows = zip(created.tolist(), (created + allowed).tolist(), levels.tolist(), strict=True)
        return arrivals(*rows, service=HOUR / 2)

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("agents", [1, 2, 3])
    def test_no_more_urgent_tickets_are_late_and_none_starves(self, seed, agents):
        found = self.crowded(seed)
        groups = [Group("desk", None, agents)]
        one = {
            policy: figures.numbers(found, replay(found, groups, {"desk": hours("9-18")}, policy))
            for policy in POLICIES
        }
        late = {policy: numbers["late_critical_high"] for policy, numbers in one.items()}
        assert late["ours"] <= min(late.values())
        assert one["ours"]["starving"] == 0
