"""Folding and cutting: positions are kept, and every script is cut as its readers would expect."""

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text import tokens as room
from pipeline.text.tokens import SPACE, fold, is_mask, letters, token_bounds, tokens

TESTS = Path(__file__).parents[1]
MIXED = st.text(
    "aZß İé!?%<>,. \n中國退款龥䶵々のカー・ไเก้रक्षعربжЖ한ㅠ0९5😡❤️👍🏽\u200d\ud800", max_size=30
)
TAG = st.sampled_from(["zh-Hans", "zh-Hant", "ja", "en", "und"])


def _cut_cases():
    path = TESTS / "cases" / "tokens_cut.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        marks = [pytest.mark.xfail(strict=True)] if case.get("expect") == "fail" else []
        yield pytest.param(case, id=case["comment"], marks=marks)


@pytest.mark.parametrize("case", list(_cut_cases()))
def test_tokens_by_hand(case):
    assert tokens(fold([case["input"]], [case["language"]])) == [case["expected"]]


@settings(deadline=None, max_examples=80, derandomize=True)
@given(st.lists(st.tuples(MIXED, TAG), max_size=6))
def test_a_position_in_the_fold_is_a_position_in_the_text(pairs):
    texts, languages = [p[0] for p in pairs], [p[1] for p in pairs]
    folded = fold(texts, languages)
    assert np.diff(folded.offsets).tolist() == [len(text) + 1 for text in texts]
    for i, text in enumerate(texts):
        begin, end = folded.offsets[i : i + 2]
        for char, code in zip(text, folded.codes[begin:end], strict=False):
            if char.isascii() and char.isalnum():
                assert chr(code) == char.lower()
        assert folded.codes[end - 1] == SPACE
        assert (folded.document[begin:end] == i).all()


@settings(deadline=None, max_examples=80, derandomize=True)
@given(st.lists(st.tuples(MIXED, TAG), max_size=6))
def test_tokens_cover_every_character_that_is_not_blank_once(pairs):
    texts, languages = [p[0] for p in pairs], [p[1] for p in pairs]
    folded = fold(texts, languages)
    first, last = token_bounds(folded)
    assert (last > first).all()
    assert (first[1:] >= last[:-1]).all()
    inside = np.zeros(len(folded.codes), dtype=bool)
    for i, j in zip(first, last, strict=True):
        inside[i:j] = True
    blank = folded.codes == SPACE
    assert (inside[: folded.offsets[-1]] == ~blank[: folded.offsets[-1]]).all()
    assert folded.document[first].tolist() == folded.document[last - 1].tolist()


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.lists(st.tuples(MIXED, TAG), min_size=1, max_size=5))
def test_a_text_has_the_same_tokens_alone_and_in_a_batch(pairs):
    texts, languages = [p[0] for p in pairs], [p[1] for p in pairs]
    alone = [tokens(fold([text], [tag]))[0] for text, tag in pairs]
    assert tokens(fold(texts, languages)) == alone


def test_traditional_and_simplified_chinese_give_the_same_tokens():
    pairs = [("客服態度很差，說話難聽", "客服态度很差，说话难听"), ("運費險賠了嗎", "运费险赔了吗")]
    for traditional, simplified in pairs:
        found = tokens(fold([traditional, simplified], ["zh-Hant", "zh-Hans"]))
        assert found[0] == found[1]


def test_only_chinese_is_cut_by_the_dictionary():
    """Kanji keep together in Japanese, whatever a Chinese dictionary would say."""
    chinese, japanese = tokens(fold(["商品不良品質", "商品不良品質"], ["zh-Hant", "ja"]))
    assert len(japanese) == 1
    assert len(chinese) > 1


def _han_runs(rows_of_corpus):
    rows = rows_of_corpus(40, ("zh-Hans", "zh-Hant"))
    folded = fold([row["text"] for row in rows], ["und"] * len(rows))
    string = "".join(map(chr, folded.codes))
    return sorted(set(re.findall(r"[\u4e00-\u9fd5]+", string)))


@pytest.fixture(scope="module")
def jieba_cut():
    words = room._USER_DICTIONARY.read_text(encoding="utf-8").split()
    with pytest.warns(UserWarning, match="pip install rjieba"):
        return room._jieba_cutter(words)


def test_jieba_cuts_the_corpus_as_rjieba_does(rows_of_corpus, jieba_cut):
    pytest.importorskip("rjieba")
    fast = room.cutter()
    runs = _han_runs(rows_of_corpus)
    assert len(runs) > 300
    assert [run for run in runs if list(fast(run)) != list(jieba_cut(run))] == []


def test_either_cutter_keeps_the_words_of_the_user_dictionary_whole(jieba_cut):
    words = [w for w in room._USER_DICTIONARY.read_text("utf-8").split() if w.isalpha()]
    assert len(words) > 100
    for cut in (room.cutter(), jieba_cut):
        assert [word for word in words if list(cut(word)) != [word]] == []


def test_jieba_takes_over_when_rjieba_is_not_installed(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "rjieba", None)
    with pytest.warns(UserWarning, match="rjieba is not installed"):
        cut = room.cutter.__wrapped__()
    assert list(cut("我要退货退款")) == ["我要", "退货退款"]


def test_jieba_leaves_no_cache_in_the_shared_temporary_folder(monkeypatch, tmp_path):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cut = room._jieba_cutter(["到账"])
    assert list(cut("没有到账")) == ["没有", "到账"]
    assert list(tmp_path.iterdir()) == []


def test_the_simplified_fold_maps_one_character_to_one():
    table, _ = room._tables()
    for before, after in zip("國語說後發書飛體龍龜", "国语说后发书飞体龙龟", strict=True):
        assert chr(table[ord(before)]) == after
    assert fold(["國" * 50], ["zh-Hant"]).offsets.tolist() == [0, 51]


@pytest.mark.parametrize(
    ("text", "language", "n"),
    [
        ("ok!!! 😡", "en", 2),
        ("<money> <order> 5", "en", 1),
        ("退款，退款。", "zh-Hans", 4),
        ("すごーい", "ja", 4),
        ("не работает", "ru", 10),
        ("100% 👍", "und", 3),
        ("...", "und", 0),
        ("", "und", 0),
    ],
)
def test_letters_by_hand(text, language, n):
    """Blanks, signs, emoji and masks are none; digits are."""
    assert letters(fold([text, "abc", text], [language] * 3)).tolist() == [n, 3, n]


def test_masks_are_told_by_their_bracket():
    folded = fold(["paid <money>, 退款 on <date>"], ["en"])
    first, _ = token_bounds(folded)
    pairs = zip(tokens(folded)[0], is_mask(folded, first).tolist(), strict=True)
    assert [token for token, mask in pairs if mask] == ["<money>", "<date>"]


def test_the_fingerprint_of_the_dictionary_follows_its_words(monkeypatch, tmp_path):
    compute = room.dictionary_fingerprint.__wrapped__
    assert compute() == room.dictionary_fingerprint()
    more = tmp_path / "words.txt"
    more.write_text(room._USER_DICTIONARY.read_text(encoding="utf-8") + "新词\n", encoding="utf-8")
    monkeypatch.setattr(room, "_USER_DICTIONARY", more)
    assert compute() != room.dictionary_fingerprint()


def test_no_texts_and_empty_texts():
    assert letters(fold([], [])).tolist() == []
    assert tokens(fold([], [])) == []
    assert tokens(fold(["", "，。", " "], ["en", "zh-Hans", "und"])) == [[], [], []]
