"""The words of the page in English and Chinese: ``words.toml``, and the names that rules give."""

import json
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.output.report.options import LANGUAGES, Key, Table

if TYPE_CHECKING:
    from pipeline.rules.load import Rules

#: How words.toml and the rules tables call the languages of the page.
_KEYS: Final = dict(zip(LANGUAGES, ("en", "zh"), strict=True))
_PLACE: Final = re.compile(r"\{(\d)\}")

Dictionary = dict[str, dict[str, str]]


def dictionary(rules: "Rules | None" = None) -> Dictionary:
    """All words: language of the page, key, words. Keys are ``name`` or ``kind.value``."""
    found = {language: dict(words) for language, words in _shipped().items()}
    named: list[tuple[str, Any]] = []
    if rules is not None:
        named += [(f"team.{team.id}", team) for team in rules.routing.teams.values()]
        named += [(f"reason.{name}", reason) for name, reason in rules.reasons.items()]
    for key, names in named:
        found["en"][key] = names.en[:1].upper() + names.en[1:]
        found["zh-Hans"][key] = names.zh
    return found


def add_table(found: Dictionary, name: str, table: Table) -> None:
    """Add the words of a table: ``name.heading``, ``name.note``, ``name.head0`` ..."""
    texts = {"heading": table.heading, "note": table.note}
    texts |= {f"head{at}": cell for at, cell in enumerate(table.head)}
    for language in found:
        for key, text in texts.items():
            found[language][f"{name}.{key}"] = text.get(language, text["en"])


@cache
def _shipped() -> Dictionary:
    text = Path(__file__).with_name("words.toml").read_text(encoding="utf-8")
    flat = dict(_flat(tomllib.loads(text)))
    return {
        language: {key: words[short] for key, words in flat.items()}
        for language, short in _KEYS.items()
    }


def _flat(table: Mapping[str, Any], prefix: str = "") -> Any:
    for name, value in table.items():
        if "en" in value:
            yield prefix + name, value
        else:
            yield from _flat(value, f"{name}.")


def say(words: Mapping[str, str], key: str, *arguments: object) -> str:
    """The sentence `key` with its {0}, {1} ... filled in; numbers get thousands separators.

    >>> say({"late": "{0} of {1}", "team.a": "desk A"}, "late", 12000, Key("team.a"))
    '12,000 of desk A'
    """
    text = words.get(key)
    if text is None:  # a value that nobody named: shown as it is
        return key.partition(".")[2] or key
    shown = [_shown(words, argument) for argument in arguments]
    return _PLACE.sub(lambda match: shown[int(match[1])], text)


def _shown(words: Mapping[str, str], argument: object) -> str:
    if isinstance(argument, Key):
        return say(words, argument.name)
    return f"{argument:,}" if isinstance(argument, int) else str(argument)


def packed(arguments: tuple[object, ...]) -> str:
    """Arguments as JSON, for the script that switches the language."""
    plain = [{"key": one.name} if isinstance(one, Key) else _shown({}, one) for one in arguments]
    return json.dumps(plain, ensure_ascii=False)
