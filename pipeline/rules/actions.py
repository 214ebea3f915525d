"""actions.toml: the first action for each reason, and what to ask the customer for."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from pipeline.errors import RulesError
from pipeline.rules.fields import check_keys, get, need, texts, typed
from pipeline.rules.tables import Table, check_known, read_table
from pipeline.ticket import INPUT_COLUMNS, REASONS


class Ask(NamedTuple):
    """Something to ask for.

    It is known already when one of `columns` of the ticket is filled, or when the cleaned text
    holds one of the masks in `mentioned` (such as ``<code>``, see `pipeline.text.masks`).
    """

    id: str
    en: str
    columns: tuple[str, ...]
    mentioned: tuple[str, ...]


class Action(NamedTuple):
    """What to do first about a reason, and the ids of what to ask for, in order.

    `reply` names the acknowledgement that an agent may send; empty for none.
    """

    en: str
    asks: tuple[str, ...]
    reply: str = ""


class Actions(NamedTuple):
    """The whole table; `by_reason` has every reason of `ticket.REASONS`.

    `acknowledgements` has the text of each, by language tag.
    """

    path: Path
    asks: dict[str, Ask]
    by_reason: dict[str, Action]
    acknowledgements: dict[str, dict[str, str]]


#: The masks of `pipeline.text.masks` that can stand for something an agent would ask for.
MASKS: Final = ("<code>", "<date>", "<email>", "<money>", "<number>", "<phone>", "<url>")

_ALL_REASONS: Final = tuple(reason for group in REASONS.values() for reason in group)


def load(directory: Path | None = None) -> Actions:
    """Read and validate actions.toml from `directory`, or the one that ships.

    :raises RulesError: A reason has no action, or something in the table is unknown.

    >>> load().by_reason["lost"].asks
    ('order_number', 'order_date', 'tracking_number')
    """
    return parse(read_table("actions", directory))


def parse(table: Table) -> Actions:
    """Validate one table of actions (see `load`)."""
    path, content = table
    where = str(path)
    check_keys(content, ("asks", "acknowledgements", "actions"), where=where)
    asks = {
        name: _ask(name, typed(value, dict, where=f"{where} ask {name!r}"), where)
        for name, value in get(content, "asks", {}, where=where).items()
    }
    actions = need(content, "actions", dict, where=where)
    check_keys(actions, _ALL_REASONS, where=f"{where} [actions]")
    lacking = [reason for reason in _ALL_REASONS if reason not in actions]
    if lacking:
        raise RulesError(
            f"{where} [actions]: no action for {', '.join(lacking)}. Add a line for each."
        )
    replies = {
        name: _acknowledgement(name, value, where)
        for name, value in get(content, "acknowledgements", {}, where=where).items()
    }
    by_reason = {name: _action(name, actions[name], asks, replies, where) for name in _ALL_REASONS}
    return Actions(path, asks, by_reason, replies)


def problems(actions: Actions, languages: Iterable[str]) -> list[str]:
    """Acknowledgements nobody sends, or that lack a language that others have; unknown tags."""
    used = {action.reply for action in actions.by_reason.values()}
    known = list(languages)
    every = sorted({tag for texts in actions.acknowledgements.values() for tag in texts})
    found = []
    for name, by_language in actions.acknowledgements.items():
        where = f"{actions.path} acknowledgement {name!r}"
        if name not in used:
            found.append(f"{where} is never sent: no action names it. Name it or remove it.")
        lacking = [tag for tag in every if tag not in by_language]
        if lacking:
            found.append(f"{where} has no text in {', '.join(lacking)}. Others have; add it.")
        for tag in by_language:
            try:
                check_known(tag, known, where=where, kind="language")
            except RulesError as error:
                found.append(str(error))
    return found


def _acknowledgement(name: str, value: Any, path: str) -> dict[str, str]:
    where = f"{path} acknowledgement {name!r}"
    by_language = typed(value, dict, where=where)
    for tag, text in by_language.items():
        if not typed(text, str, where=f"{where} {tag!r}").strip():
            raise RulesError(f"{where} {tag!r} is empty. Write the text or remove the line.")
    return by_language


def _ask(name: str, content: dict[str, Any], path: str) -> Ask:
    where = f"{path} ask {name!r}"
    check_keys(content, ("en", "columns", "mentioned"), where=where)
    columns, masks = (
        texts(content[key], where=f"{where}: {key!r}") if content.get(key) else ()
        for key in ("columns", "mentioned")
    )
    for column in columns:
        check_known(column, INPUT_COLUMNS, where=where, kind="column")
    for mask in masks:
        check_known(mask, MASKS, where=where, kind="mask")
    return Ask(name, need(content, "en", str, where=where), columns, masks)


def _action(
    name: str, value: Any, asks: Iterable[str], replies: Iterable[str], path: str
) -> Action:
    where = f"{path} action {name!r}"
    content = typed(value, dict, where=where)
    check_keys(content, ("action", "ask", "reply"), where=where)
    wanted = texts(content["ask"], where=where) if content.get("ask") else ()
    for ask in wanted:
        check_known(ask, asks, where=where, kind="ask")
    reply = get(content, "reply", "", where=where)
    if reply:
        check_known(reply, replies, where=where, kind="acknowledgement")
    return Action(need(content, "action", str, where=where), wanted, reply)
