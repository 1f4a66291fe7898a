"""The median ratio of paired times: coverage of its interval, and robustness to an outlier."""

from math import comb

import numpy as np
import pytest
from scipy.stats import quantile_test

from harness.stats.ratios import median_ratio


def test_the_median_of_the_ratios_and_not_the_ratio_of_the_medians() -> None:
    """Case by case twice as long, in the other order of the cases: the medians are alike."""
    found = median_ratio([1, 2, 4], [2, 4, 8])
    assert found.ratio == pytest.approx(2)
    assert median_ratio([1, 4, 16], [4, 4, 4]).ratio == pytest.approx(1)


def test_the_interval_is_the_sign_test_s() -> None:
    """Of 20 ratios the 6th and the 15th: P(fewer than 6 of 20 lie below the median) = 2.07%."""
    ratios = [1 + i / 100 for i in range(20)]
    found = median_ratio([1.0] * 20, ratios)
    assert found.interval == pytest.approx((ratios[5], ratios[14]))
    below = sum(comb(20, k) for k in range(6)) / 2**20
    assert below == pytest.approx(0.0207, abs=1e-4)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_the_interval_agrees_with_scipys(confidence: float) -> None:
    rng = np.random.default_rng(1)
    for cases in range(1, 60):
        ratios = rng.lognormal(0, 0.3, cases).round(2)
        found = median_ratio([1.0] * cases, ratios, confidence)
        ends = quantile_test(np.log(ratios), q=0, p=0.5).confidence_interval(confidence)
        if found.interval is None:
            assert np.isnan([ends.low, ends.high]).any()
        else:
            assert found.interval == pytest.approx(np.exp([ends.low, ends.high]), abs=1e-12)
        assert found.ratio == pytest.approx(float(np.exp(np.median(np.log(ratios)))), abs=1e-12)


@pytest.mark.parametrize(("cases", "is_bounded"), [(1, False), (5, False), (6, True)])
def test_too_few_cases_have_no_interval(cases: int, is_bounded: bool) -> None:
    found = median_ratio([1.0] * cases, [1.1] * cases)
    assert found.ratio == pytest.approx(1.1)
    assert (found.interval is not None) is is_bounded


def test_no_case_is_no_ratio_and_no_time_is_a_mistake() -> None:
    assert median_ratio([], []) is None
    for before, after in (([0.0], [1.0]), ([1.0], [-1.0]), ([1.0, 1.0], [1.0])):
        with pytest.raises(ValueError, match=r"0 seconds|argument"):
            median_ratio(before, after)


def test_one_hiccup_does_not_move_it() -> None:
    before, after = [0.5] * 20, [0.5] * 19 + [60.0]
    found = median_ratio(before, after)
    assert found.ratio == pytest.approx(1)
    assert found.interval.high == pytest.approx(1)


@pytest.mark.parametrize("cases", [8, 20])
def test_the_interval_holds_the_truth_whatever_the_machine_does(cases: int) -> None:
    """Cases of very different length, a machine that gets slower by half on the way, and hiccups:
    2,000 simulated sessions whose true ratio is 1.1. The interval's coverage is exact, 97.9% at 20
    cases and 99.2% at 8, so a share below 96.5% has a chance of less than 1 in 10,000."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(2000):
        lengths = rng.lognormal(0, 1, cases)
        drift = np.linspace(1, 1.5, cases)
        noise = np.exp(rng.standard_t(2, (2, cases)) * 0.03)
        before, after = lengths * drift * noise[0], 1.1 * lengths * drift * noise[1]
        ends = median_ratio(before, after).interval
        held += ends.low <= 1.1 <= ends.high
    assert held / 2000 >= 0.965
