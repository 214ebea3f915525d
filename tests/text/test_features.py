"""N-grams against a plain reference, and the weights against scikit-learn's formula by hand."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.features import (
    NgramSettings,
    Vocabulary,
    Windows,
    count,
    document_frequency,
    known,
    vocabulary_of,
    weigh,
    windows,
)
from pipeline.text.tokens import fold, tokens

#: 2**31 columns: among the few thousand n-grams of a test two hardly ever share one by chance.
WIDE = NgramSettings(bits=31)
ALPHABET = st.text("abc ,!?<é中退款のカ한ไरж😡", max_size=14)
BATCH = st.lists(ALPHABET, min_size=1, max_size=6)
STEADY = settings(deadline=None, max_examples=80, derandomize=True)


def reference(text, language, ngrams):
    """The n-grams of one text, by the definition in words: no array, no hash.

    Words: every run of 1 .. word_max neighbouring tokens. Characters: every stretch of
    char_min .. char_max characters inside a run of non-blank characters to which one blank is
    added on either side (scikit-learn's char_wb); signs with a meaning of their own count as
    blanks there, and two blanks alone are no n-gram.
    """
    folded = fold([text], [language])
    words = tokens(folded)[0]
    found = [
        ("word", tuple(words[i : i + n]))
        for n in range(1, ngrams.word_max + 1)
        for i in range(len(words) - n + 1)
    ]
    pairs = zip(folded.codes, folded.symbol, strict=True)
    plain = "".join(" " if sign else chr(code) for code, sign in pairs)
    for run in plain.split():
        padded = f" {run} "
        for n in range(ngrams.char_min, ngrams.char_max + 1):
            found += [("char", padded[i : i + n]) for i in range(len(padded) - n + 1)]
    return Counter(found)


def columns_of(texts, languages, ngrams):
    """How often each document has each column."""
    found = windows(fold(texts, languages), ngrams)
    counted = [Counter() for _ in texts]
    for document, column in zip(found.document.tolist(), found.column.tolist(), strict=True):
        counted[document][column] += 1
    return counted


def assert_same_ngrams(texts, languages, ngrams=WIDE):
    """Equal up to a renaming of n-grams to columns that maps no two to one."""
    expected = [reference(t, tag, ngrams) for t, tag in zip(texts, languages, strict=True)]
    found = columns_of(texts, languages, ngrams)
    assert [sorted(e.values()) for e in expected] == [sorted(f.values()) for f in found]
    assert len(set().union(*expected)) == len(set().union(*found))
    together = [(set(a) & set(b)) for a, b in pairwise(expected)]
    shared = [(set(a) & set(b)) for a, b in pairwise(found)]
    assert [len(one) for one in together] == [len(one) for one in shared]


@STEADY
@given(BATCH)
def test_ngrams_are_those_of_the_reference(texts):
    assert_same_ngrams(texts, ["zh-Hans"] * len(texts))


@pytest.mark.parametrize(
    "ngrams", [NgramSettings(3, 3, 1, 31), NgramSettings(2, 7, 3, 31), NgramSettings(2, 2, 4, 31)]
)
def test_settings_choose_the_ngrams(ngrams):
    texts = [
        "not as described!",
        "退货 退款 not as",
        "",
        "色が違う。色が違う",
        "не пришла посылка 😡",
    ]
    assert_same_ngrams(texts, ["en", "zh-Hans", "und", "ja", "ru"], ngrams)


def test_ngrams_of_the_corpus_are_those_of_the_reference(rows_of_corpus):
    rows = rows_of_corpus(3, ("en", "zh-Hant", "ja", "th", "ar", "ko"))
    assert_same_ngrams([row["text"] for row in rows], [row["lang"] for row in rows])


def test_two_letters_by_hand():
    """ok: the word; " o" "ok" "k " " ok" "ok " " ok "."""
    found = windows(fold(["ok"], ["en"]), WIDE)
    assert len(found.column) == len(set(found.column.tolist())) == 7


def test_pairs_of_words_that_share_letters_have_columns_of_their_own():
    """Sums of powers would give "ab cd" and "db ca" the same column, letter by letter."""
    pair = NgramSettings(9, 2, 2, 31)
    first, second = columns_of(["ab cd", "db ca"], ["en", "en"], pair)
    assert not set(first) & set(second)


@STEADY
@given(BATCH, st.integers(0, 5))
def test_a_text_has_the_same_columns_wherever_it_stands(texts, place):
    text = texts[place % len(texts)]
    alone = columns_of([text], ["zh-Hans"], NgramSettings())[0]
    assert columns_of(texts, ["zh-Hans"] * len(texts), NgramSettings())[place % len(texts)] == alone


def test_no_window_crosses_from_one_text_to_the_next():
    """What two texts have apart, they have together: no n-gram of "a" + "b"."""
    texts = ["ab", "cd"]
    apart = [columns_of([text], ["en"], WIDE)[0] for text in texts]
    assert columns_of(texts, ["en", "en"], WIDE) == apart
    joined = columns_of(["ab cd"], ["en"], WIDE)[0]
    assert len(joined - apart[0] - apart[1]) == 1  # the pair of words alone is new


@pytest.mark.parametrize("text", ["", " ", "，。", "...", "\u200d"])
def test_a_text_without_words_has_no_ngrams(text):
    assert len(windows(fold([text], ["und"]), WIDE).column) == 0


@pytest.mark.parametrize(("text", "n"), [("!", 1), ("?!", 3), ("😡", 1), ("😡😡 👍", 5)])
def test_signs_and_emoji_are_words_without_character_ngrams(text, n):
    """?! is two words and one pair; 😡😡👍 three words and two pairs."""
    assert len(windows(fold([text], ["und"]), WIDE).column) == n


@STEADY
@given(BATCH)
def test_each_ngram_names_a_token_of_its_own_text(texts):
    languages = ["zh-Hans"] * len(texts)
    folded = fold(texts, languages)
    found = windows(folded, WIDE)
    home = folded.document[folded.token_start]
    assert (home[found.token] == found.document).all()


def test_the_word_and_its_characters_name_its_token():
    """Four tokens; the middle of every n-gram of "late", blanks included, is in the third."""
    folded = fold(["it is late now"], ["en"])
    found = windows(folded, WIDE)
    alone = set(windows(fold(["late"], ["en"]), WIDE).column.tolist())
    named = {
        t for t, c in zip(found.token.tolist(), found.column.tolist(), strict=True) if c in alone
    }
    assert named == {2}


def test_an_ngram_across_two_tokens_names_the_one_that_holds_its_middle():
    """退款 不行: the words, then the threes " 退款" 退款不 款不行 "不行 " in their order."""
    folded = fold(["退款不行"], ["zh-Hans"])
    assert tokens(folded) == [["退款", "不行"]]
    assert windows(folded, NgramSettings(3, 3, 1, 31)).token.tolist() == [0, 1, 0, 0, 1, 1]


def _windows(pairs):
    document, column = (np.array(values, dtype=np.int32) for values in zip(*pairs, strict=True))
    return Windows(document, column, np.zeros(len(document), dtype=np.int32))


def test_weights_by_hand():
    """Two documents of a 4-column hash; column 0 is seen in both, column 2 in the first alone.

    idf = ln((1 + 2) / (1 + df)) + 1: column 0 has 1, column 2 has ln 1.5 + 1 = 1.405.
    The first document has column 0 three times, (1 + ln 3) * 1 = 2.099, and column 2 once.
    """
    found = _windows([(0, 2), (0, 0), (0, 0), (0, 0), (1, 0)])
    ngrams = NgramSettings(bits=2)
    frequency = document_frequency(found, ngrams)
    assert frequency.tolist() == [2, 0, 1, 0]
    vocabulary = vocabulary_of(frequency, 2, min_documents=1)
    assert vocabulary.lookup.tolist() == [0, -1, 1, -1]
    assert vocabulary.idf.tolist() == pytest.approx([1.0, math.log(1.5) + 1])
    matrix = count(found, 2, vocabulary).toarray()
    a, b = (1 + math.log(3)) * 1.0, (math.log(1.5) + 1)
    length = math.hypot(a, b)
    assert matrix.tolist()[0] == pytest.approx([a / length, b / length], abs=1e-6)
    assert matrix.tolist()[1] == [1.0, 0.0]


def test_weights_are_those_of_scikit_learn():
    from sklearn.feature_extraction.text import TfidfTransformer

    texts = ["late late parcel", "parcel broken", "très late", "退款 退款 late"]
    found = windows(fold(texts, ["en"] * 4), NgramSettings())
    vocabulary = vocabulary_of(document_frequency(found, NgramSettings()), 4, min_documents=1)
    ones = count(found, 4, vocabulary)
    plain = np.zeros(ones.shape)
    np.add.at(plain, (found.document, vocabulary.lookup[found.column]), 1)
    expected = TfidfTransformer(sublinear_tf=True).fit_transform(plain).toarray()
    np.testing.assert_allclose(ones.toarray(), expected, atol=1e-6)


def test_rare_and_unknown_columns_are_left_out():
    vocabulary = vocabulary_of(np.array([5, 1, 0, 2]), 5, min_documents=2)
    assert vocabulary.lookup.tolist() == [0, -1, -1, 1]
    matrix = count(_windows([(0, 1), (1, 3), (1, 2)]), 3, vocabulary)
    assert matrix.toarray().tolist() == [[0, 0], [0, 1], [0, 0]]


@STEADY
@given(BATCH)
def test_a_row_has_the_same_values_wherever_it_stands(texts):
    languages = ["en"] * len(texts)
    found = windows(fold(texts, languages), NgramSettings(bits=10))
    frequency = document_frequency(found, NgramSettings(bits=10))
    vocabulary = vocabulary_of(frequency, len(texts), min_documents=1)
    whole = count(found, len(texts), vocabulary)
    for i, text in enumerate(texts):
        alone = count(windows(fold([text], ["en"]), NgramSettings(bits=10)), 1, vocabulary)
        assert (whole[i] != alone).nnz == 0


def test_a_row_of_known_ngrams_has_length_one_and_others_zero():
    texts = ["parcel lost", "", "😡", "zzzz"]
    found = windows(fold(texts, ["en"] * 4), NgramSettings())
    seen = document_frequency(windows(fold(texts[:1], ["en"]), NgramSettings()), NgramSettings())
    matrix = count(found, 4, vocabulary_of(seen, 1, min_documents=1))
    lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1)).A1
    assert lengths.tolist() == pytest.approx([1, 0, 0, 0], abs=1e-6)


def test_known_ngrams_get_the_columns_of_the_model():
    vocabulary = vocabulary_of(np.array([5, 1, 0, 2]), 5, min_documents=2)
    found = known(Windows(*np.array([[0, 0, 1, 1], [3, 1, 0, 3], [7, 8, 9, 6]])), vocabulary)
    assert [part.tolist() for part in found] == [[0, 1, 1], [1, 0, 1], [7, 9, 6]]
    again = weigh(found, 2, vocabulary)
    counted = count(_windows([(0, 3), (0, 1), (1, 0), (1, 3)]), 2, vocabulary)
    assert (again != counted).nnz == 0


def test_no_documents():
    found = windows(fold([], []), NgramSettings())
    nothing = Vocabulary(np.full(1 << 20, -1, dtype=np.int32), np.zeros(0, dtype=np.float32))
    assert count(found, 0, nothing).shape == (0, 0)
