"""The interval of a mean over clusters: exact for values of 0 and 1, valid for others."""

import numpy as np
import pytest
from scipy.stats import beta

from harness.stats.bounded import bounded_mean


@pytest.mark.parametrize(("broke", "clusters"), [(0, 16), (1, 16), (5, 30), (16, 16), (0, 59)])
def test_whole_clusters_have_clopper_and_pearsons_bounds(broke: int, clusters: int) -> None:
    found = bounded_mean([1.0] * broke + [0.0] * (clusters - broke), (0, 1), (0.05, 0.05))
    low = beta.ppf(0.05, broke, clusters - broke + 1) if broke else 0.0
    high = beta.ppf(0.95, broke + 1, clusters - broke) if broke < clusters else 1.0
    assert found == pytest.approx((low, high), abs=0.01)


def test_sixteen_wordings_bound_seventeen_points_and_fifty_nine_five() -> None:
    for wordings, high in ((16, 0.171), (59, 0.0495)):
        found = bounded_mean([0.0] * wordings, (0, 1), (0.05, 0.05))
        assert found.high == pytest.approx(high, abs=5e-4)


@pytest.mark.parametrize("clusters", [16, 74])
def test_a_tenth_that_gains_half_is_not_taken_for_a_loss(clusters: int) -> None:
    """Nine tenths lose a little: the mean is 0."""
    rng, false = np.random.default_rng(7), 0
    for _ in range(300):
        gains = rng.random(clusters) < 0.1
        values = np.where(gains, -0.5, 0.5 / 9)
        low, high = bounded_mean(values.tolist(), (-1, 1), (0.05, 0.05))
        false += low > 0 or high < 0
    assert false <= 0.1 * 300


def test_a_giant_cluster_widens_the_interval() -> None:
    values = [1.0] * 15 + [0.5]
    even = bounded_mean(values, (0, 1), (0.025, 0.025), [10] * 16)
    giant = bounded_mean(values, (0, 1), (0.025, 0.025), [10] * 15 + [150])
    assert giant.high - giant.low > even.high - even.low


def test_the_same_values_have_the_same_interval_and_none_is_the_support() -> None:
    values = [0.1, 0.4, 0.1, 1.0]
    assert bounded_mean(values, (0, 1), (0.05, 0.05)) == bounded_mean(values, (0, 1), (0.05, 0.05))
    assert bounded_mean([], (-1, 1), (0.05, 0.05)) == (-1, 1)
