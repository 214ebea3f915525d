"""Tables as people save and name them, and values that no ticket can have."""

import pytest

from pipeline.errors import RulesError
from pipeline.rules import languages, load
from pipeline.rules.columns import load as load_columns
from pipeline.rules.tables import SHIPPED

ROUTING = (SHIPPED / "routing.toml").read_text(encoding="utf-8")


def folder(tmp_path, content, name="routing.toml"):
    (tmp_path / name).write_bytes(content)
    return tmp_path


def with_rule(when, more=""):
    rule = f'[[rule]]\nid = "mine"\nwhen = {{ {when} }}\nteam = "review_desk"\n{more}\n[[rule]]'
    return ROUTING.replace("[[rule]]", rule, 1).encode()


def refused(directory):
    """The line of `load`, which `check` says too."""
    with pytest.raises(RulesError) as error:
        load.load(directory)
    assert str(error.value) in load.check(directory)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("tag", "nearest"),
    [
        ("cn", "zh-Hans"),
        ("Chinese", "zh-Hans"),
        ("jp", "ja"),
        ("German", "de"),
        ("Frensh", "fr"),
    ],
)
def test_a_language_that_no_ticket_has_names_the_nearest(tmp_path, tag, nearest):
    found = refused(folder(tmp_path, with_rule(f'language = "{tag}"')))
    assert "routing.toml rule 'mine': unknown language" in found
    assert f"Did you mean {nearest!r}? Known: ar, bn, de" in found


def test_a_language_like_no_other_names_all(tmp_path):
    found = refused(folder(tmp_path, with_rule('language = ["en", "klingon"]')))
    assert "unknown language 'klingon'. Known: ar, bn, de" in found


@pytest.mark.parametrize("tag", ["zh", "ZH-hant", "und", "ja"])
def test_languages_and_their_variants_are_known(tag):
    assert languages.check_tag(tag, languages.load(), where="") == tag


def test_languages_of_sla_and_of_teams_are_looked_at(tmp_path):
    sla = (SHIPPED / "sla.toml").read_text(encoding="utf-8")
    policy = load.load().sla.default
    apply = f'\n[[apply]]\nwhen = {{ language = "kr" }}\npolicy = "{policy}"\n'
    found = refused(folder(tmp_path, (sla + apply).encode(), "sla.toml"))
    assert "Did you mean 'ko'?" in found
    (tmp_path / "sla.toml").unlink()
    team = ROUTING.replace('zh = "物流组", languages = "any"', 'zh = "物流组", languages = ["cn"]')
    found = load.check(folder(tmp_path, team.encode()))
    assert any("team 'logistics_desk': unknown language 'cn'" in one for one in found)


def test_a_byte_order_mark_does_no_harm(tmp_path):
    for path in SHIPPED.glob("*.toml"):
        folder(tmp_path, b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"), path.name)
    assert load.load(tmp_path).routing.rules == load.load().routing.rules
    assert load.check(tmp_path) == []


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_a_table_that_is_not_utf8_says_where_and_what_to_do(tmp_path, encoding):
    text = "# team\n# 物流组\n" + ROUTING
    found = refused(folder(tmp_path, text.encode(encoding)))
    line = 2 if encoding == "gb18030" else 1
    assert found == f"{tmp_path / 'routing.toml'} line {line} is not UTF-8. Save it as UTF-8."


def test_a_folder_without_a_table_changes_nothing_and_is_refused(tmp_path):
    assert "holds no table" in refused(tmp_path)
    assert "holds no table" in refused(folder(tmp_path, b"", "notes.txt"))


def test_a_table_in_capitals_is_refused(tmp_path):
    found = refused(folder(tmp_path, ROUTING.encode(), "Routing.TOML"))
    assert found.endswith("its name must be 'routing.toml', in small letters. Rename it.")


@pytest.mark.parametrize(
    ("condition", "wanted", "shown"),
    [
        ("min_order_value = -5", "a number, 0 or more", "-5"),
        ("min_order_value = nan", "a number, 0 or more", "nan"),
        ("max_order_value = inf", "a number, 0 or more", "inf"),
        ("min_repeat_contacts = -1", "a number, 0 or more", "-1"),
        ("max_confidence = 40", "from 0 to 1", "40"),
        ("min_p_urgent = 1.5", "from 0 to 1", "1.5"),
        ("min_urgency = 101", "from 0 to 100", "101"),
    ],
)
def test_a_number_that_no_ticket_has_is_refused(tmp_path, condition, wanted, shown):
    found = refused(folder(tmp_path, with_rule(condition)))
    name = condition.split(" ")[0]
    assert f"rule 'mine': {name!r} must be {wanted}. Got {shown} instead." in found


@pytest.mark.parametrize("rate", ["inf", "nan", "-0.1"])
def test_a_rate_is_a_number(tmp_path, rate):
    text = ROUTING.replace("[currencies]", f"[currencies]\nXAU = {rate}", 1)
    assert "'XAU' must be a number, 0 or more" in refused(folder(tmp_path, text.encode()))


def test_an_unknown_zone_names_the_nearest_three(tmp_path):
    folder(tmp_path, b'[reading]\ntimezone = "Asia/Shangai"\n', "columns.toml")
    with pytest.raises(RulesError) as error:
        load_columns(tmp_path)
    assert "unknown timezone 'Asia/Shangai'. Did you mean 'Asia/Shanghai', " in str(error.value)
    assert len(str(error.value)) < 250
