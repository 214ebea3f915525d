"""Open jsonl exports: one object a line, nested ones flattened to dotted names."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.intake.rows import Row, Table, cell_text
from pipeline.intake.streams import ByteStream, lines_of, readable, text_lines, until_damage


def open_jsonl(path: Path, encoding: str) -> Table:
    """Headers are the keys of the whole file, which is read once to find them.

    JSON can spell half a character (``\\ud83d``) in a key; a header can be written everywhere.
    """
    headers: dict[str, None] = {}
    for _, _, record in _objects(lines_of(path, encoding)):
        if isinstance(record, dict):
            headers.update(dict.fromkeys(record))
    names = tuple(headers)

    def rows() -> Iterator[Row]:
        with ByteStream(path) as stream:
            yield from until_damage(_json_rows(text_lines(stream, encoding), names), stream)

    return Table(path, "jsonl", tuple(map(readable, names)), rows, encoding)


def _json_rows(lines: Iterable[str], names: tuple[str, ...]) -> Iterator[Row]:
    for number, raw, record in _objects(lines):
        if isinstance(record, dict):
            yield Row(number, [record.get(name, "") for name in names], raw)
        else:
            yield Row(number, (), raw, f"bad JSON: {record}")


def _objects(lines: Iterable[str]) -> Iterator[tuple[int, str, dict[str, str] | str]]:
    """Number and text of each line, and its flat object or what is wrong with it."""
    for number, raw in enumerate(lines, start=1):
        if raw.isspace():
            continue
        try:
            value = json.loads(raw, parse_float=str, parse_int=str)
        except json.JSONDecodeError as error:
            yield number, raw, f"{error.msg} at character {error.pos + 1}"
        except RecursionError:
            yield number, raw, "nested too deeply"
        else:
            is_object = isinstance(value, dict)
            yield number, raw, flatten(value) if is_object else "the line is not an object"


def flatten(value: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested JSON as dotted names and strings; empty cells for null.

    Lists of ``{"id": ..., "value": ...}`` (Zendesk's custom fields) count as nested, too.

    >>> flatten({"id": "7", "via": {"channel": "chat"}, "tags": ["a", "b"]})
    {'id': '7', 'via.channel': 'chat', 'tags': 'a, b'}
    >>> flatten({"custom_fields": [{"id": "360", "value": "A-1"}]})
    {'custom_fields.360': 'A-1'}
    """
    flat: dict[str, str] = {}
    for key, item in value.items():
        if isinstance(item, str):
            flat[prefix + key] = item
            continue
        named = _named_values(item)
        if named:
            flat.update(flatten(named, f"{prefix}{key}."))
        else:
            flat[prefix + key] = cell_text(item)
    return flat


def _named_values(item: Any) -> dict[str, Any]:
    if isinstance(item, dict):
        return item
    if not isinstance(item, list) or not all(isinstance(x, dict) and "value" in x for x in item):
        return {}
    return {str(x.get("name") or x.get("id") or i): x["value"] for i, x in enumerate(item)}
