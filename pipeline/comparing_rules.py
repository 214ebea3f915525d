"""``python -m pipeline rules diff``: which tickets of a run would move under other rules."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from pipeline.errors import PipelineError

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.rules.load import Rules

#: What a supervisor asks about, and the column that tells.
ASKED: Final = {
    "team": "team",
    "action": "suggested_action",
    "deadline": "first_response_due_at",
    "level": "urgency_level",
}
#: Tables that decide before or inside the model: its work has to be done again.
_BEFORE_MODEL: Final = ("languages", "urgency", "screening")
#: Tables that decide how exports are read.
_READING: Final = ("columns",)
_SHOWN: Final = 10
_SHOWN_MOVES: Final = 8
#: Tickets that are decided at once when the model has to be asked again.
_AT_ONCE: Final = 4096


class Moved(NamedTuple):
    """What would change: `old` and `new` have the columns of `ASKED`, for the moved tickets."""

    tickets: int
    changed_tables: list[str]
    ids: list[str]
    old: "pd.DataFrame"
    new: "pd.DataFrame"


def rules_diff(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The --out folder of a run.")],
    rules: Annotated[
        Path, typer.Option("--rules", metavar="DIR", help="The rules that would be in force.")
    ],
    to_json: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write every ticket that would move as JSON."),
    ] = None,
) -> int:
    """Show which tickets would change team, action, deadline or level under other rules.

    Example: python -m pipeline rules diff out --rules myrules
    """
    moved = compare(out, rules)
    if to_json is not None:
        text = json.dumps(as_json(moved), ensure_ascii=False, indent=2)
        to_json.write_text(text + "\n", encoding="utf-8")
    typer.echo("\n".join(table(moved)))
    return 0


def compare(out: Path, directory: Path) -> Moved:
    """Decide the tickets of the run in `out` again, with the tables in `directory`.

    The model is only asked again when a table changed that it or the text steps depend on;
    else its answers are those of the run, as rounded in its files.

    :raises OutputError: There is no complete run in `out`.
    :raises RulesError: The new rules cannot be used.
    """
    from pipeline.output.results import read_summary, read_triaged
    from pipeline.rules import load

    summary, rules = read_summary(out), load.load(directory)
    tickets = read_triaged(out)
    then, now = summary["rules"].get("tables", {}), load.table_fingerprints(directory)
    changed = [name for name in now if now[name] != then.get(name)]
    anew = any(name in changed for name in _BEFORE_MODEL)
    decide = _by_model if anew else _by_rules
    new = decide(tickets, rules, summary)[list(ASKED.values())].reset_index(drop=True)
    old = tickets[list(ASKED.values())]
    # Times in files are whole seconds, and so are deadlines: equal means equal.
    differs = (old != new).any(axis=1) if len(old) else old.any(axis=1)
    return Moved(
        len(tickets),
        changed,
        tickets.loc[differs, "ticket_id"].tolist(),
        old[differs].reset_index(drop=True),
        new[differs].reset_index(drop=True),
    )


def _by_rules(tickets: "pd.DataFrame", rules: "Rules", summary: dict[str, Any]) -> "pd.DataFrame":
    from pipeline import dispatch
    from pipeline.text.cues import mark_cues
    from pipeline.ticket import COLUMNS

    later = [c.name for c in COLUMNS if c.room in ("dispatch", "queue") and c.name in tickets]
    scored = tickets.drop(columns=later).assign(
        _review=tickets["review_reason"],
        _clean=tickets["text"],
        _repeats=tickets["repeat_contacts"].to_numpy(float),
    )
    now = datetime.fromisoformat(summary["now"])
    scored = mark_cues(scored, rules.urgency)
    return dispatch.assign(scored, rules, now=now, corrections=_by_hand(tickets))


def _by_model(tickets: "pd.DataFrame", rules: "Rules", summary: dict[str, Any]) -> "pd.DataFrame":
    import pandas as pd

    from pipeline.model import store
    from pipeline.model.scoring import Scorer
    from pipeline.ticket import INPUT_COLUMNS
    from pipeline.triage import triage

    used = summary["model"]
    model = store.load(Path(used["folder"]))
    if model.fingerprint != used["fingerprint"]:
        raise PipelineError(
            f"{used['folder']} is not the model of the run any more, so its tickets cannot be "
            "judged anew. Run classify again with it first."
        )
    scorer = Scorer(model, used["encoder"])
    read = tickets[list(INPUT_COLUMNS)].assign(_repeats=tickets["repeat_contacts"].to_numpy(float))
    now, corrections = datetime.fromisoformat(summary["now"]), _by_hand(tickets)
    parts = [
        triage(
            read.iloc[start : start + _AT_ONCE].reset_index(drop=True),
            scorer,
            rules,
            now=now,
            corrections=corrections,
        )
        for start in range(0, max(len(read), 1), _AT_ONCE)
    ]
    return pd.concat(parts)


def _by_hand(tickets: "pd.DataFrame") -> "pd.DataFrame":
    """What people set: it stays, whatever the rules say."""
    from pipeline.dispatch.by_hand import COLUMNS, FIELDS

    touched = tickets[tickets["corrected"] != ""]
    values = touched.assign(urgency=touched["urgency_level"], note="")
    for field in FIELDS:
        is_set = touched["corrected"].str.split("; ").map(lambda names, one=field: one in names)
        values[field] = values[field].where(is_set.astype(bool), "").astype("str")
    return values[list(COLUMNS)].reset_index(drop=True)

    return pd.array([""] * len(tickets), dtype="str")


def table(moved: Moved) -> list[str]:
    """A short table for the terminal."""
    changed = ", ".join(f"{name}.toml" for name in moved.changed_tables) or "no table"
    size = f"{moved.tickets:,} tickets, {len(moved.ids):,} would move"
    lines = [f"{size}; changed since the run: {changed}"]
    for asked, column in ASKED.items():
        pairs = _counted(moved, column) if asked != "deadline" else _directions(moved)
        total = sum(count for _, count in pairs)
        lines += ["", f"{asked:<9} {total:>8,}"]
        lines += [f"  {count:>7,}  {what}" for what, count in pairs[:_SHOWN_MOVES]]
        rest = sum(count for _, count in pairs[_SHOWN_MOVES:])
        lines += [f"  {rest:>7,}  others"] if rest else []
    if moved.ids:
        lines += ["", "for instance"]
        lines += [f"  {line}" for line in _examples(moved)]
    if set(moved.changed_tables) & set(_READING):
        lines += ["", "columns.toml changed: what it changes in reading shows in a new run only."]
    return lines


def as_json(moved: Moved) -> dict[str, Any]:
    """Everything, for a program: counts and each ticket that moves, old and new side by side."""
    tickets = []
    for row, ticket in enumerate(moved.ids):
        changes = {
            asked: [_text(moved.old[column].iloc[row]), _text(moved.new[column].iloc[row])]
            for asked, column in ASKED.items()
            if _differ(moved, row, column)
        }
        tickets.append({"ticket_id": ticket, **changes})
    return {
        "tickets": moved.tickets,
        "moved": len(moved.ids),
        "changed_tables": moved.changed_tables,
        "counts": {asked: sum(asked in one for one in tickets) for asked in ASKED},
        "tickets_moved": tickets,
    }


def _counted(moved: Moved, column: str) -> list[tuple[str, int]]:
    """From what to what, the most frequent first."""
    from collections import Counter

    pairs = Counter(
        (str(old), str(new))
        for old, new in zip(moved.old[column], moved.new[column], strict=True)
        if old != new
    )
    ordered = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return [(f"{old or '(none)'} -> {new or '(none)'}", count) for (old, new), count in ordered]


def _directions(moved: Moved) -> list[tuple[str, int]]:
    old, new = moved.old[ASKED["deadline"]], moved.new[ASKED["deadline"]]
    both = (("earlier", int((new < old).sum())), ("later", int((new > old).sum())))
    return [(what, count) for what, count in both if count]


def _examples(moved: Moved) -> Iterable[str]:
    for row, ticket in enumerate(moved.ids[:_SHOWN]):
        changes = [
            f"{asked} {_text(moved.old[column].iloc[row])} -> {_text(moved.new[column].iloc[row])}"
            for asked, column in ASKED.items()
            if asked != "action" and _differ(moved, row, column)
        ]
        yield f"{ticket}  {'; '.join(changes) or 'action'}"


def _differ(moved: Moved, row: int, column: str) -> bool:
    return bool(moved.old[column].iloc[row] != moved.new[column].iloc[row])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:%Y-%m-%dT%H:%M:%SZ}"
