"""The letter statistics: the table that ships, a toy table, and a floor on the corpus."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import RulesError, TrainingError
from pipeline.learn import language_profiles
from pipeline.learn.language_profiles import Example
from pipeline.rules import languages
from pipeline.text import engines, script

CORPUS = Path(__file__).parents[2] / "data" / "corpus"
RULES = languages.load()


def _grams(texts):
    letters = script.read(texts)
    return engines.ngrams(letters, script.decide(letters).family)


def test_the_shipped_table_fits_the_shipped_languages():
    assert engines.load_profiles().columns == language_profiles.columns_of(RULES)
    assert engines.PROFILES.stat().st_size < 1_500_000


def test_grams_are_counted_by_hand():
    # "ab c" is |ab|c| with | for an edge. One letter: a b c. Two: |a ab b| |c c|.
    # Three: |ab ab| |c|. Four: |ab|.
    grams, sizes = _grams(["ab c", "!", "Й"])
    assert sizes.tolist() == [3, 0, 1]
    assert np.diff(grams.starts).tolist() == [3 + 5 + 3 + 1, 0, 1 + 2 + 1]
    edge, a, b = 0, ord("a"), ord("b")
    whole = [(a,), (edge, a), (edge, a, b), (edge, a, b, edge)]
    assert set(map(engines.bucket, whole)) <= set(grams.buckets[:12].tolist())


def test_case_and_masks_do_not_count():
    plain, _ = _grams(["où est ma valise"])
    other, _ = _grams(["OÙ EST <order> MA VALISE https://x.example/ab"])
    assert sorted(plain.buckets) == sorted(other.buckets)


def test_more_of_a_letter_pair_in_one_language_speaks_for_it():
    examples = [Example("en", "the thing there"), Example("es", "la cosa rota")] * 20
    columns = ("en/Latn", "es/Latn")
    weights = language_profiles.build(examples, columns)
    score = engines.sum_weights(_grams(["the thing", "la cosa"])[0], weights)
    assert score[0, 0] > 0 > score[0, 1]
    assert score[1, 0] < 0 < score[1, 1]
    assert np.abs(weights).max() <= language_profiles.CLIP


def test_saving_and_loading_gives_the_same_table_and_the_same_bytes(tmp_path):
    examples = [Example("en", "late again"), Example("es", "tarde otra vez")]
    profiles = language_profiles.profiles_of(examples, ("en/Latn", "es/Latn"), (2.0, 0.5))
    for name in ("one.npz", "two.npz"):
        language_profiles.save(profiles, tmp_path / name, corpus="none")
    loaded = engines.load_profiles(tmp_path / "one.npz")
    assert loaded.columns == profiles.columns
    assert loaded.temperature == profiles.temperature
    np.testing.assert_allclose(loaded.weights, profiles.weights, atol=1e-6)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_a_table_of_another_format_is_refused(tmp_path):
    path = tmp_path / "old.npz"
    np.savez_compressed(path, format=np.array(0))
    with pytest.raises(RulesError, match="format 0"):
        engines.load_profiles(path)


def test_a_wrong_line_is_named(tmp_path):
    path = tmp_path / "xx.jsonl"
    path.write_text('{"lang": "en", "text": "ok"}\n{"lang": "en"}\n', encoding="utf-8")
    with pytest.raises(TrainingError, match=r"xx\.jsonl line 2"):
        language_profiles.read_examples([path])


#: About 0.03 below what was measured out of fold (docs/decisions/0002); Malay against Indonesian
#: and Ukrainian against Russian are the hard pairs, on few texts.
FLOORS = {"ms": 0.80, "uk": 0.90, "id": 0.91}
OTHERS = 0.94


def test_no_language_falls_below_its_floor_on_texts_not_learnt_from():
    examples = language_profiles.read_examples(sorted(CORPUS.glob("**/*.jsonl")))
    learnt, held = examples[::2], examples[1::2]
    temperature = engines.load_profiles().temperature
    columns = language_profiles.columns_of(RULES)
    profiles = language_profiles.profiles_of(learnt, columns, temperature)
    accuracy = language_profiles.measure(held, RULES, profiles)
    low = {
        tag: round(accuracy.right[tag] / seen, 3)
        for tag, seen in accuracy.seen.items()
        if accuracy.right[tag] / seen < FLOORS.get(tag, OTHERS)
    }
    assert low == {}
