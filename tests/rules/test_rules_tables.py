"""Every mistake in a table is named with its place and the nearest valid name."""

import pickle
import shutil
from pathlib import Path

import pytest

from pipeline.errors import RulesError
from pipeline.rules import actions, calendars, load, reasons, routing, screening, sla
from pipeline.rules.tables import SHIPPED, Table
from pipeline.ticket import REASONS

TEAM = {"desk": {"en": "desk", "zh": "组", "languages": "any"}}
LAST = {"id": "rest", "team": "desk"}


def route(*rules, teams=TEAM, **more):
    return routing.parse(Table(Path("routing.toml"), {"teams": teams, "rule": [*rules], **more}))


def sla_table(**changes):
    content = {
        "default": "p",
        "policy": {
            "p": {"first_response": dict.fromkeys(("critical", "high", "normal", "low"), 60)}
        },
        **changes,
    }
    return sla.parse(Table(Path("sla.toml"), content))


def calendar(**changes):
    content = {"timezone": "UTC", "hours": {"mon": "09:00-17:00"}, **changes}
    return sla_table(calendar={"c": content}).calendars["c"]


class TestRouting:
    @pytest.mark.parametrize(
        ("rule", "message"),
        [
            ({"id": "a", "team": "desk", "when": {"categry": "policy"}}, "Did you mean 'category'"),
            ({"id": "a", "team": "desk", "when": {"category": "polcy"}}, "Did you mean 'policy'"),
            ({"id": "a", "team": "dest", "when": {}}, "Did you mean 'desk'"),
            ({"id": "a", "team": "desk", "wen": {}}, "Did you mean 'when'"),
            ({"id": "a"}, "'team' is missing"),
            ({"team": "desk"}, "rule 1: 'id' is missing"),
            ({"id": "a", "team": "desk", "when": {"min_order_value": "much"}}, "must be a number"),
            ({"id": "a", "team": "desk", "when": {"needs_review": 1}}, "must be true or false"),
            ({"id": "a", "team": "desk", "when": {"level": []}}, "a text or a list of texts"),
            ({"id": "rest", "team": "desk", "when": {"level": "low"}}, "'rest' is used twice"),
        ],
    )
    def test_a_wrong_rule_is_named(self, rule, message):
        with pytest.raises(RulesError, match=r"routing\.toml") as error:
            route(rule, LAST)
        assert message in str(error.value)

    def test_the_last_rule_must_have_no_condition(self):
        with pytest.raises(RulesError, match="it has conditions"):
            route({"id": "a", "team": "desk", "when": {"level": "low"}})

    def test_the_last_team_must_read_every_language(self):
        teams = {"desk": {"en": "desk", "zh": "组", "languages": ["zh", "en"]}}
        with pytest.raises(RulesError, match='does not read "any" language'):
            route(LAST, teams=teams)

    def test_own_labels_can_be_declared(self):
        rule = {"id": "a", "team": "desk", "when": {"category": "billing"}}
        found = route(rule, LAST, labels={"category": ["billing"]})
        assert found.rules[0].conditions[0].values == ("billing",)

    def test_a_tier_weighs_one_at_most(self):
        with pytest.raises(RulesError, match="from 0 to 1"):
            route(LAST, tiers={"vip": 2})

    @pytest.mark.parametrize(
        ("first", "second", "unreachable"),
        [
            ({"category": "policy"}, {"category": "policy", "level": "high"}, True),
            ({"category": "policy"}, {"reason": "warranty"}, True),
            ({"category": ["policy", "quality"]}, {"category": "quality"}, True),
            ({"min_order_value": 100}, {"min_order_value": 200}, True),
            ({"language": "zh"}, {"language": "zh-Hant"}, True),
            ({"needs_review": True}, {"review_reason": "suspicious"}, True),
            ({"category": "policy", "level": "high"}, {"category": "policy"}, False),
            ({"category": "policy"}, {"reason": ["warranty", "delayed"]}, False),
            ({"min_order_value": 200}, {"min_order_value": 100}, False),
            ({"language": "zh-Hant"}, {"language": "zh"}, False),
            ({"max_confidence": 0.4}, {"min_confidence": 0.4}, False),
        ],
    )
    def test_unreachable_rules_are_found(self, first, second, unreachable):
        rules = [
            {"id": "one", "team": "desk", "when": first},
            {"id": "two", "team": "desk", "when": second},
        ]
        problems = routing.problems(route(*rules, LAST))
        assert [("'two' is never reached" in problem) for problem in problems] == [
            True
        ] * unreachable

    def test_a_team_that_reads_little_hides_no_rule(self):
        teams = {**TEAM, "zh": {"en": "zh", "zh": "中文组", "languages": ["zh"]}}
        rules = [
            {"id": "one", "team": "zh", "when": {"category": "policy"}},
            {"id": "two", "team": "desk", "when": {"category": "policy"}},
        ]
        assert routing.problems(route(*rules, LAST, teams=teams)) == []

    def test_contradictions_and_idle_teams_are_found(self):
        rule = {"id": "a", "team": "desk", "when": {"category": "policy", "reason": "lost"}}
        teams = {**TEAM, "idle": {"en": "idle", "zh": "闲"}}
        problems = routing.problems(route(rule, LAST, teams=teams))
        assert len(problems) == 2
        assert "exclude each other" in problems[0]
        assert "'idle' gets no ticket" in problems[1]


class TestSla:
    @pytest.mark.parametrize("bad", ["4", "soon", "0 h", -1, 0, 1.5, True, "4 weeks", None])
    def test_a_time_must_be_a_positive_duration(self, bad):
        with pytest.raises(RulesError, match="such as '15 min'"):
            sla.seconds(bad, where="sla.toml")

    @pytest.mark.parametrize(
        "bad", ["9-17", "17:00-09:00", "22:00-06:00", "09:00-09:00", "09:60-10:00", "00:00-24:01"]
    )
    def test_hours_must_be_a_period_of_one_day(self, bad):
        with pytest.raises(RulesError, match="must be hours such as"):
            calendars.periods(bad, where="sla.toml")

    def test_periods_may_not_overlap(self):
        with pytest.raises(RulesError, match="in order and apart"):
            calendars.periods(["09:00-12:00", "11:00-15:00"], where="sla.toml")

    def test_a_missing_level_is_named(self):
        with pytest.raises(RulesError, match="'low'"):
            sla_table(policy={"p": {"first_response": {"critical": 1, "high": 1, "normal": 1}}})

    def test_an_unknown_clock_is_named(self):
        policy = {"clock": "chna", "first_response": {}}
        with pytest.raises(RulesError, match="Did you mean 'china'"):
            sla_table(
                policy={"p": policy},
                calendar={"china": {"timezone": "UTC", "hours": {"mon": "09:00-17:00"}}},
            )

    def test_an_unknown_timezone_is_named(self):
        with pytest.raises(RulesError, match="Did you mean 'Europe/Berlin'"):
            calendar(timezone="Europe/Berlni")

    def test_a_calendar_that_never_opens_is_refused(self):
        with pytest.raises(RulesError, match="never open"):
            calendar(hours={})

    def test_a_wrong_date_is_named(self):
        with pytest.raises(RulesError, match="2026-13-01"):
            calendar(closed=["2026-13-01"])

    def test_an_end_at_23_59_is_reported(self):
        content = {"timezone": "UTC", "hours": {"mon": "00:00-23:59"}}
        assert "loses a minute" in sla.problems(sla_table(calendar={"c": content}))[0]

    def test_an_unknown_holiday_country_is_reported(self):
        content = {"timezone": "UTC", "hours": {"mon": "09:00-17:00"}, "holidays": "DE-XX"}
        assert "unknown region of DE 'XX'" in sla.problems(sla_table(calendar={"c": content}))[0]


class TestOtherTables:
    def test_every_reason_has_an_action(self):
        assert set(actions.load().by_reason) == {r for group in REASONS.values() for r in group}

    def test_a_reason_without_action_is_named(self):
        with pytest.raises(RulesError, match="no action for defective, not_as_described"):
            actions.parse(Table(Path("actions.toml"), {"actions": {}}))

    def test_a_reason_without_names_is_named(self):
        content = {category: {} for category in REASONS}
        with pytest.raises(RulesError, match="reason 'defective' is missing"):
            reasons.parse(Table(Path("reasons.toml"), content))

    def test_a_pattern_must_be_a_regular_expression(self):
        with pytest.raises(RulesError, match="no regular expression"):
            screening.parse(Table(Path("screening.toml"), {"kind": {"en": ["(unclosed"]}}))


#: The languages of the corpus.
LEARNT = sorted({path.stem for path in (SHIPPED.parents[1] / "data" / "corpus").glob("*/*.jsonl")})


class TestAcknowledgements:
    shipped = actions.load()

    def test_every_reason_but_spam_has_one_in_every_language_that_was_learnt(self):
        without = [name for name, one in self.shipped.by_reason.items() if not one.reply]
        assert without == ["spam"]
        for texts in self.shipped.acknowledgements.values():
            assert sorted(texts) == LEARNT

    def test_no_text_stands_twice_and_each_is_in_its_script(self):
        texts = [
            (tag, text)
            for one in self.shipped.acknowledgements.values()
            for tag, text in one.items()
        ]
        assert len({text for _, text in texts}) == len(texts)
        letter = {"ru": "и", "uk": "і", "ar": "ا", "th": "า", "hi": "क", "ko": "니", "ja": "す"}
        for tag, text in texts:
            assert letter.get(tag, text[0]) in text

    @pytest.mark.parametrize(
        ("before", "after", "message"),
        [
            ('reply = "photo"', 'reply = "foto"', "Did you mean 'photo'"),
            ('reply = "praise"', 'reply = "photo"', "'praise' is never sent"),
            ("\nth = ", "\nxx = ", "has no text in xx"),
            ("\nth = ", "\nxx = ", "unknown language 'xx'"),
            ("[acknowledgements.photo]\nen = ", '[acknowledgements.photo]\nen = "" # ', "is empty"),
        ],
    )
    def test_what_is_wrong_is_named(self, tmp_path, before, after, message):
        text = (SHIPPED / "actions.toml").read_text(encoding="utf-8")
        assert before in text
        (tmp_path / "actions.toml").write_text(text.replace(before, after, 1), encoding="utf-8")
        assert any(message in problem for problem in load.check(tmp_path))


class TestCheck:
    def test_the_shipped_tables_are_clean(self):
        assert load.check() == []

    def test_all_tables_load_and_can_go_to_another_process(self):
        rules = load.load()
        assert pickle.loads(pickle.dumps(rules)) == rules
        assert rules.fingerprint == load.fingerprint()

    def test_all_problems_are_listed_at_once(self, tmp_path):
        for name in ("routing", "sla"):
            shutil.copy(SHIPPED / f"{name}.toml", tmp_path)
        text = (tmp_path / "routing.toml").read_text(encoding="utf-8")
        text = text.replace('id = "quality"\n', 'id = "quality"\nsla = "vp"\n')
        text = text.replace('id = "policy"\nwhen = { category = "policy" }', 'id = "policy"')
        (tmp_path / "routing.toml").write_text(text, encoding="utf-8")
        (tmp_path / "actons.toml").touch()
        problems = load.check(tmp_path)
        assert "Did you mean 'actions.toml'" in problems[0]
        assert "'service' is never reached" in problems[1]
        assert "Did you mean 'vip'" in problems[-1]

    def test_every_wrong_rule_is_named_not_only_the_first(self, tmp_path):
        text = (SHIPPED / "routing.toml").read_text(encoding="utf-8")
        text = text.replace('category = "quality"', 'category = "qualty"')
        text = text.replace('team = "logistics_desk"', 'team = "logistic_desk"')
        text = text.replace('level = "critical"', 'country = "Chna"')
        (tmp_path / "routing.toml").write_text(text, encoding="utf-8")
        problems = load.check(tmp_path)
        assert len(problems) == 3
        for nearest in ("'China'", "'quality'", "'logistics_desk'"):
            assert any(f"Did you mean {nearest}" in problem for problem in problems)

    def test_owners_must_be_teams(self, tmp_path):
        text = (SHIPPED / "sla.toml").read_text(encoding="utf-8")
        text = text.replace('["agent", "team", "escalation_desk"]', '["agent", "escalation_dsk"]')
        (tmp_path / "sla.toml").write_text(text, encoding="utf-8")
        problems = load.check(tmp_path)
        assert len(problems) == 2
        assert all("Did you mean 'escalation_desk'" in problem for problem in problems)

    def test_an_apply_that_an_earlier_one_hides_is_reported(self, tmp_path):
        text = (SHIPPED / "sla.toml").read_text(encoding="utf-8")
        hidden = '[[apply]]\nwhen = { customer_tier = "vip", channel = "chat" }\npolicy = "live"\n'
        (tmp_path / "sla.toml").write_text(f"{text}\n{hidden}", encoding="utf-8")
        assert "[[apply]] 2 is never reached" in load.check(tmp_path)[0]

    def test_a_language_that_nobody_reads_is_reported(self, tmp_path):
        text = (SHIPPED / "routing.toml").read_text(encoding="utf-8")
        head, tail = text.split("customer_service =")
        tail = tail.replace('languages = "any"', 'languages = "any" ', 1)
        tail = tail.replace('languages = "any" }', 'languages = ["zh", "en"] }')
        tail = tail.replace('id = "service"\n', 'id = "service"\n').replace(
            'when = { category = "service" }\nteam = "customer_service"',
            'when = { category = "service" }\nteam = "policy_desk"',
        )
        (tmp_path / "routing.toml").write_text(f"{head}customer_service ={tail}", encoding="utf-8")
        problems = load.check(tmp_path)
        assert any("reads 'ja'" in problem for problem in problems)
        assert not any("reads 'zh-Hant'" in problem for problem in problems)

    def test_a_changed_byte_changes_the_fingerprint(self, tmp_path):
        assert load.fingerprint() == load.fingerprint(tmp_path)
        shutil.copy(SHIPPED / "sla.toml", tmp_path)
        assert load.fingerprint() == load.fingerprint(tmp_path)
        with (tmp_path / "sla.toml").open("a", encoding="utf-8") as file:
            file.write("# a note\n")
        assert load.fingerprint() != load.fingerprint(tmp_path)
