"""The mean of shares and its interval, over cases and over wordings."""

import random

import pytest

from harness.stats.means import mean_share, weighted_mean


def test_the_mean_is_as_heavy_as_the_weights():
    assert weighted_mean([1.0, 0.5], [1.0, 3.0]) == 0.625
    assert weighted_mean([0.1, 0.2, 0.6], [2.0, 2.0, 2.0]) == (0.1 + 0.2 + 0.6) / 3


def test_the_interval_holds_the_mean_and_stays_a_share():
    rate, (low, high) = mean_share([1.0] * 30, [""] * 30, [1.0] * 30)
    assert (rate, high) == (1.0, 1.0)
    assert low == pytest.approx(0.025 ** (1 / 30))  # Clopper and Pearson's.


def test_cases_of_one_wording_are_one_cluster():
    values = [1.0] * 10 + [0.5] * 10
    alone = mean_share(values, [f"{i}" for i in range(20)], [1.0] * 20).interval
    shared = mean_share(values, ["a"] * 10 + ["b"] * 10, [1.0] * 20).interval
    assert shared.low < alone.low < alone.high < shared.high


def test_a_heavy_case_widens_it():
    values, alone = [1.0, 0.8] * 20, [""] * 40
    even = mean_share(values, alone, [1.0] * 40).interval
    heavy = mean_share(values, alone, [40.0, *[1.0] * 39]).interval
    assert heavy.high - heavy.low > even.high - even.low


@pytest.mark.parametrize("clusters", [1, 5])
def test_it_holds_the_true_mean_as_often_as_it_says(clusters):
    """Shares of answers that are mostly right and sometimes half or none, whole wordings alike."""
    rng, held, draws = random.Random(clusters), 0, 200
    for _ in range(draws):
        own = [rng.choices([1.0, 0.5, 0.0], [0.9, 0.07, 0.03])[0] for _ in range(40 // clusters)]
        values = [v for v in own for _ in range(clusters)]
        names = [f"w{i}" for i in range(len(own)) for _ in range(clusters)]
        low, high = mean_share(values, names, [1.0] * len(values)).interval
        held += low <= 0.935 <= high
    assert held >= 0.93 * draws
