"""The obvious pipeline: what most people would write first, to compare ours with.

    python benchmarks/obvious.py --train data/corpus --model obvious.joblib
    python benchmarks/obvious.py EXPORT --model obvious.joblib --out triaged.csv --processes 2

pandas reads the CSV, langdetect names the language of each text, jieba cuts the Chinese ones, and
TfidfVectorizer (words and pairs of words) with LogisticRegression says the category. Nothing is
cleaned, calibrated, routed, ranked or explained. Training runs beforehand in a process of its
own and is never counted.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jieba
import joblib
import pandas as pd
from joblib import Parallel, delayed
from langdetect import DetectorFactory, LangDetectException, detect
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

#: Enough rows for words of every language, few enough to train in seconds.
TRAINING_ROWS = 6000


def read_corpus(folder: Path) -> pd.DataFrame:
    """Read every labelled text below `folder`, each once, in a fixed order."""
    lines = [
        json.loads(line)
        for path in sorted(folder.rglob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return pd.DataFrame(lines)[["text", "category"]].drop_duplicates("text")


def language_of(text: str) -> str:
    """Ask langdetect; seeded for every text, since it is random otherwise."""
    DetectorFactory.seed = 0
    try:
        return str(detect(text))
    except LangDetectException:
        return "und"


def words_of(text: str, language: str) -> str:
    """Cut Chinese with jieba; leave every other language to the vectorizer."""
    return " ".join(jieba.cut(text)) if language.startswith("zh") else text


def prepare(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Languages and cut texts of a batch."""
    languages = [language_of(text) for text in texts]
    return languages, [words_of(*pair) for pair in zip(texts, languages, strict=True)]


def train(corpus: pd.DataFrame) -> Pipeline:
    """Fit the model on a fixed sample of the corpus."""
    sample = corpus.sample(min(TRAINING_ROWS, len(corpus)), random_state=0)
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=300))
    return model.fit(prepare(sample["text"].tolist())[1], sample["category"])


def score(texts: list[str], model: Pipeline) -> pd.DataFrame:
    """Language, category and its probability for each text."""
    languages, words = prepare(texts)
    probabilities = model.predict_proba(words)
    return pd.DataFrame(
        {
            "language": languages,
            "category": model.classes_[probabilities.argmax(axis=1)],
            "category_confidence": probabilities.max(axis=1),
        }
    )


def triage(export: Path, out: Path, model: Pipeline, *, processes: int = 1) -> int:
    """Read `export`, score its ``text`` column in `processes` processes, write `out`.

    Returns the number of rows.
    """
    tickets = pd.read_csv(export, dtype=str, keep_default_na=False)
    texts = tickets["text"].tolist()
    size = max(1, -(-len(texts) // processes))
    parts = [texts[start : start + size] for start in range(0, len(texts), size)]
    if processes == 1:
        scores = [score(part, model) for part in parts]
    else:
        scores = Parallel(n_jobs=processes)(delayed(score)(part, model) for part in parts)
    scored = pd.concat(scores, ignore_index=True)
    tickets.join(scored).to_csv(out, index=False)
    return len(tickets)


def measure(export: Path, out: Path, model: Pipeline, *, processes: int) -> dict[str, Any]:
    """Tickets and seconds of the faster of two runs.

    The first run also loads dictionaries and language profiles and starts the processes; taking
    the faster one leaves all that out, in favour of this pipeline.
    """
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        rows = triage(export, out, model, processes=processes)
        seconds.append(time.perf_counter() - start)
    return {"tickets": rows, "seconds": min(seconds)}


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("export", type=Path, nargs="?", help="CSV file with a column 'text'")
    add("--out", type=Path, default=Path("obvious.csv"), help="default: %(default)s")
    add("--model", type=Path, default=Path("obvious.joblib"), help="default: %(default)s")
    add("--processes", type=int, default=1, help="default: %(default)s")
    add("--train", type=Path, metavar="CORPUS", help="train on this folder and write --model")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    parser = build_parser()
    args = parser.parse_args(argv)
    if args.train:
        # A pickle, as the obvious pipeline would; it never leaves the benchmark's folder.
        joblib.dump(train(read_corpus(args.train)), args.model)
    if args.export:
        model = joblib.load(args.model)
        print(json.dumps(measure(args.export, args.out, model, processes=args.processes)))
    elif not args.train:
        parser.error("give an EXPORT to score, or --train CORPUS first")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
