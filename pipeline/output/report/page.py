"""The page itself: one self-contained HTML file.

Text of strangers is data: the template escapes it, the script only ever sets it as text, and a
content policy lets no style and no script run but the two of this folder, which it knows by their
SHA-256.
Without scripts the page still shows every number and the first ten tickets.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from pipeline.output.report import charts, tickets, views
from pipeline.output.report.figures import Figures
from pipeline.output.report.head import EACH_TEAM
from pipeline.output.report.options import LANGUAGES, Key, ReportInfo
from pipeline.output.report.words import add_table, dictionary, packed, say

_HERE: Final = Path(__file__).parent
#: Tickets that stand on the page without a script.
_PLAIN: Final = 10


def render(
    summary: Mapping[str, Any],
    figures: Figures,
    head: pa.RecordBatch,
    info: ReportInfo,
    *,
    incidents: pa.RecordBatch,
) -> str:
    """The page for a run; the same run gives the same text (nothing of ``timings`` is on it).

    :param head: The tickets that the page holds, by rank (see `head.Head`).
    :param incidents: The rows of incidents.csv, the largest first; the page shows the first.
    """
    words = dictionary(info.rules)
    if info.rising:
        add_table(words, "rising", info.rising)
    helper = _Helper(words, info.language)
    style, script = _asset("page.css"), _asset("page.js")
    view = views.view(summary, figures, info)
    view["incidents"] = views.incidents(incidents)
    plain = head.slice(0, _PLAIN)
    return _template().render(
        view=view,
        summary=summary,
        stage=summary["counts"]["stage"],
        info=info,
        languages=LANGUAGES,
        first=_first(plain),
        held=head.num_rows,
        each_team=EACH_TEAM,
        w=helper.word,
        t=helper.text,
        v=helper.value,
        key=helper.key,
        bar=charts.bar,
        columns_chart=charts.columns,
        stacked_chart=charts.stacked,
        line_chart=charts.line,
        style=_safe(style),
        script=_safe(script),
        style_hash=_sha256(style),
        script_hash=_sha256(script),
        data=_safe(tickets.to_json(tickets.packed(head, info.rules, now=figures.now))),
        words=_safe(tickets.to_json(words)),
    )


class _Helper:
    """What the template says words with; the script finds its marks to switch the language."""

    def __init__(self, words: Mapping[str, Mapping[str, str]], language: str) -> None:
        self._words = words[language]
        self._known = words["en"]

    def text(self, name: str, *arguments: object) -> str:
        """The words alone, for attributes."""
        return say(self._words, name, *arguments)

    def word(self, name: str, *arguments: object) -> Any:
        """The words in a mark that the script can say again in the other language."""
        from markupsafe import Markup

        said = say(self._words, name, *arguments)
        if not arguments:
            return Markup('<span data-w="{}">{}</span>').format(name, said)
        return Markup('<span data-w="{}" data-a="{}">{}</span>').format(
            name, packed(arguments), said
        )

    def value(self, kind: str, value: str) -> Any:
        """A value of a column: its word where there is one, else as it was read."""
        from markupsafe import Markup

        if value in ("", "(others)"):
            return self.word("others" if value else "not_given")
        name = f"{kind}.{value}"
        if name in self._known:
            return self.word(name)
        if kind in ("country", "language"):  # the browser knows their names
            return Markup('<span data-{}="{}" dir="auto">{}</span>').format(kind, value, value)
        return Markup('<span dir="auto">{}</span>').format(value)

    def key(self, kind: str, value: str) -> object:
        """A value as an argument of a sentence."""
        if not value:
            return Key("not_given")
        return Key(f"{kind}.{value}")


def _first(plain: pa.RecordBatch) -> list[dict[str, Any]]:
    rows = plain.to_pylist()
    for row in rows:
        due = row["first_response_due_at"]
        row["due"] = f"{due:%Y-%m-%d %H:%M}" if due else ""
    return rows


@cache
def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = "{:,}".format
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string(_asset("page.html"))


def _safe(text: str) -> Any:
    """Text of our own, or text that `tickets.to_json` made safe."""
    from markupsafe import Markup

    return Markup(text)


@cache
def _sha256(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
