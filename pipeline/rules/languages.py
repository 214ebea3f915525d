"""The languages a ticket can be recognised as: the table ``languages.toml``."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.errors import RulesError
from pipeline.rules.tables import Table, check_known, read_table
from pipeline.ticket import UNDETERMINED

#: ISO 15924 codes of the scripts that can be told apart, in a fixed order.
SCRIPTS: Final = (
    "Latn", "Cyrl", "Hans", "Hant", "Jpan", "Kore", "Arab", "Deva", "Thai", "Hebr", "Grek", "Beng",
    "Taml", "Telu", "Khmr", "Laoo", "Mymr", "Geor", "Armn",
)  # fmt: skip

_FIELDS: Final = ("tag", "name", "chinese", "scripts", "countries", "letters", "words", "weight")
_REQUIRED: Final = ("tag", "name", "chinese", "scripts", "countries")
_TAG: Final = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True)
class Language:
    """One row: a language, the scripts it is written in, the countries where it is usual.

    `letters` and `words` are those that set it apart from the other languages of its script;
    `weight` is how much more often than its rivals it is met when the country is unknown.
    """

    tag: str
    name: str
    chinese: str
    scripts: tuple[str, ...]
    countries: tuple[str, ...]
    letters: str = ""
    words: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True)
class LanguageRules:
    """The languages in the order of the table."""

    languages: tuple[Language, ...]

    def written_in(self, script: str) -> tuple[Language, ...]:
        """The languages written in `script` (an ISO 15924 code).

        >>> [language.tag for language in load().written_in("Cyrl")]
        ['ru', 'uk']
        """
        return tuple(language for language in self.languages if script in language.scripts)


def load(directory: Path | None = None) -> LanguageRules:
    """Read ``languages.toml`` from `directory`, or the table that ships.

    :raises RulesError: A row lacks a field, has an unknown one, or a value is not valid.

    >>> load().languages[0].tag
    'zh-Hans'
    """
    table = read_table("languages", directory)
    rows = table.content.get("languages")
    if not isinstance(rows, list) or not rows:
        raise RulesError(f"{table.path}: no 'languages' list. Give at least one language.")
    languages = tuple(_language(row, table, number) for number, row in enumerate(rows, start=1))
    tags = [language.tag for language in languages]
    for tag in tags:
        if tags.count(tag) > 1:
            raise RulesError(f"{table.path} language {tag!r} is listed twice. Remove one row.")
    return LanguageRules(languages)


def check_tag(tag: str, table: LanguageRules, *, where: str) -> str:
    """Return `tag` when tickets may have it or a variant of it (``zh``), in any letter case.

    :raises RulesError: No ticket is ever recognised as `tag`; names the nearest language.

    >>> check_tag("zh", load(), where=""), check_tag("zh-hant", load(), where="")
    ('zh', 'zh-hant')
    """
    tags = [language.tag for language in table.languages]
    known = {UNDETERMINED, *tags, *(own.partition("-")[0] for own in tags)}
    if tag.lower() in {own.lower() for own in known}:
        return tag
    near = _nearest(tag, table)
    hint = f" Did you mean {near!r}?" if near else ""
    raise RulesError(f"{where}: unknown language {tag!r}.{hint} Known: {', '.join(sorted(known))}.")


def _nearest(tag: str, table: LanguageRules) -> str:
    """The tag of the language that has `tag` as its name, for a country, or nearly so."""
    word = tag.strip().casefold()
    for language in table.languages:
        names = {language.name, language.chinese, *language.name.split(), *language.countries}
        if word in {name.casefold() for name in names}:
            return language.tag
    names_of = {
        name.casefold(): language.tag
        for language in table.languages
        for name in (language.name, language.tag)
    }
    near = difflib.get_close_matches(word, names_of, n=1)
    return names_of[near[0]] if near else ""


def _language(row: Mapping[str, Any], table: Table, number: int) -> Language:
    where = f"{table.path} language {row.get('tag', number)!r}"
    for field in row:
        check_known(field, _FIELDS, where=where, kind="field")
    for field in _REQUIRED:
        if not row.get(field):
            raise RulesError(f"{where}: field {field!r} is missing or empty. Fill it in.")
    for field in ("tag", "name", "chinese", "letters"):
        if not isinstance(row.get(field, ""), str):
            raise RulesError(f"{where}: {field!r} must be text. Got {row[field]!r} instead.")
    if not _TAG.fullmatch(row["tag"]):
        raise RulesError(
            f"{where}: tag must be a BCP 47 tag such as 'en' or 'zh-Hans'. Got {row['tag']!r}."
        )
    return Language(
        tag=row["tag"],
        name=row["name"],
        chinese=row["chinese"],
        scripts=tuple(
            check_known(script, SCRIPTS, where=where, kind="script")
            for script in _texts(row["scripts"], where, "scripts")
        ),
        countries=_countries(row["countries"], where),
        letters=row.get("letters", ""),
        words=_texts(row.get("words", []), where, "words"),
        weight=_weight(row.get("weight", 1.0), where),
    )


def _texts(value: object, where: str, field: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RulesError(f"{where}: {field!r} must be a list of texts. Got {value!r} instead.")
    return tuple(value)


def _countries(value: object, where: str) -> tuple[str, ...]:
    countries = _texts(value, where, "countries")
    for country in countries:
        if not _COUNTRY.fullmatch(country):
            raise RulesError(
                f"{where}: countries must be ISO 3166 codes such as 'DE'. Got {country!r} instead."
            )
    return countries


def _weight(value: object, where: str) -> float:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
    if not 0 < number < float("inf"):
        raise RulesError(f"{where}: weight must be a number above 0. Got {value!r} instead.")
    return float(number)
