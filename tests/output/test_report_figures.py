"""What the report counts and concludes, checked by hand."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import ticket
from pipeline.output import layout
from pipeline.output.batches import to_batch
from pipeline.output.report import charts, forecast, tickets, views, weeks, words, worries
from pipeline.output.report.figures import OLDEST, Figures
from pipeline.output.report.head import Head
from pipeline.rules import load as rules_load

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _batch(*rows: dict) -> pa.RecordBatch:
    """Tickets with these cells; all others are empty."""
    columns = {}
    for column in ticket.COLUMNS:
        values = [row.get(column.name) for row in rows]
        if column.dtype == "bool":
            columns[column.name] = pa.array([bool(value) for value in values])
        else:
            kind = layout.arrow_type(column.name)
            empty = "" if column.dtype == "str" else None
            filled = [empty if value is None else value for value in values]
            columns[column.name] = pa.array(filled, kind)
    return pa.RecordBatch.from_pydict(columns)


def _waiting(team: str, hours: float, **cells: object) -> dict:
    """An open ticket due in so many hours."""
    created = NOW - timedelta(days=1)
    due = NOW + hours * HOUR
    return {
        "team": team, "status": "open", "sla_state": "running", "urgency_level": "normal",
        "created_at": created, "first_response_due_at": due, **cells,
    }  # fmt: skip


def test_counts_are_the_same_however_the_batches_are_cut(tickets, arranged):
    frame = pd.concat([tickets(60), arranged(tickets(60))], axis=1)
    frame = frame.drop(columns="_text_key")
    whole, parts = Figures(NOW), Figures(NOW)
    whole.add(to_batch(frame))
    for start in range(0, 60, 7):
        parts.add(to_batch(frame.iloc[start : start + 7]))
    assert whole.crosses == parts.crosses
    assert whole.gaps == parts.gaps
    assert whole.newest == parts.newest
    assert sum(whole.crosses["country"].values()) == 60


def test_only_open_tickets_that_wait_for_us_can_be_late():
    figures = Figures(NOW)
    figures.add(
        _batch(
            _waiting("a", -1),
            _waiting("a", 2.5),
            _waiting("a", 47.9),
            _waiting("a", 48.1),
            _waiting("a", 1, sla_state="met"),
            _waiting("a", 1, sla_state="paused"),
            _waiting("a", 1, status="closed"),
        )
    )
    (found,) = forecast.outlooks(figures.crosses, youngest=0)
    assert (found.waiting, found.late_now, found.later) == (4, 1, 1)
    assert found.due == (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
    assert found.pace is None
    assert found.late_24 is None


def test_tiles_count_late_solutions_too():
    """One first answer and one solution are late, one of each is due in 24 h; nobody owes one."""
    rows = [
        {"status": status, "next_step": step, "next_step_due_at": NOW + hours * HOUR}
        for status, step, hours in (
            ("open", "first_response", -1),
            ("open", "resolution", -0.1),
            ("open", "first_response", 0),
            ("pending", "resolution", 23.9),
            ("open", "resolution", 24.1),
            ("closed", "resolution", -5),
        )
    ]
    figures = Figures(NOW)
    figures.add(_batch(*rows, {"status": "open", "next_step": "customer_reply"}))
    counts = {"stage": dict.fromkeys(("accepted", "open", "review", "followup", "rejected"), 0)}
    tiles = views._tiles({"counts": counts, "incidents": {"count": 0}}, figures)
    assert [(name, n) for name, n, *_ in tiles[2:4]] == [("tile_late", 2), ("tile_due", 2)]


def _outlook(team: str, *late: int | None) -> forecast.Outlook:
    pace = None if late[1] is None else 1.0
    return forecast.Outlook(team, 9, late[0] or 0, (1,) * 12, 0, pace, 1.0, late[1], late[2])


def test_who_gets_worse_is_named_before_who_has_most():
    a, b, c, d = (
        _outlook("a", 50, 40, 30), _outlook("b", 20, 20, 9), _outlook("c", 9, 8, 7),
        _outlook("d", 1, 3, 5),
    )  # fmt: skip
    found = worries.worries([a, b, c, d])
    assert found[:2] == [("answer_all_late", (4,)), ("answer_worse", (1,))]
    assert found[2] == ("answer_late_worse", (words.Key("team.d"), 3, 5, 1))
    assert [arguments[0].name for _, arguments in found[3:]] == ["team.a", "team.b"]
    found = worries.worries([a, b, _outlook("e", 0, 0, 0)])
    assert found[:2] == [("answer_some_late", (2, 3)), ("answer_none_worse", ())]
    assert worries.worries([_outlook("e", 0, 0, 0)]) == [("answer_on_time", ())]
    (only,) = worries.worries([_outlook("a", 7, None, None), _outlook("b", 0, None, None)])
    assert only == ("answer_late_now", (words.Key("team.a"), 7, 6))


def test_forecast_by_hand():
    """14 answers in seven days are 2 a day; 7 tickets in seven days, all with 24 h, are 1 a day."""
    answered = [
        {"team": "a", "status": "closed", "first_response_at": NOW - (1 + 12 * n) * HOUR}
        for n in range(14)
    ]
    waiting = [
        {**_waiting("a", 0), "created_at": NOW - (1 + 24 * n) * HOUR,
         "first_response_due_at": NOW + (23 - 24 * n) * HOUR}
        for n in range(7)
    ]  # fmt: skip
    figures = Figures(NOW)
    figures.add(_batch(*answered, *waiting))
    (found,) = forecast.outlooks(figures.crosses, youngest=0)
    assert (found.waiting, found.late_now, found.pace) == (7, 6, 2.0)
    assert found.incoming == pytest.approx(1.0)
    # 24 h: 7 are due, none of the new ones, 2 are answered; 48 h: 7 + 1 new, 4 are answered
    assert (found.late_24, found.late_48) == (5, 4)


@given(
    due=st.lists(st.integers(0, 50), min_size=50, max_size=50),
    rate=st.floats(0, 10),
    allowed=st.integers(0, 48),
    pace=st.floats(0, 50),
)
def test_a_faster_team_is_never_later_and_more_work_never_earlier(due, rate, allowed, pace):
    late = forecast.late(24, due, {allowed: rate}, pace)
    assert 0 <= forecast.late(24, due, {allowed: rate}, pace + 1) <= late
    assert late <= forecast.late(24, due, {allowed: rate + 1}, pace)
    assert late <= forecast.late(24, [one + 1 for one in due], {allowed: rate}, pace)


def test_an_old_export_has_its_own_week():
    """The newest ticket is 10 days old: this week ends there, and no pace is lost."""
    rows = [
        {"created_at": NOW - timedelta(days=10 + n, hours=1), "reason": "lost"} for n in range(14)
    ]
    figures = Figures(NOW)
    figures.add(_batch(*rows))
    assert figures.youngest == 10
    (change,) = weeks.changes(figures.crosses["age_reason"], youngest=figures.youngest)
    assert (change.now, change.before, change.days[-1]) == (7, 7, 1)


def test_growth_of_everything_is_no_news():
    """All doubled: nothing rose more than the rest. One tripled on top of it: that one did."""
    cross = Counter({(0, f"r{n}"): 60 for n in range(10)} | {(7, f"r{n}"): 30 for n in range(10)})
    assert not any(one.rose or one.fell for one in weeks.changes(cross, youngest=0))
    cross[0, "new"], cross[7, "new"] = 90, 10
    first, *others = weeks.changes(cross, youngest=0)
    assert (first.name, first.rose) == ("new", True)
    assert not any(one.rose for one in others)


def test_times_that_are_missing_or_absurd_count_without_a_date():
    figures = Figures(NOW)
    figures.add(_batch({"reason": "lost"}, {"created_at": NOW + timedelta(days=3)}))
    assert figures.later == 1
    assert figures.gaps["created_at"] == 1
    assert figures.youngest == 0
    figures.add(_batch({"created_at": datetime(1990, 1, 1, tzinfo=UTC), "reason": "x"}))
    assert (OLDEST, "x") in figures.crosses["age_reason"]


def test_a_stranger_cannot_fill_the_memory_with_names():
    figures = Figures(NOW)
    for start in range(0, 120_000, 20_000):
        figures.add(_batch(*({"country": f"c{n}"} for n in range(start, start + 20_000))))
    assert len(figures.crosses["country"]) <= 50_001
    assert sum(figures.crosses["country"].values()) == 120_000
    assert figures.crosses["country"]["(others)", 0] == 70_000


def test_head_has_the_first_of_the_queue_and_of_each_team():
    head = Head(3, each_team=2)
    rows = [{"rank": n, "team": "a" if n < 9 else "b", "text": f"t{n}"} for n in range(1, 13)]
    rows.append({"team": "b", "text": "closed"})
    shuffled = [rows[(5 * n) % 13] for n in range(13)]
    for start in range(0, 13, 4):
        head.add(_batch(*shuffled[start : start + 4]))
    assert head.tickets().column("rank").to_pylist() == [1, 2, 3, 4, 5, 9, 10]


def test_head_of_nothing_and_without_tickets():
    assert Head(10).tickets().num_rows == 0
    head = Head(0)
    head.add(_batch({"rank": 1, "team": "a"}))
    assert head.tickets().num_rows == 0


def test_long_texts_are_cut_and_say_how_long_they_were():
    head = Head(5)
    head.add(_batch({"rank": 1, "text": "坏" * 300_000, "ticket_id": "x" * 5_000}))
    (row,) = head.tickets().to_pylist()
    assert (len(row["text"]), row["_length"], len(row["ticket_id"])) == (1_500, 300_000, 300)


@given(st.text())
def test_no_text_ends_the_element_that_holds_it(text):
    found = tickets.to_json({"text": text, "n": [1, None]})
    assert not re.search(r"[<>&\u2028\u2029]", found)
    import json

    assert json.loads(found) == {"text": text, "n": [1, None]}


def test_shares_of_bars_and_small_ones_together():
    found = views.bars({f"r{n:02d}": 1 for n in range(30)} | {"": 20})
    assert found[0] == ("", 20, 0.4, 1.0)
    assert found[-1] == ("(others)", 19, 0.38, 0.95)
    assert sum(bar.size for bar in found) == 50
    assert views.bars({}) == []


def test_others_are_drawn_to_scale():
    """The rest is 30 of 70: the longest bar, with the named ones a third of it or less."""
    found = views.bars({f"r{n:02d}": 10 for n in range(4)} | {"(others)": 30})
    assert [round(bar.width, 3) for bar in found] == [0.333] * 4 + [1.0]


def test_signs_that_turn_text_round_are_not_on_the_page():
    head = Head(5)
    head.add(_batch({"rank": 1, "text": "\u202egnp.exe\u202c عربي", "ticket_id": "\u2067T1"}))
    (row,) = head.tickets().to_pylist()
    assert (row["text"], row["_length"], row["ticket_id"]) == ("gnp.exe عربي", 12, "T1")


def test_charts_are_shapes_only():
    drawn = charts.stacked([("2026-11-21", [2, 0, 1]), ("2026-11-22", [0, 0, 0])])
    assert "<title>2026-11-21 · 3</title>" in drawn
    assert drawn.count('class="c0"') == 1
    for one in (drawn, charts.bar(2.0), charts.columns([]), charts.line([0, 0])):
        assert one.startswith("<svg")
        assert "style=" not in one


# --- words ------------------------------------------------------------------------------------


def test_both_languages_say_everything_with_the_same_places():
    found = words.dictionary(rules_load.load())
    assert set(found["en"]) == set(found["zh-Hans"])
    for key, text in found["en"].items():
        other = found["zh-Hans"][key]
        places = [sorted(re.findall(r"\{\d\}", one)) for one in (text, other)]
        assert text, key
        assert other, key
        assert set(places[0]) == set(places[1]), key


def test_every_value_of_the_vocabulary_has_a_name():
    found = words.dictionary(rules_load.load())["zh-Hans"]
    values = {
        "category": ticket.CATEGORIES,
        "level": ticket.LEVELS,
        "state": ticket.SLA_STATES,
        "emotion": ticket.EMOTIONS,
        "status": (*ticket.OPEN_STATES, *ticket.CLOSED_STATES),
        "review_reason": ticket.REVIEW_REASONS,
        "reason": [reason for group in ticket.REASONS.values() for reason in group],
        "step": (*ticket.STEPS, "customer_reply"),
    }
    for kind, names in values.items():
        for name in names:
            assert f"{kind}.{name}" in found


def test_every_part_of_a_priority_has_a_name():
    from pipeline.dispatch import priority

    found = words.dictionary()["en"]
    for name in (*priority.CONSEQUENCE, "level", "complaint", "deadline", "waiting"):
        assert f"part.{name}" in found


def test_sentences_of_the_tables_are_translated_word_for_word():
    rules = rules_load.load()
    found = words.dictionary()["en"]
    for name, action in rules.actions.by_reason.items():
        assert found[f"action.{name}"] == action.en
    for name, ask in rules.actions.asks.items():
        assert found[f"ask.{name}"] == ask.en
    for rule in rules.routing.rules:
        assert found.get(f"rule.{rule.id}", "") == rule.note


def test_page_and_script_use_only_words_that_exist():
    folder = words.Path(words.__file__).parent
    used = set(
        re.findall(r'\b(?:w|t|label)\("(\w+[a-z\d])"', (folder / "page.html").read_text("utf-8"))
    )
    script = (folder / "page.js").read_text("utf-8")
    used |= set(re.findall(r'\b(?:say|term|block)\("([\w.]+)"', script))
    assert used - set(words.dictionary()["en"]) == set()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((1234, "b"), "1,234 and b"),
        (("{1}", "{0}"), "{1} and {0}"),
        ((words.Key("team.x"), words.Key("team.y")), "desk and y"),
    ],
)
def test_say(given, said):
    assert words.say({"s": "{0} and {1}", "team.x": "desk"}, "s", *given) == said
