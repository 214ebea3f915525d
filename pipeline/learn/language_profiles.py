"""Build and measure the letter statistics that tell languages of one alphabet apart.

    python -m pipeline.learn.language_profiles                      build the table that ships
    python -m pipeline.learn.language_profiles --measure FILE       accuracy on labelled JSONL
    python -m pipeline.learn.language_profiles --measure-corpus     the same, out of fold

FILE has the fields ``lang`` (BCP 47; plain ``zh`` stands for either variant) and ``text``.
"""

import argparse
import hashlib
import json
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.errors import TrainingError
from pipeline.rules import languages
from pipeline.text import engines, language, script

DEFAULT_CORPUS: Final = Path("data/corpus")

#: Weight of langdetect's profiles beside the corpus's counts. A small help: on first clauses of
#: 1,168 real messages 95.0 % without, 95.6 % with 0.15; out of fold no difference up to 0.3, and
#: from there Hindi in Latin letters is lost (0.985 at 0, 0.976 at 0.15, 0.821 at 1).
LANGDETECT_WEIGHT: Final = 0.15
#: langdetect's own smoothing: ALPHA_DEFAULT / BASE_FREQ of its detector.
LANGDETECT_SMOOTHING: Final = 0.5 / 10_000
#: langdetect knows no Malay; Indonesian is next to it, so only the corpus decides between them.
LANGDETECT_STAND_IN: Final = {"ms": "id"}
#: Pseudo-counts, spread like the mean of all languages: 10,000 n-grams are about 25 complaints.
SMOOTHING: Final = 10_000.0
#: Weights beyond ±8 nats are clipped, so that one n-gram cannot decide alone (and int8 suffices).
CLIP: Final = 8.0
FOLDS: Final = 5


class Example(NamedTuple):
    """One labelled text."""

    tag: str
    text: str


def read_examples(paths: Iterable[Path]) -> list[Example]:
    """Read JSONL files with the fields ``lang`` and ``text``; duplicates once, sorted.

    :raises TrainingError: A line is not JSON or lacks a field.
    """
    examples = set()
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                row = json.loads(line)
                examples.add(Example(row["lang"], row["text"]))
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                raise TrainingError(
                    f"{path} line {number}: want JSON with 'lang' and 'text'. Got {error!r}."
                ) from error
    if not examples:
        raise TrainingError("No labelled texts found. Name a folder that holds <lang>.jsonl.")
    return sorted(examples)


def first_clause(text: str) -> str:
    """The first clause of a text, at most 60 characters: what a hurried customer writes.

    >>> first_clause("It broke. I want my money back!")
    'It broke'
    """
    parts = [part.strip() for part in re.split(r"[.!?,;:。！？，；：、\n]+", text)]
    return next((part[:60] for part in parts if len(part) >= 3), text)


def columns_of(rules: languages.LanguageRules) -> tuple[str, ...]:
    """Names of the table's columns: ``tag/alphabet``."""
    return tuple(
        f"{row.tag}/{alphabet}"
        for alphabet in engines.ALPHABETS
        for row in rules.written_in(alphabet)
    )


def build(examples: Sequence[Example], columns: Sequence[str]) -> npt.NDArray[np.float32]:
    """Weights in nats, shape (buckets, columns); 0 for an n-gram says nothing."""
    counts = _counts(examples, columns)
    weights = np.zeros(counts.shape)
    for alphabet in engines.ALPHABETS:
        mine = [i for i, column in enumerate(columns) if column.endswith(alphabet)]
        if not mine:
            continue
        weights[:, mine] = _corpus_weights(counts[:, mine])
        weights[:, mine] += LANGDETECT_WEIGHT * _langdetect_weights([columns[i] for i in mine])
    return np.clip(weights, -CLIP, CLIP).astype(np.float32)


def _counts(examples: Sequence[Example], columns: Sequence[str]) -> npt.NDArray[np.float64]:
    letters = script.read([example.text for example in examples])
    family = script.decide(letters).family
    names = [f"{e.tag}/{script.FAMILIES[f]}" for e, f in zip(examples, family, strict=True)]
    rows = [number for number, name in enumerate(names) if name in columns]
    places = [columns.index(names[number]) for number in rows]
    shape = (len(columns), len(examples))
    belongs = sparse.csr_matrix((np.ones(len(rows)), (places, rows)), shape=shape)
    grams, _ = engines.ngrams(letters, family)
    return np.asarray((belongs @ engines.count_matrix(grams)).toarray().T, float)


def _corpus_weights(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    size = np.maximum(counts.sum(axis=0), 1.0)
    mean = (counts / size).mean(axis=1, keepdims=True) + 1e-9
    logs = np.log((counts + SMOOTHING * mean) / (size + SMOOTHING))
    return logs - logs.mean(axis=1, keepdims=True)


def _langdetect_weights(columns: Sequence[str]) -> npt.NDArray[np.float64]:
    """Log-odds of langdetect's profiles; a language without one gets half the least of them."""
    profiles = [_langdetect_profile(*column.split("/")) for column in columns]
    known = [i for i, profile in enumerate(profiles) if profile is not None]
    if not known:
        return np.zeros((1 << engines.BUCKET_BITS, len(columns)))
    shares = np.stack([p for p in profiles if p is not None], axis=1)
    seen = shares.sum(axis=1) > 0
    logs = np.log(shares[seen] + LANGDETECT_SMOOTHING)
    logs -= logs.mean(axis=1, keepdims=True)
    weights = np.zeros((len(shares), len(columns)))
    weights[np.flatnonzero(seen), :] = logs.min(axis=1, keepdims=True) / 2
    weights[np.ix_(seen, known)] = logs
    return weights


def _langdetect_profile(tag: str, alphabet: str) -> npt.NDArray[np.float64] | None:
    from langdetect.detector_factory import PROFILES_DIRECTORY

    path = Path(PROFILES_DIRECTORY) / LANGDETECT_STAND_IN.get(tag, tag)
    if not path.is_file():
        return None
    profile = json.loads(path.read_text(encoding="utf-8"))
    shares, belonging = _gram_shares(profile, script.INDEX[alphabet])
    # Hindi's profile holds stray Latin letters of English quotations: not Hindi in Latin letters.
    return shares if belonging > sum(profile["freq"].values()) / 2 else None


def _gram_shares(profile: Mapping[str, Any], family: int) -> tuple[npt.NDArray[np.float64], float]:
    """Share of each bucket among the profile's n-grams of one length, and how many n-grams of
    the profile belong to `family`."""
    table, fold = script.family_table(), engines.fold_table()
    shares = np.zeros(1 << engines.BUCKET_BITS)
    belonging = 0.0
    for gram, count in profile["freq"].items():
        codes = np.array([[ord(character)] for character in gram], np.uint32)
        edge = codes == ord(" ")
        if edge.all() or not np.all(edge | (table[np.minimum(codes, len(table) - 1)] == family)):
            continue
        belonging += count
        lower = np.where(edge, 0, fold[np.minimum(codes, len(fold) - 1)]).astype(np.uint32)
        shares[engines.bucket(lower.ravel().tolist())] += count / profile["n_words"][len(gram) - 1]
    return shares, belonging


def calibrate(examples: Sequence[Example], rules: languages.LanguageRules) -> tuple[float, float]:
    """The temperature that makes out-of-fold probabilities true, on texts and first clauses."""
    columns = columns_of(rules)
    weight = {f"{row.tag}/{a}": row.weight for row in rules.languages for a in engines.ALPHABETS}
    prior = np.log([weight[column] for column in columns])
    scores, sizes, truth = [], [], []
    for fold in range(FOLDS):
        weights = build(_without(examples, fold), columns)
        held = _only(examples, fold)
        held += [Example(tag, first_clause(text)) for tag, text in held]
        letters = script.read([example.text for example in held])
        family = script.decide(letters).family
        grams, size = engines.ngrams(letters, family)
        score = engines.sum_weights(grams, weights)
        names = [f"{e.tag}/{script.FAMILIES[f]}" for e, f in zip(held, family, strict=True)]
        rows = [number for number, name in enumerate(names) if name in columns]
        alphabet = np.array([column.split("/")[1] for column in columns])
        chosen = np.array([script.FAMILIES[f] for f in family])
        score[chosen[:, None] != alphabet[None, :]] = -np.inf
        scores.append(score[rows])
        sizes.append(size[rows])
        truth += [columns.index(names[number]) for number in rows]
    return _fit_temperature(np.concatenate(scores), np.concatenate(sizes), truth, prior)


def _fit_temperature(
    scores: npt.NDArray[np.float32],
    sizes: npt.NDArray[np.intp],
    truth: Sequence[int],
    prior: npt.NDArray[np.float64],
) -> tuple[float, float]:
    """Search the grid of `start` and `slope` for the least log loss."""
    best = (np.inf, 1.0, 1.0)
    for start in np.arange(0.5, 6.1, 0.5):
        for slope in np.arange(0.0, 2.1, 0.1):
            logits = scores / (start + slope * np.sqrt(sizes))[:, None] + prior
            top = logits.max(axis=1)
            norm = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
            loss = float((norm - logits[np.arange(len(truth)), truth]).mean())
            best = min(best, (loss, float(start), float(slope)))
    return best[1], best[2]


def _fold_of(example: Example) -> int:
    return zlib.crc32(example.text.encode()) % FOLDS


def _without(examples: Sequence[Example], fold: int) -> list[Example]:
    return [example for example in examples if _fold_of(example) != fold]


def _only(examples: Sequence[Example], fold: int) -> list[Example]:
    return [example for example in examples if _fold_of(example) == fold]


def profiles_of(
    examples: Sequence[Example],
    columns: Sequence[str],
    temperature: tuple[float, float],
) -> engines.Profiles:
    """The table as it is used: rounded to int8 steps."""
    steps = np.round(build(examples, columns) * (127 / CLIP))
    weights = (steps * np.float32(CLIP / 127)).astype(np.float32)
    return engines.Profiles(tuple(columns), weights, temperature)


def fingerprint(examples: Sequence[Example]) -> str:
    """SHA-256 of the labelled texts, to see whether a table belongs to a corpus."""
    return hashlib.sha256(json.dumps(examples).encode()).hexdigest()


def save(profiles: engines.Profiles, path: Path, *, corpus: str) -> None:
    """Write the table with the fingerprint of its corpus."""
    arrays = {
        "format": np.array(engines.FORMAT),
        "corpus": np.array(corpus),
        "columns": np.array(profiles.columns),
        "scale": np.array(CLIP / 127),
        "temperature": np.array(profiles.temperature),
        "weights": np.round(profiles.weights * (127 / CLIP)).astype(np.int8),
    }
    partial = path.with_name(path.name + ".partial.npz")
    np.savez_compressed(partial, allow_pickle=False, **arrays)
    partial.replace(path)


# --- Measuring --------------------------------------------------------------------------------


class Accuracy(NamedTuple):
    """Texts right and seen for each language, and the misses as (wanted, got, text)."""

    seen: Counter[str]
    right: Counter[str]
    misses: list[tuple[str, str, str]]

    def lines(self) -> list[str]:
        """One line for each language, then the total."""
        lines = [
            f"{tag:8} {self.right[tag]:5}/{seen:<5} {self.right[tag] / seen:.3f}"
            for tag, seen in sorted(self.seen.items())
        ]
        total, right = self.seen.total(), self.right.total()
        return [*lines, f"{'all':8} {right:5}/{total:<5} {right / max(total, 1):.4f}"]


def measure(
    examples: Sequence[Example],
    rules: languages.LanguageRules,
    profiles: engines.Profiles | None = None,
) -> Accuracy:
    """Identify each text without its country and compare; ``zh`` accepts either variant."""
    texts = [example.text for example in examples]
    found, _ = language.identify(texts, [""] * len(texts), rules, profiles=profiles)
    accuracy = Accuracy(Counter(), Counter(), [])
    for (wanted, text), got in zip(examples, found, strict=True):
        accuracy.seen[wanted] += 1
        if got == wanted or (wanted == "zh" and got.startswith("zh-")):
            accuracy.right[wanted] += 1
        else:
            accuracy.misses.append((wanted, got, text))
    return accuracy


def measure_corpus(
    examples: Sequence[Example], rules: languages.LanguageRules, *, cut: bool = False
) -> Accuracy:
    """The same out of fold: each fifth is judged by a table built from the other four."""
    total = Accuracy(Counter(), Counter(), [])
    temperature = engines.load_profiles().temperature
    for fold in range(FOLDS):
        profiles = profiles_of(_without(examples, fold), columns_of(rules), temperature)
        held = _only(examples, fold)
        if cut:
            held = [Example(tag, first_clause(text)) for tag, text in held]
        part = measure(held, rules, profiles)
        total.seen.update(part.seen)
        total.right.update(part.right)
        total.misses.extend(part.misses)
    return total


def build_parser() -> argparse.ArgumentParser:
    """The command line of this module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--corpus",
        type=Path,
        action="append",
        metavar="DIR",
        help=f"folder of labelled JSONL, repeatable; default: {DEFAULT_CORPUS}",
    )
    parser.add_argument("--out", type=Path, default=engines.PROFILES, help="default: %(default)s")
    parser.add_argument("--rules", type=Path, help="folder with an own languages.toml")
    parser.add_argument("--measure", type=Path, metavar="FILE", help="labelled JSONL")
    parser.add_argument("--measure-corpus", action="store_true", help="accuracy out of fold")
    parser.add_argument("--misses", action="store_true", help="list every miss as well")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the table, or measure the one in use."""
    options = build_parser().parse_args(arguments)
    rules = languages.load(options.rules)
    if options.measure:
        examples = read_examples([options.measure])
        cuts = [Example(tag, first_clause(text)) for tag, text in examples]
        _report("texts", measure(examples, rules), options.misses)
        _report("first clauses", measure(cuts, rules), options.misses)
        return 0
    examples = read_examples(
        path for folder in options.corpus or [DEFAULT_CORPUS] for path in folder.glob("**/*.jsonl")
    )
    if options.measure_corpus:
        _report("corpus", measure_corpus(examples, rules), options.misses)
        _report("first clauses", measure_corpus(examples, rules, cut=True), options.misses)
        return 0
    temperature = calibrate(examples, rules)
    profiles = profiles_of(examples, columns_of(rules), temperature)
    save(profiles, options.out, corpus=fingerprint(examples))
    sys.stdout.write(
        f"{options.out}: {len(columns_of(rules))} columns from {len(examples)} texts, "
        f"temperature {temperature}. Next: --measure-corpus\n"
    )
    return 0


def _report(title: str, accuracy: Accuracy, misses: bool) -> None:
    sys.stdout.write("\n".join([title, *accuracy.lines(), ""]))
    if misses:
        for wanted, got, text in accuracy.misses:
            sys.stdout.write(f"  {wanted} -> {got}: {text[:80]!r}\n")


if __name__ == "__main__":
    sys.exit(main())
