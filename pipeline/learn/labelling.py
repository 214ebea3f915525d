"""What to label next: the tickets whose label would teach the model most.

Uncertain ones, as different from each other as can be, across languages in proportion to the
root of their numbers (so that small languages are not forgotten), near-duplicates left out.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline import intake
from pipeline.errors import OutputError
from pipeline.learn.copies import near_duplicates
from pipeline.model import store
from pipeline.model.scoring import Scorer
from pipeline.output.table import to_csv
from pipeline.rules import load as rules_load
from pipeline.text.encoder import Mode
from pipeline.text.features import count, windows
from pipeline.text.prepare import prepare
from pipeline.text.tokens import fold

NAMES: Final = ("to_label.csv", "to_label.xlsx", "to_label.json")
#: So many doubtful tickets for each one wanted are compared with each other.
_POOL: Final = 5
#: Fewer letters than this cannot be judged by a person either.
_FEWEST_LETTERS: Final = 6
_CHUNK: Final = 512
_COLUMNS: Final = ("ticket_id", "language", "text", "guess", "category", "reason", "urgency")


def choose(
    exports: Sequence[str],
    out: Path,
    *,
    n: int,
    model: Path,
    rules_dir: Path | None,
    columns: Mapping[str, str],
    encoding: str | None,
    encoder: Mode,
    force: bool,
) -> str:
    """Write the `n` tickets that would teach most as sheets to fill in; return what to show.

    :raises OutputError: `out` holds sheets already and `force` is not given.
    """
    taken = [name for name in NAMES if (out / name).exists()]
    if taken and not force:
        raise OutputError(f"{out} already holds {taken[0]}. Add --force to replace it.")
    loaded, rules = store.load(model), rules_load.load(rules_dir)
    parts = [
        prepare(batch.tickets[["ticket_id", "text", "country"]], rules.languages)
        for batch in intake.read(
            intake.find(exports),
            rules=rules.columns,
            overrides=dict(columns),
            encoding=encoding,
            now=datetime.now(UTC),
        )
    ]
    tickets = pd.concat(parts, ignore_index=True)
    found = pick(tickets, loaded, n=n, encoder=encoder)
    head = loaded.head("category")
    labels = list(head.labels) if head else []
    _write(found, labels, out)
    languages = found["language"].value_counts()
    spread = ", ".join(f"{name} {number}" for name, number in languages.items())
    return (
        f"{len(found):,} tickets to label ({spread}) in {out}: fill in the column category of "
        f"{NAMES[0]} or {NAMES[1]}, or load {NAMES[2]} into Label Studio.\n"
        f"Then: python train.py history.csv {out / NAMES[0]} --out models/next"
    )


def pick(tickets: pd.DataFrame, model: store.Model, *, n: int, encoder: Mode) -> pd.DataFrame:
    """Return the `n` prepared tickets whose label would teach `model` most, best first.

    The columns are those of a sheet to fill in; ``guess`` is what the model thinks.
    """
    letters = tickets["_clean"].str.replace(r"\W", "", regex=True).str.len()
    tickets = tickets[(letters >= _FEWEST_LETTERS).to_numpy()].reset_index(drop=True)
    if model.learnt is not None:  # labelled already
        known = np.isin(store.digests_of(tickets["_clean"]), model.learnt)
        tickets = tickets[~known].reset_index(drop=True)
    doubt, guess = _doubt(tickets, model, encoder)
    order = np.argsort(-doubt, kind="stable")
    chosen: list[int] = []
    for language, quota in _quotas(tickets["language"], n).items():
        mine = order[(tickets["language"] == language).to_numpy()[order]][: quota * _POOL]
        pool = tickets.iloc[mine]
        first = pd.Series(near_duplicates(pool["_clean"], pool["language"])).drop_duplicates().index
        mine = mine[first.to_numpy()]
        chosen += [mine[i] for i in _apart(tickets.iloc[mine], doubt[mine], model, quota)]
    chosen.sort(key=lambda i: (-doubt[i], i))
    found = tickets.iloc[chosen[:n]][["ticket_id", "language", "text"]].reset_index(drop=True)
    found["guess"] = guess[chosen[:n]]
    return found.assign(category="", reason="", urgency="")


def _doubt(
    tickets: pd.DataFrame, model: store.Model, encoder: Mode
) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """Return one minus the margin of the two likeliest categories, and the likeliest."""
    scorer, head = Scorer(model, encoder), model.head("category")
    labels = np.array(head.labels if head else ("",), dtype=object)
    doubts, guesses = [np.zeros(0)], [np.zeros(0, dtype=object)]
    for i in range(0, len(tickets), _CHUNK * 8):
        part = tickets.iloc[i : i + _CHUNK * 8]
        said = scorer.probabilities(part["_clean"].tolist(), part["language"].tolist())["category"]
        best = np.sort(said, axis=1)[:, ::-1]
        # Rounded, so that the batch a ticket was in does not show in the order of ties.
        doubts.append(np.round(1 - (best[:, 0] - best[:, 1]).astype(np.float64), 4))
        guesses.append(labels[said.argmax(axis=1)])
    return np.concatenate(doubts), np.concatenate(guesses)


def _quotas(languages: pd.Series, n: int) -> dict[str, int]:
    """Share out `n` by the root of each language's tickets; the rest goes to the largest.

    >>> _quotas(pd.Series(["en"] * 100 + ["ja"] * 25), 30)
    {'en': 20, 'ja': 10}
    """
    number = languages.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    roots = np.sqrt(number)
    wanted = np.minimum(np.maximum(1, (n * roots / roots.sum()).round()), number).astype(int)
    left = n - int(wanted.sum())
    for name in number.index:  # what small languages cannot give
        more = min(max(left, 0), int(number[name] - wanted[name]))
        wanted[name] += more
        left -= more
    return {str(name): int(quota) for name, quota in wanted.items()}


def _apart(
    pool: pd.DataFrame, doubt: NDArray[np.float64], model: store.Model, quota: int
) -> list[int]:
    """Take doubtful tickets one after the other, each as unlike the earlier ones as can be."""
    if not len(pool):
        return []
    found = windows(fold(pool["_clean"].tolist(), pool["language"].tolist()), model.settings)
    vectors = count(found, len(pool), model.vocabulary)
    nearest = np.zeros(len(pool))
    taken: list[int] = []
    for _ in range(min(quota, len(pool))):
        worth = doubt * (1 - nearest)
        worth[taken] = -1
        best = int(worth.argmax())
        taken.append(best)
        alike = np.asarray((vectors @ vectors[best].T).todense()).ravel()
        nearest = np.maximum(nearest, np.minimum(alike, 1))
    return taken


def _write(found: pd.DataFrame, labels: Sequence[str], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    content = {
        NAMES[0]: to_csv(found[list(_COLUMNS)]),
        NAMES[1]: _workbook(found[list(_COLUMNS)], labels),
        NAMES[2]: json.dumps(_tasks(found), ensure_ascii=False, indent=1).encode() + b"\n",
    }
    for name, data in content.items():
        draft = out / f".{name}.part"
        draft.write_bytes(data)
        draft.replace(out / name)


def _tasks(found: pd.DataFrame) -> list[dict[str, Any]]:
    """Return Label Studio tasks, the model's guess as a prediction (control ``category``)."""
    return [
        {
            "id": i + 1,
            "data": {key: str(row[key]) for key in ("ticket_id", "language", "text")},
            "predictions": [
                {
                    "model_version": "guess",
                    "result": [
                        {
                            "from_name": "category",
                            "to_name": "text",
                            "type": "choices",
                            "value": {"choices": [str(row["guess"])]},
                        }
                    ],
                }
            ],
        }
        for i, row in enumerate(found.to_dict("records"))
    ]


def _workbook(found: pd.DataFrame, labels: Sequence[str]) -> bytes:
    """Return the sheet as a workbook whose column category offers the labels."""
    import io

    from xlsxwriter import Workbook

    buffer = io.BytesIO()
    book = Workbook(
        buffer,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
         "strings_to_numbers": False},
    )  # fmt: skip
    book.set_properties({"created": datetime(2000, 1, 1)})
    sheet, names = book.add_worksheet("to label"), book.add_worksheet("categories")
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True})
    columns = list(found.columns)
    sheet.write_row(0, 0, columns, bold)
    for i, row in enumerate(found.astype(str).itertuples(index=False), start=1):
        for j, cell in enumerate(row):
            sheet.write_string(i, j, cell, wrap)
    names.write_column(0, 0, list(labels))
    place = columns.index("category")
    sheet.data_validation(
        1, place, max(len(found), 1), place,
        {"validate": "list", "source": f"=categories!$A$1:$A${max(len(labels), 1)}",
         "error_type": "warning"},
    )  # fmt: skip
    sheet.set_column(columns.index("text"), columns.index("text"), 80)
    sheet.freeze_panes(1, 0)
    book.close()
    return buffer.getvalue()
