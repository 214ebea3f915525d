"""The languages table: the one that ships, and what is said about a wrong one."""

import pytest

from pipeline.errors import RulesError
from pipeline.rules import languages

# fmt: off
EXPECTED = {
    "zh-Hans", "zh-Hant", "en", "es", "pt", "fr", "de", "it", "nl", "pl", "ja", "ko", "ru", "uk",
    "tr", "ar", "hi", "id", "ms", "vi", "th", "he", "el",
}
# fmt: on
GOOD = 'tag = "da", name = "Danish", chinese = "丹麦语", scripts = ["Latn"], countries = ["DK"]'


def _load(folder, row):
    (folder / "languages.toml").write_text(f"languages = [{{ {row} }}]", encoding="utf-8")
    return languages.load(folder)


def test_the_shipped_table_has_every_expected_language():
    assert {language.tag for language in languages.load().languages} >= EXPECTED


def test_own_table_replaces_the_shipped_one(tmp_path):
    assert [language.tag for language in _load(tmp_path, GOOD).languages] == ["da"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"da"', '"Danish"', "BCP 47"),
        ('["Latn"]', '["Latin"]', "Did you mean 'Latn'"),
        ('["Latn"]', '"Latn"', "must be a list"),
        ('["DK"]', '["Denmark"]', "ISO 3166"),
        ("chinese", "chinesse", "Did you mean 'chinese'"),
        ('name = "Danish"', "name = 3", "must be text"),
        ('["DK"]', '["DK"], weight = 0', "above 0"),
        ('["DK"]', '["DK"], weight = true', "above 0"),
        (', countries = ["DK"]', "", "'countries' is missing"),
    ],
)
def test_a_wrong_row_is_refused_in_words(tmp_path, old, new, message):
    with pytest.raises(RulesError, match=message):
        _load(tmp_path, GOOD.replace(old, new))


def test_a_language_listed_twice_is_refused(tmp_path):
    with pytest.raises(RulesError, match="listed twice"):
        _load(tmp_path, GOOD + " }, { " + GOOD)


def test_a_table_without_languages_is_refused(tmp_path):
    (tmp_path / "languages.toml").write_text("languages = []", encoding="utf-8")
    with pytest.raises(RulesError, match="at least one"):
        languages.load(tmp_path)
