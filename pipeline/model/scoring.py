"""Prepared tickets in, decisions of the model out: category, reason, urgency, emotion, words.

Each private function adds one group of columns; `Scorer.score` lists them in order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.model.evidence import keywords, token_weights
from pipeline.model.heads import Floats, View, calibrate, columns_of, pool, softmax
from pipeline.model.store import Model, RowThresholds
from pipeline.text.encoder import Encoder, Mode
from pipeline.text.encoder import load as load_encoder
from pipeline.text.features import known_windows, weigh
from pipeline.text.loops import add_rows
from pipeline.text.tokens import Folded, fold, letters
from pipeline.ticket import LEVEL_BORDERS, LEVELS, UNDETERMINED

#: Characters of text that are featurised at once, so that the arrays stay in the processor's
#: cache: 15,000 to 30,000 were fastest, 60,000 took a third longer, 4,000 a sixth.
_CHUNK_CHARACTERS = 30_000
#: Fewer letters than this say too little for a category ("ok", "bad").
_SHORT_TEXT = 6
#: Below this share of known n-grams the text is mostly new to the model. The corpus out of
#: fold has 0.8 on average; unrelated languages stay below 0.35.
_KNOWN_SHARE = 0.35


class _Chunk(NamedTuple):
    """Some texts as the sparse view sees them."""

    texts: list[str]
    folded: Folded
    token_weights: Floats
    """How much each token speaks for each category; shape (n_tokens, n_categories)."""
    known_share: NDArray[np.float64]
    scores: Floats


class _Evidence(NamedTuple):
    """What the views say of a batch, before any decision."""

    probabilities: dict[str, Floats]
    chunks: list[_Chunk]
    thresholds: RowThresholds

    @property
    def known_share(self) -> NDArray[np.float64]:
        return np.concatenate([np.zeros(0), *(chunk.known_share for chunk in self.chunks)])

    @property
    def letters(self) -> NDArray[np.int64]:
        """How many characters that are no blank and no sign each text has."""
        return np.concatenate(
            [np.zeros(0, dtype=np.int64), *(letters(chunk.folded) for chunk in self.chunks)]
        )


@dataclass(frozen=True)
class Scorer:
    """A model ready to score: with or without its sentence encoder."""

    model: Model
    mode: Mode = "auto"

    @property
    def encoder(self) -> Encoder | None:
        """The encoder in use, or None when it is off, absent, or the model has no view for it."""
        if self.mode == "off" or self.model.encoder is None:
            return None
        return load_encoder(self.model.encoder_name)

    @property
    def views(self) -> str:
        """``both`` when the encoder may be used, else ``ngrams``: which calibration holds."""
        return "ngrams" if self.encoder is None else "both"

    def score(self, tickets: pd.DataFrame) -> pd.DataFrame:
        """Add the model's columns (and ``_review``) to prepared tickets.

        `tickets` needs ``_clean`` and ``language``; ``_floor`` (`text.cues`) raises the urgency.
        Nothing that stands there is changed.
        """
        evidence = self._weigh(tickets["_clean"].tolist(), tickets["language"].tolist())
        columns = self._category(evidence)
        columns |= self._reason(evidence, columns["category"])
        floor = tickets["_floor"].to_numpy() if "_floor" in tickets else np.zeros(len(tickets))
        own = self._own_urgency(evidence)
        columns |= _with_cues(own, floor)
        columns |= self._emotion(evidence)
        columns["keywords"] = self._keywords(evidence)
        columns["_review"] = _review(tickets, evidence, _disagrees(own, floor))
        strings = {"category", "secondary_category", "reason", "urgency_level", "emotion"}
        strings |= {"keywords", "_review"}
        added = pd.DataFrame(columns, index=tickets.index)
        return pd.concat([tickets, added.astype(dict.fromkeys(strings, "str"))], axis=1)

    def probabilities(self, texts: list[str], languages: list[str]) -> dict[str, Floats]:
        """Return each head's calibrated probabilities for cleaned texts."""
        return self._weigh(texts, languages).probabilities

    def _weigh(self, texts: list[str], languages: list[str]) -> _Evidence:
        chunks = [self._chunk(texts[i:j], languages[i:j]) for i, j in _chunks(texts)]
        nothing = np.zeros((0, len(self.model.ngrams.bias)), dtype=np.float32)
        ngrams = _by_head(np.concatenate([nothing, *(c.scores for c in chunks)]), self.model)
        asked = self._to_ask(ngrams)
        both = self._with_encoder([texts[i] for i in asked], ngrams[asked])
        probabilities = {}
        for name, block in columns_of(self.model.heads).items():
            calibration = self.model.calibration
            probabilities[name] = calibrate(ngrams[:, block], calibration["ngrams"][name])
            probabilities[name][asked] = calibrate(both[:, block], calibration["both"][name])
        was_asked = np.isin(np.arange(len(texts)), asked)
        return _Evidence(probabilities, chunks, self.model.row_thresholds(was_asked))

    def _chunk(self, texts: list[str], languages: list[str]) -> _Chunk:
        folded = fold(texts, languages)
        model = self.model
        found, n_every = known_windows(folded, model.settings, model.vocabulary)
        matrix = weigh(found, len(texts), model.vocabulary)
        scores: Floats = add_rows(matrix.indptr, matrix.indices, matrix.data, *model.ngrams)
        n_known = np.bincount(found.document, minlength=len(texts))
        # Now, while the weights of these n-grams are in the processor's cache.
        words = token_weights(folded, found, model)
        return _Chunk(texts, folded, words, n_known / np.maximum(n_every, 1), scores)

    def _keywords(self, evidence: _Evidence) -> NDArray[np.object_]:
        chosen = evidence.probabilities["category"].argmax(axis=1)
        words: list[str] = []
        for chunk in evidence.chunks:
            these = chosen[len(words) : len(words) + len(chunk.texts)]
            words += keywords(chunk.texts, chunk.folded, chunk.token_weights, these)
        return np.array(words, dtype=object)

    def _to_ask(self, ngrams: Floats) -> NDArray[np.int64]:
        """Return the texts that the encoder is asked about; they are calibrated apart."""
        if self.encoder is None:
            return np.arange(0)
        if self.mode == "on":
            return np.arange(len(ngrams))
        category = columns_of(self.model.heads)["category"]
        sure = ngrams[:, category].max(axis=1)
        return np.flatnonzero(sure < self.model.thresholds["both"].doubt)

    def _with_encoder(self, texts: list[str], ngrams: Floats) -> Floats:
        """Pool the encoder's probabilities with those of the n-grams."""
        encoder, view = self.encoder, self.model.encoder
        if encoder is None or view is None or not texts:
            return ngrams
        pooled = encoder.pool(texts)
        views = [ngrams, self._dense(encoder.vectors(pooled, encoder.upper), view)]
        if self.model.tuned is not None:
            vectors = encoder.vectors(pooled, self.model.tuned.upper)
            views.append(self._dense(vectors, self.model.tuned.view))
        return pool(views, self.model.groups)

    def _dense(self, vectors: Floats, view: View) -> Floats:
        return _by_head(vectors @ view.weights + view.bias, self.model)

    def _category(self, evidence: _Evidence) -> dict[str, NDArray[np.generic]]:
        probabilities = evidence.probabilities["category"]
        labels = self._labels("category")
        order = np.argsort(-probabilities, axis=1, kind="stable")
        best, second = order[:, 0], order[:, 1]
        rows = np.arange(len(order))
        named = probabilities[rows, second] >= evidence.thresholds.secondary
        if "other" in labels:  # "not a complaint" is never also complained about
            other = labels.tolist().index("other")
            named &= (second != other) & (best != other)
        columns: dict[str, NDArray[np.generic]] = {
            "category": labels[best],
            "category_confidence": probabilities[rows, best].astype(np.float64),
            "secondary_category": np.where(named, labels[second], ""),
        }
        for i, label in enumerate(labels):
            columns[f"p_{label}"] = probabilities[:, i].astype(np.float64)
        return columns

    def _reason(
        self, evidence: _Evidence, category: NDArray[np.generic]
    ) -> dict[str, NDArray[np.generic]]:
        """Choose the likeliest reason inside the category that was chosen."""
        if "reason" not in evidence.probabilities:
            return _blank(len(category), "reason", "reason_confidence")
        labels = self._labels("reason")
        probabilities = evidence.probabilities["reason"]
        home = np.array([self.model.reason_category.get(label, "") for label in labels])
        if self.model.reason_category:
            belongs = home[None, :] == category[:, None]
            probabilities = np.where(belongs | ~belongs.any(axis=1)[:, None], probabilities, 0)
            total = np.maximum(probabilities.sum(axis=1, keepdims=True), 1e-9)
            given = probabilities / total
        else:
            given = probabilities
        best = given.argmax(axis=1)
        confidence = given[np.arange(len(best)), best].astype(np.float64)
        return {"reason": labels[best], "reason_confidence": confidence}

    def _own_urgency(self, evidence: _Evidence) -> dict[str, NDArray[np.float64]]:
        """Return what the model itself says; NaN without a head for it."""
        n = len(evidence.known_share)
        if "urgency" not in evidence.probabilities:
            return {"urgency": np.full(n, np.nan), "p_urgent": np.full(n, np.nan)}
        probabilities = evidence.probabilities["urgency"].astype(np.float64)
        score = evidence.thresholds.urgency(urgency_score(probabilities))
        return {"urgency": np.round(score, 1), "p_urgent": probabilities[:, 2:].sum(axis=1)}

    def _emotion(self, evidence: _Evidence) -> dict[str, NDArray[np.generic]]:
        if "emotion" not in evidence.probabilities:
            return {"emotion": np.full(len(evidence.known_share), "", dtype=object)}
        best = evidence.probabilities["emotion"].argmax(axis=1)
        return {"emotion": self._labels("emotion")[best]}

    def _labels(self, name: str) -> NDArray[np.object_]:
        head = self.model.head(name)
        return np.array(head.labels if head else (), dtype=object)


def urgency_score(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn probabilities of the levels 0..3 into a score 0..100: the expected level.

    >>> urgency_score(np.array([[0.0, 0.0, 0.0, 1.0], [0.5, 0.5, 0.0, 0.0]])).round(1).tolist()
    [100.0, 16.7]
    """
    top = probabilities.shape[1] - 1
    result: NDArray[np.float64] = probabilities @ np.arange(top + 1) / top * 100
    return result


def _with_cues(
    own: dict[str, NDArray[np.float64]], floor: NDArray[np.float64]
) -> dict[str, NDArray[np.generic]]:
    """Raise the urgency to that of a cue in the text, and name the level it falls into."""
    score = np.fmax(own["urgency"], np.where(floor > 0, floor, np.nan))
    level = np.array(LEVELS, dtype=object)[np.searchsorted(LEVEL_BORDERS, score, side="right")]
    level[np.isnan(score)] = ""
    return {"urgency": score, "urgency_level": level, "p_urgent": own["p_urgent"]}


def _disagrees(
    own: dict[str, NDArray[np.float64]], floor: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Say where a cue found what is urgent and the model nothing above level low."""
    found: NDArray[np.bool_] = (floor >= LEVEL_BORDERS[1]) & (own["urgency"] < LEVEL_BORDERS[0])
    return found


def _by_head(scores: Floats, model: Model) -> Floats:
    """Turn a view's scores into probabilities, head by head (reasons inside their category)."""
    found = np.empty_like(scores)
    for group in model.groups:
        found[:, group] = softmax(scores[:, group])
    return found


def _review(
    tickets: pd.DataFrame, evidence: _Evidence, disagrees: NDArray[np.bool_]
) -> NDArray[np.object_]:
    """Say why a person should look first, or "" when the model is sure enough."""
    unknown = (tickets["language"] == UNDETERMINED).to_numpy()
    doubtful = evidence.probabilities["category"].max(axis=1) < evidence.thresholds.review
    new_words = evidence.known_share < _KNOWN_SHARE
    reasons = np.select(
        [
            unknown,
            disagrees,
            doubtful & (evidence.letters < _SHORT_TEXT),
            doubtful & new_words,
            doubtful,
        ],
        [
            "unknown_language",
            "rule_and_model_disagree",
            "too_short",
            "words_unknown",
            "categories_tie",
        ],
        default="",
    )
    return reasons.astype(object)


def _blank(n: int, text: str, number: str) -> dict[str, NDArray[np.generic]]:
    return {text: np.full(n, "", dtype=object), number: np.full(n, np.nan)}


def _chunks(texts: list[str]) -> Iterator[tuple[int, int]]:
    """Cut a batch into stretches of about `_CHUNK_CHARACTERS` characters."""
    start, size = 0, 0
    for i, text in enumerate(texts):
        size += len(text) + 1
        if size >= _CHUNK_CHARACTERS:
            yield start, i + 1
            start, size = i + 1, 0
    if start < len(texts):
        yield start, len(texts)
