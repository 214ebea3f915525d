"""Short texts with many labels: what our training makes of them, beside what most would write.

    python benchmarks/intents.py LABELLED.csv [--encoder on]

Five folds, the same for all, near-duplicates on one side: TF-IDF of words and pairs with logistic
regression (scikit-learn's defaults), fastText where it is installed, and ours with the settings
that train.py chooses. Prints the share that is right and the seconds of processor time.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.learn.labelled import read_labelled
from pipeline.learn.settings import Settings
from pipeline.learn.splits import folds_of, groups_of
from pipeline.learn.training import train
from pipeline.rules import load
from pipeline.text import encoder as encoders


def obvious(texts: list[str], labels: list[str], others: list[str]) -> Any:
    """TF-IDF and logistic regression as most people write them."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1000))
    return model.fit(texts, labels).predict(others)


def fasttext(texts: list[str], labels: list[str], others: list[str]) -> Any:
    """fastText with word pairs and pieces of words, 25 epochs."""
    import tempfile

    import fasttext as package

    names = sorted(set(labels))
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        for text, label in zip(texts, labels, strict=True):
            file.write(f"__label__{names.index(label)} {' '.join(text.lower().split())}\n")
        file.flush()
        model = package.train_supervised(
            file.name, epoch=25, lr=0.5, wordNgrams=2, minn=2, maxn=5, verbose=0
        )
    said = [model.predict(" ".join(text.lower().split()))[0][0] for text in others]
    return np.array([names[int(one.removeprefix("__label__"))] for one in said], dtype=object)


def by_folds(
    tickets: pd.DataFrame, fold: np.ndarray, method: Callable[..., Any]
) -> tuple[float, float]:
    """Return the share that is right and the seconds."""
    begin, hits = time.process_time(), 0
    texts, labels = tickets["text"].to_numpy(object), tickets["category"].to_numpy(object)
    for one in np.unique(fold):
        rest, held = fold != one, fold == one
        said = method(texts[rest].tolist(), labels[rest].tolist(), texts[held].tolist())
        hits += int((np.asarray(said, dtype=object) == labels[held]).sum())
    return hits / len(tickets), time.process_time() - begin


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--encoder", choices=("on", "off"), default="off")
    args = parser.parse_args(argv)
    tickets = read_labelled([args.labelled], load.load(None), now=datetime.now(UTC))
    fold = folds_of(tickets, groups_of(tickets))
    for name, method in (("TF-IDF, logistic regression", obvious), ("fastText", fasttext)):
        try:
            right, seconds = by_folds(tickets, fold, method)
        except ImportError:
            print(f"{name:<30} not installed")
            continue
        print(f"{name:<30}{right:>8.2%}{seconds:>8.0f} s", flush=True)
    begin = time.process_time()
    encoder = None
    if args.encoder == "on":
        encoder = encoders.load(encoders.UniversalSentenceEncoder.name)
    found = train(tickets, encoder=encoder, settings=Settings(jobs=1), fold=fold, budget=120.0)
    answers = found.answers["category"]
    for name, said in (("ours, n-grams", found.held_out.ngrams), ("ours", found.held_out.both)):
        right = float((said["category"].argmax(axis=1) == answers.codes).mean())
        print(f"{name:<30}{right:>8.2%}{time.process_time() - begin:>8.0f} s (search included)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
