"""The reference, made from the program itself: ``make docs`` rewrites it, a test compares it.

python docs/reference_pages.py
"""

import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
REFERENCE: Final = ROOT / "docs" / "reference"
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]


def commands() -> str:
    """Every verb with its options, as ``--help`` says it."""
    import readme_blocks

    return f"# Commands\n\nThe same as `--help` says.\n\n{readme_blocks.options()}\n"


def columns() -> str:
    """Every column of triaged.csv."""
    import readme_blocks

    about = (
        "Empty means not known. Times are UTC. A model of your own labels has its own `p_` columns."
    )
    return f"# Columns of triaged.csv\n\n{about}\n\n{readme_blocks.columns()}\n"


def labels() -> str:
    """Categories, reasons, levels and emotions, with their meaning."""
    from pipeline import ticket
    from pipeline.rules import reasons

    known = reasons.load()
    rows = [
        (f"`{category}`", f"`{name}`", known[name].en, known[name].zh, known[name].definition)
        for category, names in ticket.REASONS.items()
        for name in names
    ]
    listed = [
        ("urgency levels, least urgent first", ticket.LEVELS),
        ("emotions", ticket.EMOTIONS),
        ("states of a ticket", (*ticket.OPEN_STATES, *ticket.CLOSED_STATES)),
        ("states of a deadline", ticket.SLA_STATES),
        ("reasons to review", ticket.REVIEW_REASONS),
    ]
    others = "\n".join(
        f"- {name}: {', '.join(f'`{v}`' for v in values)}" for name, values in listed
    )
    head = ("category", "reason", "English", "中文", "meaning")
    return f"# Labels\n\n{_table(head, rows)}\n\n{others}\n"


def kpis() -> str:
    """Every number of ``insights``, with its unit, target and meaning."""
    from pipeline.insights.kpi import GROUPINGS, KPIS

    rows = [
        (f"`{name}`", kpi.unit, "" if kpi.target is None else f"{kpi.target:.0%}", kpi.meaning)
        for name, kpi in KPIS.items()
    ]
    table = _table(("number", "unit", "wanted", "meaning"), rows)
    split = ", ".join(GROUPINGS)
    return (
        "# Numbers of handling\n\nEach with the number of complaints it rests on and an interval "
        f"of 95 %, split by: {split}.\n\n{table}\n"
    )


def glossary() -> str:
    """The trade's terms in English and Chinese, and the reasons in other languages."""
    from pipeline.rules import reasons

    content = tomllib.loads((ROOT / "docs" / "glossary.toml").read_text(encoding="utf-8"))
    terms = [(one["en"], one["zh"], one["meaning"]) for one in content["term"]]
    languages = content["languages"]
    known = reasons.load()
    named = [
        (known[name].en, known[name].zh, *(words[tag] for tag in languages))
        for name, words in content["reasons"].items()
    ]
    head = ("English", "中文", *languages.values())
    return (
        f"# Glossary\n\n{_table(('English', '中文', 'meaning'), terms)}\n\n"
        f"## Reasons in other languages\n\n{_table(head, named)}\n"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


PAGES: Final[dict[str, Callable[[], str]]] = {
    "commands": commands,
    "columns": columns,
    "labels": labels,
    "kpis": kpis,
    "glossary": glossary,
}

if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    for name, made in PAGES.items():
        (REFERENCE / f"{name}.md").write_text(made(), encoding="utf-8")
