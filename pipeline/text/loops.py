"""The loops that every character of every ticket passes, compiled to machine code by Numba.

Written as plain loops over arrays, for that is what they are: the vectorised versions of the
same arithmetic read and wrote each n-gram a dozen times (docs/decisions/0004-features.md has
both side by side). Compiled code is kept beside the sources, or in the user's cache folder, so
that only the first run after an installation waits for the compiler; `make setup` does that.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

#: Odd 64-bit multipliers (the golden ratio; Murmur3's and splitmix64's finalisers).
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
#: Times n is added to the hash of n words, so that a word and the same characters inside one
#: differ.
_WORD_SEED = np.uint64(0xC2B2AE3D27D4EB4F)
_ONE = np.uint64(1)

_FNV = np.uint32(0x01000193)
_MURMUR_A = np.uint32(0x85EBCA6B)
_MURMUR_B = np.uint32(0xC2B2AE35)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function at its first call; keep the result on disk where there is a place.

    Without contraction or reordering of sums, so that machines agree.
    """
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # neither the package's folder nor the user's can be written
        return numba.njit(nogil=True)(function)


@compiled
def _mix(hashed: np.uint64) -> np.uint64:
    """Spread a hash over all 64 bits (splitmix64's finaliser, Steele et al. 2014)."""
    hashed = (hashed ^ (hashed >> np.uint64(30))) * _MIX_A
    hashed = (hashed ^ (hashed >> np.uint64(27))) * _MIX_B
    return hashed ^ (hashed >> np.uint64(31))


@compiled
def _look_up(lookup: NDArray[np.int32], hashed: np.uint64) -> np.int32:
    return lookup[hashed] if len(lookup) else np.int32(hashed)


@compiled
def find_windows(
    codes: NDArray[np.uint32],
    is_edge: NDArray[np.bool_],
    token_start: NDArray[np.bool_],
    offsets: NDArray[np.int64],
    lookup: NDArray[np.int32],
    shape: tuple[int, int, int, int],
    blank: np.uint32,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Every word and character n-gram of a batch whose hashed column `lookup` knows.

    An empty `lookup` knows every column and leaves it as it is.

    :param codes: Folded characters of all texts, each followed by `blank`.
    :param is_edge: True where a character ends a run of characters: blanks and symbols.
    :param shape: Shortest and longest character n-gram, longest word n-gram, bits of a column.
    :return: The text, the column and the token of each n-gram found, ordered by text; and how
        many n-grams each text has, known or not.
    """
    char_min, char_max, word_max, bits = shape
    shift = np.uint64(64 - bits)
    n_texts = len(offsets) - 1
    room = len(codes) * (char_max + word_max)
    document = np.empty(room, np.int32)
    column = np.empty(room, np.int32)
    token = np.empty(room, np.int32)
    every = np.zeros(n_texts, np.int32)
    grams = np.zeros(word_max + 1, np.uint64)
    n_found = 0
    n_tokens = 0
    token_of = np.empty(len(codes), np.int32)
    for text in range(n_texts):
        first, last = offsets[text], offsets[text + 1]
        n_all = 0
        # Words: the hash of n words grows from that of the first n - 1.
        first_token = n_tokens
        place = first
        while place < last:
            if not token_start[place]:
                token_of[place] = n_tokens - 1
                place += 1
                continue
            hashed = np.uint64(0)
            power = _ONE
            token_of[place] = n_tokens
            hashed += (np.uint64(codes[place]) + _ONE) * power
            place += 1
            while place < last and codes[place] != blank and not token_start[place]:
                power *= _BASE
                hashed += (np.uint64(codes[place]) + _ONE) * power
                token_of[place] = n_tokens
                place += 1
            for n in range(min(word_max, n_tokens - first_token + 1), 0, -1):
                grams[n] = hashed if n == 1 else _mix(grams[n - 1]) * _BASE + hashed
                n_all += 1
                known = _look_up(lookup, _mix(grams[n] + np.uint64(n) * _WORD_SEED) >> shift)
                if known >= 0:
                    document[n_found] = text
                    column[n_found] = known
                    token[n_found] = n_tokens - n + 1
                    n_found += 1
            n_tokens += 1
        # Characters: a window keeps one edge on either side, and never reaches over one.
        for begin in range(first - 1, last - 1):
            at_edge = begin < first or is_edge[begin]
            gram = (np.uint64(blank) if at_edge else np.uint64(codes[begin])) + _ONE
            for n in range(2, char_max + 1):
                end = begin + n - 1
                if end >= last or (n > 2 and is_edge[end - 1]):
                    break
                gram = gram * _BASE + (np.uint64(blank) if is_edge[end] else np.uint64(codes[end]))
                gram += _ONE
                if n < char_min or (n == 2 and at_edge and is_edge[end]):
                    continue
                n_all += 1
                known = _look_up(lookup, _mix(gram + np.uint64(n)) >> shift)
                if known >= 0:
                    middle = begin + n // 2
                    if is_edge[middle]:  # only a pair can have its middle on an edge
                        middle -= 1
                    document[n_found] = text
                    column[n_found] = known
                    token[n_found] = token_of[middle]
                    n_found += 1
        every[text] = n_all
    return document[:n_found], column[:n_found], token[:n_found], every


@compiled
def weigh_columns(
    document: NDArray[np.int32],
    column: NDArray[np.int32],
    idf: NDArray[np.float32],
    n_texts: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Sublinear counts x idf, each text's row of length 1: indptr, indices and data of a CSR."""
    indptr = np.zeros(n_texts + 1, np.int32)
    indices = np.empty(len(column), np.int32)
    data = np.empty(len(column), np.float32)
    times = np.zeros(len(idf), np.int32)
    n_kept = 0
    place = 0
    for text in range(n_texts):
        begin = n_kept
        while place < len(column) and document[place] == text:
            if times[column[place]] == 0:
                indices[n_kept] = column[place]
                n_kept += 1
            times[column[place]] += 1
            place += 1
        square = 0.0
        for i in range(begin, n_kept):
            seen = times[indices[i]]
            value = np.float64(idf[indices[i]])
            if seen > 1:
                value *= 1.0 + np.log(np.float64(seen))
            times[indices[i]] = 0
            data[i] = value
            square += value * value
        if square > 0:
            length = np.sqrt(square)
            for i in range(begin, n_kept):
                data[i] = data[i] / length
        indptr[text + 1] = n_kept
    return indptr, indices[:n_kept], data[:n_kept]


@compiled
def add_rows(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    data: NDArray[np.float32],
    weights: NDArray[Any],
    scale: NDArray[np.float32],
    bias: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Product of a CSR matrix and dense ``weights * scale``, plus the bias.

    :param weights: Shape (n_columns, n_outputs), one byte each or float32.
    :return: Shape (n_texts, n_outputs).
    """
    n_outputs = weights.shape[1]
    scores = np.empty((len(indptr) - 1, n_outputs), np.float32)
    total = np.empty(n_outputs, np.float32)
    for text in range(len(indptr) - 1):
        total[:] = 0
        for i in range(indptr[text], indptr[text + 1]):
            value = data[i]
            row = weights[indices[i]]
            for k in range(n_outputs):
                total[k] += value * np.float32(row[k])
        for k in range(n_outputs):
            scores[text, k] = total[k] * scale[k] + bias[k]
    return scores


@compiled
def add_tokens(
    column: NDArray[np.int32],
    token: NDArray[np.int32],
    idf: NDArray[np.float32],
    weights: NDArray[Any],
    scale: NDArray[np.float32],
    n_tokens: int,
) -> NDArray[np.float32]:
    """Sum, for each token and each of the first outputs, its n-grams' idf x weight.

    :param scale: One number for each of the outputs that are wanted.
    :return: Shape (n_tokens, len(scale)).
    """
    total = np.zeros((n_tokens, len(scale)), np.float32)
    for i in range(len(column)):
        row = weights[column[i]]
        own = total[token[i]]
        times = idf[column[i]]
        for k in range(len(scale)):
            own[k] += np.float32(row[k]) * scale[k] * times
    return total


@compiled
def find_letter_grams(
    letters: NDArray[np.uint32], bounds: NDArray[np.int64], longest: int, bits: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Bucket of every run of 1 to `longest` letters of every word, edges of words included.

    :param letters: Folded letters of all texts, 0 for what is none.
    :param bounds: Where each text begins, and the end of the last.
    :return: Buckets in the order of texts, and where each text's begin.
    """
    n_texts = len(bounds) - 1
    buckets = np.empty((len(letters) + 2 * n_texts) * longest, np.int32)
    starts = np.zeros(n_texts + 1, np.int32)
    cells = np.zeros(len(letters) + 2, np.uint32)
    n_found = 0
    for text in range(n_texts):
        # One edge cell (0) before the first word, between two words and after the last.
        size = 1
        for place in range(bounds[text], bounds[text + 1]):
            if letters[place] != 0 or cells[size - 1] != 0:
                cells[size] = letters[place]
                size += 1
        if cells[size - 1] != 0:
            cells[size] = 0
            size += 1
        for begin in range(size - 1):
            for n in range(1, longest + 1):
                end = begin + n - 1
                # A window may begin or end with an edge but never reaches over one.
                if end >= size or (n > 2 and cells[end - 1] == 0):
                    break
                if n > 1 or cells[begin] != 0:
                    buckets[n_found] = letter_bucket(cells[begin : end + 1], bits)
                    n_found += 1
        starts[text + 1] = n_found
    return buckets[:n_found], starts


@compiled
def letter_bucket(letters: NDArray[np.uint32], bits: int) -> np.int32:
    """Bucket of one run of letters: FNV-1's multiplier, MurmurHash3's finaliser."""
    value = np.uint32(len(letters))
    for letter in letters:
        value = np.uint32(value * _FNV) + letter
    value = np.uint32((value ^ (value >> np.uint32(16))) * _MURMUR_A)
    value = np.uint32((value ^ (value >> np.uint32(13))) * _MURMUR_B)
    return np.int32(value >> np.uint32(32 - bits))


@compiled
def sum_rows(
    starts: NDArray[np.int32], rows: NDArray[np.int32], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Sum the rows of `weights` that each text names; shape (n_texts, weights.shape[1])."""
    total = np.zeros((len(starts) - 1, weights.shape[1]), np.float32)
    for text in range(len(starts) - 1):
        own = total[text]
        for i in range(starts[text], starts[text + 1]):
            row = weights[rows[i]]
            for k in range(weights.shape[1]):
                own[k] += row[k]
    return total


@compiled
def hash_letters(
    codes: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    letters: NDArray[np.uint32],
    shortest: int,
) -> NDArray[np.uint64]:
    """Hash the letters of each text, masks aside; 0 where they have fewer than `shortest` bytes.

    :param letters: The folded letter of each character, 0 for what is none.
    """
    less, greater, first_small, last_small = 60, 62, 97, 122
    hashes = np.zeros(len(bounds) - 1, np.uint64)
    for text in range(len(bounds) - 1):
        hashed, n_bytes = np.uint64(0), 0
        place, last = bounds[text], bounds[text + 1]
        while place < last:
            code = codes[place]
            if code == less:
                end = place + 1
                while end < last and first_small <= codes[end] <= last_small:
                    end += 1
                if end < last and end > place + 1 and codes[end] == greater:
                    place = end + 1
                    continue
            letter = letters[code] if code < len(letters) else np.uint32(0)
            if letter != 0:
                hashed = hashed * _BASE + np.uint64(letter)
                n_bytes += 1 if letter < 0x80 else 2 if letter < 0x800 else 3
            place += 1
        if n_bytes >= shortest:
            hashes[text] = max(_mix(hashed), _ONE)
    return hashes


@compiled
def find_steps(
    codes: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    characters: NDArray[np.uint16],
    limit: int,
    tail: int,
) -> NDArray[np.int64]:
    """Which steps of cleaning each text may need; bits as in `pipeline.text.gate`."""
    suspect, after_suspect, invisible, unstable, html, space = 1, 2, 4, 8, 16, 32
    maskable, signature, in_signature, boundary = 64, 128, 256, 512
    mojibake, controls, compose, tags, runs, spaces, quotes, masks, length = (
        1, 2, 4, 8, 16, 32, 64, 128, 256,
    )  # fmt: skip
    newline, blank, hyphen, full_stop, slash, colon, greater = (
        10, 32, 45, 46, 47, 58, 62,
    )  # fmt: skip
    found = np.zeros(len(bounds) - 1, np.int64)
    for text in range(len(bounds) - 1):
        first, last = bounds[text], bounds[text + 1]
        needed = length if last - first > limit else 0
        if first < last and codes[first] == greater:
            needed |= quotes
        before, kind_before, times = np.uint32(0), space, 0
        for place in range(first, last):
            code = codes[place]
            if code >= len(characters):
                needed |= 511
                before, kind_before, times = code, 0, 0
                continue
            kind = int(characters[code])
            times = times + 1 if code == before else 1
            if times > 3:
                needed |= runs
            if kind != 0:
                if kind & invisible:
                    needed |= controls
                if kind & unstable:
                    needed |= compose
                if kind & html:
                    needed |= tags
                if kind & maskable:
                    needed |= masks
                if kind & space:
                    if kind_before & space or code < blank:
                        needed |= spaces
                    if code == newline or (code == blank and before == colon):
                        needed |= quotes
                if kind & after_suspect and kind_before & suspect:
                    needed |= mojibake
                if (
                    kind & in_signature
                    and kind_before & signature
                    and last - place <= tail
                    and (place - 2 < first or characters[codes[place - 2]] & boundary)
                ):
                    needed |= quotes
            if code == hyphen and before == hyphen:
                needed |= quotes
            # "://" and "www." of an address
            if (code == slash and before == colon) or (
                code == full_stop and (before == 119 or before == 87)
            ):
                needed |= masks
            before, kind_before = code, kind
        if first < last and kind_before & space:
            needed |= spaces
        found[text] = needed
    return found


def _warm_up() -> None:
    """Compile every loop for the types that scoring gives it."""
    import pandas as pd

    from pipeline.dispatch.text_key import text_keys
    from pipeline.rules import languages
    from pipeline.text import clean, features, language, tokens

    texts, tags = clean.clean(["late", "退款"]), ["en", "zh-Hans"]
    language.identify(texts, ["", ""], languages.load())
    folded = tokens.fold(texts, tags)
    settings = features.NgramSettings()
    every = features.windows(folded, settings)
    seen = features.document_frequency(every, settings)
    vocabulary = features.vocabulary_of(seen, 2, min_documents=1)
    found, _ = features.known_windows(folded, settings, vocabulary)
    matrix = features.weigh(found, 2, vocabulary)
    weights = np.zeros((matrix.shape[1], 2), np.int8)
    scale, bias = np.ones(2, np.float32), np.zeros(2, np.float32)
    add_rows(matrix.indptr, matrix.indices, matrix.data, weights, scale, bias)
    text_keys(pd.Series(texts))
    add_tokens(found.column, found.token, vocabulary.idf, weights, scale, 4)


if __name__ == "__main__":
    # Not this module's own functions: those of the module as everything else imports it, for
    # the cache is kept under that name.
    from pipeline.text.loops import _warm_up as warm_up

    warm_up()
