"""A model folder: the same after a round trip, the same bytes each time, refused when it lies."""

import hashlib
import io
import json
import os
import shutil
import zipfile

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.model import store
from pipeline.model.scoring import Scorer
from pipeline.text.encoder import UPPER_SHAPES
from tests.model.toy import ODDS, toy_model

N = len(ODDS)


@pytest.fixture
def folder(tmp_path):
    store.save(toy_model(), tmp_path / "model")
    return tmp_path / "model"


def edit(folder, change, *, sign=True):
    """Change model.json; `sign` makes its fingerprint fit again, as a forger would."""
    path = folder / "model.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    if sign:
        document["fingerprint"] = store._fingerprint(document)
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def put(folder, name, data):
    """Put a forged array file, with a list of files that vouches for it."""
    (folder / name).write_bytes(data)
    listed = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    edit(folder, lambda document: document["files"].update({name: listed}))


def forge(folder, file="ngrams.npz", **changes):
    """Replace arrays of a file."""
    with np.load(folder / file) as loaded:
        arrays = {name: loaded[name] for name in loaded.files} | changes
    put(folder, file, store._pack(arrays))


def zipped(**entries):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def refusal(folder):
    with pytest.raises(ModelError) as caught:
        store.load(folder)
    message = str(caught.value)
    assert str(folder) in message
    assert "\n" not in message
    return message


def probabilities(model, texts):
    found = Scorer(model, "off").probabilities(texts, ["zh-Hans"] * len(texts))
    return np.concatenate(list(found.values()), axis=1)


# --- Round trip ------------------------------------------------------------------------------


def test_a_trained_model_decides_alike_after_a_round_trip(rows_of_corpus, tmp_path):
    from pipeline import ComplaintModel

    rows = rows_of_corpus(5, ("en", "zh-Hans", "ru"))
    texts = [row["text"] for row in rows]
    fitted = ComplaintModel().fit(texts, [row["category"] for row in rows])
    fitted.save(tmp_path / "model")
    loaded = ComplaintModel.load(tmp_path / "model", encoder="off")
    before, after = fitted.predict_proba(texts), loaded.predict_proba(texts)
    assert np.abs(before - after).max() < 0.005
    assert before.std(axis=0).min() > 0.005  # the texts do differ


def test_weights_in_one_byte_keep_small_ones_beside_a_large_one(tmp_path):
    model = toy_model()
    store.save(model, tmp_path)
    texts = ["late", "broken", "both", "fire", "迟到", "thanks late", "unheard of"]
    again = store.load(tmp_path)
    assert np.abs(probabilities(model, texts) - probabilities(again, texts)).max() < 0.005


def test_everything_small_comes_back(folder):
    model, loaded = toy_model(), store.load(folder)
    for name in ("heads", "settings", "calibration", "thresholds", "reason_category", "notes"):
        assert getattr(loaded, name) == getattr(model, name), name
    assert (loaded.vocabulary.lookup == model.vocabulary.lookup).all()


def test_an_encoder_view_comes_back(encoder_model, tmp_path):
    model = store.load(encoder_model)
    assert model.encoder is not None
    store.save(model, tmp_path)
    again = store.load(tmp_path)
    np.testing.assert_array_equal(again.encoder.weights, model.encoder.weights)
    np.testing.assert_array_equal(again.tuned.view.weights, model.tuned.view.weights)
    assert sorted(again.tuned.upper) == sorted(UPPER_SHAPES)
    for name, shape in UPPER_SHAPES.items():
        assert again.tuned.upper[name].shape == shape
        np.testing.assert_array_equal(again.tuned.upper[name], model.tuned.upper[name])
    assert again.fingerprint == model.fingerprint


def test_the_same_model_saved_twice_is_the_same_bytes(folder, tmp_path):
    store.save(toy_model(), tmp_path / "again")
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["model.json", "ngrams.npz"]
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_no_clock_gets_into_the_bytes(folder):
    with zipfile.ZipFile(folder / "ngrams.npz") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_saving_what_was_loaded_changes_nothing(folder, tmp_path):
    store.save(store.load(folder), tmp_path / "again")
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


# --- Refusals --------------------------------------------------------------------------------


def test_a_folder_without_a_model(tmp_path):
    message = refusal(tmp_path)
    assert "no model.json" in message
    assert "train.py" in message
    assert "no model.json" in refusal(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"files": 3}', b"null"])
def test_a_model_json_that_is_none(folder, content):
    (folder / "model.json").write_bytes(content)
    assert "Restore the folder" in refusal(folder)


@pytest.mark.parametrize("key", ["format", "tokens_version", "features_version", "dictionary"])
@pytest.mark.parametrize("value", [0, 99, "1", None])
def test_another_version_is_refused_with_both_numbers(folder, key, value):
    edit(folder, lambda document: document.update({key: value}))
    message = refusal(folder)
    assert f"{key} is {value!r}" in message
    assert "Train the model again" in message


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["thresholds"]["ngrams"].update(review=0.0),
        lambda d: d["heads"]["category"].reverse(),
        lambda d: d["calibration"]["ngrams"]["category"].update(temperature=9.0),
        lambda d: d.update(fingerprint="0" * 64),
        lambda d: d.pop("fingerprint"),
        lambda d: d["reason_category"].update(delayed="quality"),
    ],
)
def test_an_edited_decision_is_noticed(folder, change):
    edit(folder, change, sign=False)
    assert "fingerprint does not fit" in refusal(folder)


def test_the_order_of_the_heads_is_part_of_the_fingerprint(folder):
    def swap(document):
        document["heads"] = dict(reversed(document["heads"].items()))

    edit(folder, swap, sign=False)
    assert "fingerprint does not fit" in refusal(folder)


@pytest.mark.parametrize("damage", ["flip", "cut", "grow", "remove"])
def test_a_damaged_array_file_is_noticed(folder, damage):
    path = folder / "ngrams.npz"
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    path.write_bytes({"cut": data[:-1], "grow": data + b"\0"}.get(damage, data))
    if damage == "remove":
        path.unlink()
    message = refusal(folder)
    assert "ngrams.npz" in message


@pytest.mark.parametrize("name", ["../evil.npz", "/etc/passwd", "a/ngrams.npz", "code.py", ""])
def test_no_other_file_is_opened(folder, name, monkeypatch):
    edit(folder, lambda document: document["files"].update({name: {"bytes": 0, "sha256": ""}}))
    assert "which no model holds" in refusal(folder)


@pytest.mark.parametrize("listed", [None, 3, [], {"bytes": 1}, {}])
def test_a_nonsensical_list_of_files(folder, listed):
    edit(folder, lambda document: document["files"].update({"ngrams.npz": listed}))
    refusal(folder)


@pytest.mark.parametrize(
    "key", ["heads", "ngrams", "encoder", "calibration", "thresholds", "reason_category", "notes"]
)
def test_a_missing_part_is_refused(folder, key):
    edit(folder, lambda document: document.pop(key))
    assert key in refusal(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"weights": np.zeros((3, 3), dtype=np.int8)},
        {"columns": np.zeros(2, dtype=np.int32)},
        {"scale": np.ones(2, dtype=np.float32)},
    ],
)
def test_arrays_that_do_not_fit_each_other_are_refused(folder, change):
    forge(folder, **change)
    assert "does not fit" in refusal(folder)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"bias": np.zeros(3, dtype=np.float32)}, id="bias"),
        pytest.param({"idf": np.zeros(2, dtype=np.float16)}, id="idf"),
        pytest.param({"columns": np.arange(N, dtype=np.int32) + (1 << 20)}, id="out of range"),
        pytest.param({"columns": np.zeros(N, dtype=np.int32)}, id="columns twice"),
    ],
)
def test_arrays_that_scoring_cannot_use_are_refused(folder, change):
    forge(folder, **change)
    refusal(folder)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("encoder.npz", "weights"), ("encoder.npz", "bias"),
        ("tuned.npz", "weights"), ("tuned.npz", "bias"), ("tuned.npz", "d0"),
    ],
)  # fmt: skip
def test_an_encoder_view_that_does_not_fit_is_refused(encoder_model, tmp_path, file, name):
    shutil.copytree(encoder_model, tmp_path / "model")
    forge(tmp_path / "model", file, **{name: np.zeros((3, 3), dtype=np.float16)})
    assert "does not fit" in refusal(tmp_path / "model")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda d: d["heads"].pop("category"), id="no category"),
        pytest.param(lambda d: d["calibration"].pop("ngrams"), id="no calibration"),
        pytest.param(lambda d: d["calibration"]["ngrams"].pop("urgency"), id="one head's"),
        pytest.param(lambda d: d["calibration"].pop("both"), id="no calibration of both"),
        pytest.param(
            lambda d: d["calibration"]["both"]["category"]["prior"].pop(), id="short prior"
        ),
        pytest.param(lambda d: d["thresholds"].pop("ngrams"), id="no thresholds"),
        pytest.param(lambda d: d["thresholds"]["both"].update(tie=0.15), id="a threshold of old"),
        pytest.param(lambda d: d["heads"]["category"].append("more"), id="a label too many"),
        pytest.param(lambda d: d["ngrams"].update(bits=40), id="a terabyte of columns"),
        pytest.param(lambda d: d["ngrams"].update(bits=1), id="two columns"),
    ],
)
def test_a_model_that_could_not_score_is_refused(folder, change):
    edit(folder, change)
    refusal(folder)


# --- Hostile files ---------------------------------------------------------------------------


class _Trap:
    """Unpickling this makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_pickled_objects_are_refused_and_never_run(folder, tmp_path):
    trap = tmp_path / "sprung"
    entry = io.BytesIO()
    np.lib.format.write_array(entry, np.array([_Trap(trap)], dtype=object), allow_pickle=True)
    with np.load(folder / "ngrams.npz") as loaded:
        entries = {}
        for name in loaded.files:
            plain = io.BytesIO()
            np.lib.format.write_array(plain, loaded[name], allow_pickle=False)
            entries[name] = plain.getvalue()
    put(folder, "ngrams.npz", zipped(**(entries | {"weights": entry.getvalue()})))
    assert "does not hold plain arrays" in refusal(folder)
    assert not trap.exists()


@pytest.mark.parametrize("content", [b"not a zip", b"PK\x03\x04", b""])
def test_what_is_no_archive_is_refused(folder, content):
    put(folder, "ngrams.npz", content)
    assert "does not hold plain arrays" in refusal(folder)


def test_nothing_is_unpickled_while_loading(folder, encoder_model, monkeypatch):
    import pickle

    plain_load = np.load

    def careful(*args, allow_pickle=None, **kwargs):
        assert allow_pickle is False
        return plain_load(*args, allow_pickle=False, **kwargs)

    def never(*args, **kwargs):
        raise AssertionError("unpickled")

    monkeypatch.setattr(np, "load", careful)
    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, never)
    store.load(folder)
    store.load(encoder_model)


def test_an_archive_that_unpacks_to_too_much_is_refused(folder, monkeypatch):
    monkeypatch.setattr(store, "_MAX_ARRAY_BYTES", 1000)
    forge(folder, weights=np.zeros((N, 16), dtype=np.int8), bias=np.zeros(500, dtype=np.float32))
    assert "memory" in refusal(folder)


def test_a_header_that_claims_a_huge_array_is_refused(folder):
    header = io.BytesIO()
    claim = {"descr": "|i1", "fortran_order": False, "shape": (1 << 50,)}
    np.lib.format.write_array_header_1_0(header, claim)
    put(folder, "ngrams.npz", zipped(columns=header.getvalue() + b"\0"))
    refusal(folder)


def test_a_copied_folder_is_the_same_model(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    assert store.load(tmp_path / "copy").fingerprint == store.load(folder).fingerprint


def test_a_model_without_encoder_replaces_one_with_it(encoder_model, tmp_path):
    shutil.copytree(encoder_model, tmp_path / "model")
    store.save(toy_model(), tmp_path / "model")
    names = sorted(path.name for path in (tmp_path / "model").iterdir() if path.suffix == ".npz")
    assert names == ["ngrams.npz"]
