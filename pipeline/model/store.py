"""A model folder: data, never code.

``model.json`` holds everything small and the list of the other files with their sizes and
SHA-256; ``ngrams.npz`` and ``encoder.npz`` hold arrays and are read with
``allow_pickle=False``. Loading checks every file before it reads it, and refuses in words.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.model import swap
from pipeline.model.heads import Calibration, Head, SparseView, Tuned, View, columns_of, pack
from pipeline.text.encoder import UPPER_SHAPES, VECTOR
from pipeline.text.features import FEATURES_VERSION, NgramSettings, Vocabulary
from pipeline.text.tokens import TOKENS_VERSION, dictionary_fingerprint

FORMAT = 1
#: The sets of views a model may decide from; each has its own calibration and thresholds.
VIEWS = ("ngrams", "both")
#: No array of an honest model comes near this; a forged header must not exhaust memory.
_MAX_ARRAY_BYTES = 1 << 30
#: Hashed columns of an honest model: 2**bits of them are allocated before anything is checked.
_FEWEST_BITS, _MOST_BITS = 2, 24
_ARRAY_FILES = ("ngrams.npz", "encoder.npz", "tuned.npz", "learnt.npz")
#: What else train.py writes beside the model.
CARD, METRICS, ISSUES = "card.md", "metrics.json", "label_issues.csv"
_OURS = frozenset(("model.json", *_ARRAY_FILES, CARD, METRICS, ISSUES))


@dataclass(frozen=True)
class Thresholds:
    """Where probabilities become decisions.

    Levels and review are learnt from held-out texts, the others set in `learn.deciding`.
    """

    urgency_levels: tuple[float, float, float]
    """Urgency score (0..100) from which a ticket is normal, high, critical."""
    urgent: float
    """From this ``p_urgent`` on lie 95 % of the urgent tickets (`learn.deciding`)."""
    review: float
    """Below this category probability a person should look (see metrics.json: coverage)."""
    secondary: float
    """From this probability the second category is named."""
    doubt: float
    """Below this n-gram confidence ``--encoder auto`` asks the encoder."""


class RowThresholds(NamedTuple):
    """The thresholds that hold for each ticket of a batch."""

    cuts: NDArray[np.float64]
    """Expected level x 100/3 from which a ticket is normal, high, critical; (n_tickets, 3)."""
    review: NDArray[np.float64]
    secondary: NDArray[np.float64]

    def urgency(self, score: NDArray[np.float64]) -> NDArray[np.float64]:
        """Stretch scores so that normal, high and critical begin at 25, 50 and 75.

        So the level follows from the urgency alone, whichever views decided. Piecewise
        linear between 0, the cuts and 100.
        """
        ends = np.column_stack([np.zeros(len(score)), self.cuts, np.full(len(score), 100.0)])
        place = (score[:, None] >= self.cuts).sum(axis=1)
        rows = np.arange(len(score))
        low, high = ends[rows, place], ends[rows, place + 1]
        part = (score - low) / np.maximum(high - low, 1e-9)
        found: NDArray[np.float64] = (place + np.clip(part, 0, 1)) * 25
        return found


@dataclass(frozen=True)
class Model:
    """Everything that scoring needs, as plain arrays and small tables."""

    heads: tuple[Head, ...]
    settings: NgramSettings
    vocabulary: Vocabulary
    ngrams: SparseView
    encoder: View | None
    tuned: Tuned | None
    encoder_name: str
    calibration: dict[str, dict[str, Calibration]]
    """``{"ngrams": {head: ...}, "both": {head: ...}}``: one for each set of views."""
    thresholds: dict[str, Thresholds]
    """``{"ngrams": ..., "both": ...}``."""
    reason_category: dict[str, str]
    """Which category each reason belongs to (empty when reasons are a head of their own)."""
    notes: dict[str, Any]
    """Training-data fingerprint, settings and metrics, as written in model.json."""
    fingerprint: str
    """SHA-256 of the array files and decisions: equal fingerprints decide alike."""
    learnt: NDArray[np.uint32] | None = None
    """Digests of the texts it learnt from (`digests_of`), sorted: it is not judged on those."""

    @cached_property
    def groups(self) -> list[NDArray[np.int64]]:
        """The outputs that are compared with each other: a head, or one category's reasons."""
        found = []
        for name, block in columns_of(self.heads).items():
            labels = self.heads[[head.name for head in self.heads].index(name)].labels
            homes = [self.reason_category.get(x, "") if name == "reason" else "" for x in labels]
            found += [
                block.start + np.flatnonzero([home == one for home in homes])
                for one in dict.fromkeys(homes)
            ]
        return found

    def tested(self, encoder: str) -> dict[str, float]:
        """Return the accuracy (0..1) on held-out texts by language; empty when never measured.

        :param encoder: auto, on or off, as the model was used.
        """
        held_out = self.notes.get("held_out", {}).get(encoder, {})
        return {
            language: found["accuracy"]
            for language, found in held_out.get("by_language", {}).items()
        }

    def row_thresholds(self, asked: NDArray[np.bool_]) -> RowThresholds:
        """Return each ticket's thresholds: those of the views that decided it.

        :param asked: Which tickets the encoder was asked about.
        """
        both, ngrams = self.thresholds["both"], self.thresholds["ngrams"]
        return RowThresholds(
            np.where(asked[:, None], both.urgency_levels, ngrams.urgency_levels),
            np.where(asked, both.review, ngrams.review),
            np.where(asked, both.secondary, ngrams.secondary),
        )

    def head(self, name: str) -> Head | None:
        """Return the head called `name`, or None when the model was not trained on it."""
        return next((head for head in self.heads if head.name == name), None)


def save(model: Model, folder: Path, beside: Mapping[str, bytes] | None = None) -> None:
    """Write `model` as `folder`, the whole folder or nothing (see `swap`).

    :param beside: Further files by name, such as card.md.
    :raises OutputError: The folder cannot be written; the model that was there is as it was.
    """
    files = {"ngrams.npz": _pack(_ngram_arrays(model))}
    if model.encoder is not None:
        files["encoder.npz"] = _pack(_view_arrays(model.encoder))
    if model.tuned is not None:
        upper = {name: array.astype(np.float16) for name, array in model.tuned.upper.items()}
        files["tuned.npz"] = _pack(_view_arrays(model.tuned.view) | upper)
    if model.learnt is not None:
        files["learnt.npz"] = _pack({"digests": model.learnt})
    document = {
        "format": FORMAT,
        "heads": {head.name: list(head.labels) for head in model.heads},
        "tokens_version": TOKENS_VERSION,
        "features_version": FEATURES_VERSION,
        "dictionary": dictionary_fingerprint(),
        "ngrams": model.settings._asdict(),
        "encoder": model.encoder_name,
        "calibration": {
            views: {head: one._asdict() for head, one in table.items()}
            for views, table in model.calibration.items()
        },
        "thresholds": {views: one.__dict__ for views, one in model.thresholds.items()},
        "reason_category": model.reason_category,
        "files": {
            name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in sorted(files.items())
        },
    }
    document["fingerprint"] = _fingerprint(document)
    document["notes"] = model.notes
    files["model.json"] = json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"
    swap.publish(files | dict(beside or {}), folder, ours=_OURS)


def load(folder: Path) -> Model:
    """Read a model folder.

    :raises ModelError: It is not a model folder, a file was altered, or it was made for other
        tokens, features or another format.
    """
    folder = swap.whole(folder)
    document = _read_document(folder)
    arrays = {name: _read_arrays(folder, name, document["files"]) for name in document["files"]}
    try:
        return _build(document, arrays)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ModelError(
            f"{folder}/model.json is incomplete or holds what does not fit: {error!r}. "
            "Train the model again or restore the folder."
        ) from error


def fingerprint(folder: Path) -> str:
    """Return the fingerprint of the model in `folder` without reading its arrays.

    :raises ModelError: As `load`, as far as model.json shows it.
    """
    return str(_read_document(swap.whole(folder))["fingerprint"])


def _read_document(folder: Path) -> dict[str, Any]:
    path = folder / "model.json"
    if not path.is_file():
        raise ModelError(
            f"{folder} is not a model folder: it has no model.json. "
            "Give --model a folder that train.py wrote, such as models/default."
        )
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise ModelError(f"{path} is not valid JSON ({error}). Restore the folder.") from error
    if not isinstance(document, dict) or not isinstance(document.get("files"), dict):
        raise ModelError(f"{path} is not a model description. Restore the folder.")
    wanted = {
        "format": FORMAT,
        "tokens_version": TOKENS_VERSION,
        "features_version": FEATURES_VERSION,
        "dictionary": dictionary_fingerprint(),
    }
    for key, value in wanted.items():
        if document.get(key) != value:
            raise ModelError(
                f"{path}: {key} is {document.get(key)!r}, this program reads {value!r}. "
                "Train the model again with this version: python train.py ..."
            )
    if document.get("fingerprint") != _fingerprint(document):
        raise ModelError(f"{path} was altered: its fingerprint does not fit. Restore the folder.")
    return document


def _read_arrays(folder: Path, name: str, files: dict[str, Any]) -> dict[str, NDArray[Any]]:
    if name not in _ARRAY_FILES:
        raise ModelError(f"{folder}/model.json lists {name!r}, which no model holds.")
    path, listed = folder / name, files[name]
    try:
        size_fits = path.stat().st_size == listed["bytes"]
        data = path.read_bytes() if size_fits else b""
    except (OSError, KeyError, TypeError) as error:
        raise ModelError(f"{path} cannot be read: {error}. Restore the folder.") from error
    if not size_fits or hashlib.sha256(data).hexdigest() != listed["sha256"]:
        raise ModelError(f"{path} was altered or cut: its SHA-256 differs from model.json.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_ARRAY_BYTES:
                raise ModelError(f"{path} would need more than 1 GB of memory: refused.")
        with np.load(io.BytesIO(data), allow_pickle=False) as loaded:
            return {key: loaded[key] for key in loaded.files}
    except (ValueError, OSError, EOFError, MemoryError, NotImplementedError) as error:
        raise ModelError(f"{path} does not hold plain arrays: {error}.") from error
    except (zipfile.BadZipFile, zlib.error) as error:
        raise ModelError(f"{path} does not hold plain arrays: {error}.") from error


def _build(document: dict[str, Any], arrays: dict[str, dict[str, NDArray[Any]]]) -> Model:
    settings = NgramSettings(**document["ngrams"])
    if not _FEWEST_BITS <= settings.bits <= _MOST_BITS:
        raise ValueError(f"{settings.bits} bits of columns")
    ngrams = arrays["ngrams.npz"]
    lookup = np.full(1 << settings.bits, -1, dtype=np.int32)
    lookup[ngrams["columns"]] = np.arange(len(ngrams["columns"]), dtype=np.int32)
    heads = tuple(Head(name, tuple(labels)) for name, labels in document["heads"].items())
    n_outputs = sum(len(head.labels) for head in heads)
    n_columns = len(ngrams["columns"])
    _check_shape("columns", np.unique(ngrams["columns"]), (n_columns,))
    _check_shape("weights", ngrams["weights"], (n_columns, n_outputs))
    _check_shape("scale", ngrams["scale"], (n_outputs,))
    _check_shape("bias", ngrams["bias"], (n_outputs,))
    _check_shape("idf", ngrams["idf"], (n_columns,))
    encoder = None
    if "encoder.npz" in arrays:
        encoder = _view(arrays["encoder.npz"], n_outputs)
    tuned = None
    if "tuned.npz" in arrays:
        upper = {
            name: arrays["tuned.npz"][name].astype(np.float32).reshape(shape)
            for name, shape in UPPER_SHAPES.items()
        }
        tuned = Tuned(upper, _view(arrays["tuned.npz"], n_outputs))
    return Model(
        heads=heads,
        settings=settings,
        vocabulary=Vocabulary(lookup, ngrams["idf"].astype(np.float32)),
        ngrams=SparseView(
            np.ascontiguousarray(ngrams["weights"], dtype=np.int8),
            ngrams["scale"].astype(np.float32),
            ngrams["bias"].astype(np.float32),
        ),
        encoder=encoder,
        tuned=tuned,
        encoder_name=document["encoder"],
        calibration={
            views: {
                head.name: _calibration(head, document["calibration"][views][head.name])
                for head in heads
            }
            for views in VIEWS
        },
        thresholds={
            views: Thresholds(
                **{
                    **document["thresholds"][views],
                    "urgency_levels": tuple(document["thresholds"][views]["urgency_levels"]),
                }
            )
            for views in VIEWS
        },
        reason_category=document["reason_category"],
        notes=document["notes"],
        fingerprint=document["fingerprint"],
        learnt=arrays["learnt.npz"]["digests"].astype(np.uint32)
        if "learnt.npz" in arrays
        else None,
    )


def _view(arrays: dict[str, NDArray[Any]], n_outputs: int) -> View:
    weights, bias = arrays["weights"].astype(np.float32), arrays["bias"].astype(np.float32)
    _check_shape("encoder weights", weights, (VECTOR, n_outputs))
    _check_shape("encoder bias", bias, (n_outputs,))
    return View(weights, bias)


def _view_arrays(view: View) -> dict[str, NDArray[Any]]:
    return {"weights": view.weights.astype(np.float16), "bias": view.bias}


def _calibration(head: Head, given: dict[str, Any]) -> Calibration:
    prior = tuple(map(float, given["prior"]))
    if len(prior) != len(head.labels):
        raise ValueError(f"prior of {head.name} has {len(prior)} numbers")
    return Calibration(float(given["temperature"]), prior)


def _check_shape(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"{name} of shape {array.shape} instead of {shape}")


def _ngram_arrays(model: Model) -> dict[str, NDArray[Any]]:
    hashed = np.flatnonzero(model.vocabulary.lookup >= 0)
    columns = np.empty(len(hashed), dtype=np.int32)
    columns[model.vocabulary.lookup[hashed]] = hashed
    idf = model.vocabulary.idf.astype(np.float16)
    arrays: dict[str, NDArray[Any]] = {"columns": columns, "idf": idf}
    return arrays | pack(model.ngrams)._asdict()


def digests_of(clean: pd.Series) -> NDArray[np.uint32]:
    """Return 32 bits of each cleaned text, case aside: enough to know it again, not to read it."""
    found = [
        int.from_bytes(hashlib.blake2b(text.casefold().encode(), digest_size=4).digest(), "big")
        for text in clean
    ]
    return np.array(found, dtype=np.uint32)


def _pack(arrays: dict[str, NDArray[Any]]) -> bytes:
    """Write arrays as an .npz whose bytes depend on the arrays alone (no time stamps)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.ascontiguousarray(array), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, entry.getvalue())
    return buffer.getvalue()


def _fingerprint(document: dict[str, Any]) -> str:
    decisive = {k: v for k, v in document.items() if k not in ("fingerprint", "notes")}
    canonical = json.dumps(decisive, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
