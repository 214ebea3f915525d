"""From scores to probabilities, by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.model.heads import Calibration, Head, calibrate, columns_of, pool, softmax

SCORES = arrays(np.float32, (4, 3), elements=st.floats(-80, 80, width=32))
STEADY = settings(deadline=None, max_examples=60, derandomize=True)


def _row(*values):
    return np.array([values], dtype=np.float32)


def test_softmax_by_hand():
    """exp of ln 6, ln 1, ln 1 is 6 : 1 : 1."""
    assert softmax(_row(np.log(6), 0, 0))[0].tolist() == pytest.approx([0.75, 0.125, 0.125])


@STEADY
@given(SCORES)
def test_probabilities_sum_to_one_and_keep_the_order_of_the_scores(scores):
    found = softmax(scores)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert (found >= 0).all()
    assert (np.take_along_axis(found, scores.argmax(1)[:, None], 1)[:, 0] == found.max(1)).all()


def test_softmax_of_huge_scores_does_not_overflow():
    assert softmax(_row(1e30, 0))[0].tolist() == [1, 0]


def test_each_head_has_its_own_columns():
    heads = (Head("a", ("x", "y", "z")), Head("b", ("u", "v")), Head("c", ("w", "t")))
    assert columns_of(heads) == {"a": slice(0, 3), "b": slice(3, 5), "c": slice(5, 7)}


@pytest.mark.parametrize(
    ("calibration", "expected"),
    [
        (Calibration(1.0, (0.0, 0.0)), [0.8, 0.2]),  # nothing to do
        (Calibration(2.0, (0.0, 0.0)), [2 / 3, 1 / 3]),  # roots: 2 : 1
        (Calibration(0.5, (0.0, 0.0)), [16 / 17, 1 / 17]),  # squares: 16 : 1
        (Calibration(1.0, (0.0, float(np.log(4)))), [0.5, 0.5]),  # 0.8 : 0.2 * 4
        (Calibration(2.0, (0.0, float(np.log(4)))), [1 / 3, 2 / 3]),  # 2 : 1 * 4
    ],
)
def test_calibration_by_hand(calibration, expected):
    assert calibrate(_row(0.8, 0.2), calibration)[0].tolist() == pytest.approx(expected, abs=1e-6)


def test_a_probability_of_zero_stays_finite():
    assert np.isfinite(calibrate(_row(1.0, 0.0), Calibration(5.0, (0.0, 0.0)))).all()


def test_the_pool_of_two_views():
    """sqrt(.9 x .4) : sqrt(.1 x .6) = .6 : .245"""
    found = pool([_row(0.9, 0.1), _row(0.4, 0.6)])[0].tolist()
    assert found == pytest.approx([0.7101, 0.2899], abs=1e-4)
