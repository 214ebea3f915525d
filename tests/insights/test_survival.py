"""Times that count open tickets: by hand, and against lifelines."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.insights.survival import done_within, kaplan_meier, proportion, quantile


def test_open_tickets_lengthen_the_median():
    # Ten tickets answered after 1 ... 10 hours: half are done by hour 5.
    hours = np.arange(1.0, 11.0)
    done = np.ones(10, bool)
    assert quantile(kaplan_meier(hours, done), 0.5).value == 5
    # Ten more that have waited 20 hours without an answer: half are done by hour 10.
    both = np.append(hours, np.full(10, 20.0))
    still = np.append(done, np.zeros(10, bool))
    assert quantile(kaplan_meier(both, still), 0.5).value == 10
    # One more, and it is not known any longer.
    assert (
        quantile(kaplan_meier(np.append(both, 20.0), np.append(still, False)), 0.5).value == np.inf
    )


def test_a_ticket_that_left_early_counts_until_then():
    # 1 of 4 done at hour 1; one open since hour 2 leaves; 1 of 2 done at hour 3: 3/4 * 1/2.
    curve = kaplan_meier(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, True, False]))
    assert curve.open.tolist() == [0.75, 0.375]
    assert done_within(curve, 3).value == 0.625
    assert done_within(curve, 0.5).value == 0


@pytest.mark.filterwarnings("ignore:Approximating")
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_agrees_with_lifelines(seed, share):
    lifelines = pytest.importorskip("lifelines")
    from lifelines.utils import qth_survival_times

    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 200))
    took, waited = rng.exponential(10, n).round(1), rng.exponential(25, n).round(1)
    hours, done = np.minimum(took, waited), took <= waited
    ours = kaplan_meier(hours, done)
    theirs = lifelines.KaplanMeierFitter().fit(hours, done)
    assert ours.open == pytest.approx(theirs.predict(ours.times).to_numpy())
    bands = theirs.confidence_interval_survival_function_.loc[ours.times].to_numpy()
    inside = ours.open > 0
    assert np.column_stack([ours.low, ours.high])[inside] == pytest.approx(bands[inside])
    estimate = quantile(ours, share)
    assert estimate.value == theirs.percentile(1 - share)
    limits = qth_survival_times(1 - share, theirs.confidence_interval_survival_function_.dropna())
    lower, upper = sorted(float(one) for one in limits.to_numpy().ravel())
    assert estimate.low == lower
    # At the last ticket lifelines' upper band is undefined, ours is 0: never later than theirs.
    assert estimate.high <= upper


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.booleans()), min_size=1, max_size=60),
    st.floats(0.01, 0.99),
)
def test_curve_falls_and_quantiles_keep_their_order(rows, share):
    hours, done = np.array([one for one, _ in rows]), np.array([one for _, one in rows])
    curve = kaplan_meier(hours, done)
    assert (np.diff(curve.open) < 0).all()
    assert ((curve.low <= curve.open + 1e-12) & (curve.open <= curve.high + 1e-12)).all()
    value, low, high = quantile(curve, share)
    assert low <= value <= high
    assert value >= quantile(curve, share / 2).value


@given(st.integers(0, 500), st.integers(1, 500))
def test_interval_of_a_share_holds_it(hits, of):
    hits = min(hits, of)
    value, low, high = proportion(hits, of)
    assert 0 <= low <= value + 1e-9
    assert value - 1e-9 <= high <= 1
