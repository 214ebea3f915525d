"""What are somebody's own labels worth, beside the model that ships?

    python benchmarks/own_labels.py LABELLED.jsonl --sizes 100 300 1000 --repeats 5

Cuts the labelled file at random, again and again: a fifth is judged on, and from the rest 100, 300
and 1,000 tickets are learnt from, in two ways: alone, and starting from the model that ships (as
train.py does where the categories are its own). Prints macro-F1 and the share that is right, mean
over the repeats, and in how many repeats the combination beats both others. Nothing is kept.
"""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.learn import borrow
from pipeline.learn.labelled import read_labelled
from pipeline.learn.metrics import macro_f1
from pipeline.learn.settings import Settings
from pipeline.learn.splits import folds_of
from pipeline.learn.training import train
from pipeline.model import store
from pipeline.model.scoring import Scorer
from pipeline.rules import load
from pipeline.text import encoder as encoders


def silent(line: str) -> None:
    """Say nothing."""


def said(model: store.Model, tickets: pd.DataFrame, mode: str) -> np.ndarray:
    """Return the category of each ticket."""
    found = Scorer(model, mode).probabilities(
        tickets["_clean"].tolist(), tickets["language"].tolist()
    )["category"]
    head = model.head("category")
    return np.array(head.labels, dtype=object)[found.argmax(axis=1)]


def one_repeat(
    tickets: pd.DataFrame, shipped: store.Model, sizes: Sequence[int], seed: int, mode: str
) -> list[dict[str, object]]:
    """Return one row for each size and way."""
    order = np.random.default_rng(seed).permutation(len(tickets))
    n_test = len(tickets) // 5
    test = tickets.iloc[order[:n_test]].reset_index(drop=True)
    truth = test["category"].to_numpy(dtype=object)
    encoder = None if mode == "off" else encoders.load(encoders.UniversalSentenceEncoder.name)
    rows = []
    for size in sizes:
        own = tickets.iloc[order[n_test : n_test + size]].reset_index(drop=True)
        settings, fold = Settings(jobs=1), folds_of(own)
        alone = train(own, encoder=encoder, settings=settings, fold=fold, budget=600.0)
        both = borrow.train_from(
            own, shipped, encoder=encoder, settings=settings, fold_of=fold, tell=silent
        )
        for way, model in (("shipped", shipped), ("own", alone.model), ("both", both.model)):
            guess = said(model, test, mode)
            rows.append(
                {
                    "labels": len(own), "way": way, "seed": seed,
                    "macro_f1": macro_f1(truth, guess), "right": float((truth == guess).mean()),
                }
            )  # fmt: skip
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--model", type=Path, default=Path("models/default"))
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 300, 1000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--encoder", choices=("on", "auto", "off"), default="on")
    args = parser.parse_args(argv)
    rules = load.load(None)
    tickets = read_labelled([args.labelled], rules, now=datetime.now(UTC))
    shipped = store.load(args.model)
    rows: list[dict[str, object]] = []
    for seed in range(args.repeats):
        rows += one_repeat(tickets, shipped, args.sizes, seed, args.encoder)
        print(f"repeat {seed + 1} of {args.repeats}", flush=True)
    table = pd.DataFrame(rows)
    mean = table.pivot_table(index="labels", columns="way", values=["macro_f1", "right"])
    print(mean.round(3).to_string())
    wide = table.pivot_table(index=["labels", "seed"], columns="way", values="macro_f1")
    best = (wide["both"] > wide[["shipped", "own"]].max(axis=1)).groupby("labels").mean()
    print("both is best, share of repeats:", best.round(2).to_dict())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
