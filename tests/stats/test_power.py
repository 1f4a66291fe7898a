"""Power of a number of cases: against enumeration, simulation and published sizes."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

from harness.stats.paired import drop_interval, mcnemar_mid_p
from harness.stats.power import (
    cases_to_bound,
    cases_to_detect,
    cases_without_flips,
    detection_power,
    smallest_detectable_drop,
)


def test_the_chance_of_detection_by_enumeration() -> None:
    """Every way in which 12 cases can break, be fixed or stay."""
    from math import comb

    down, up, n = 0.3, 0.05, 12
    total = 0.0
    for broke, fixed in product(range(n + 1), repeat=2):
        if broke + fixed <= n and mcnemar_mid_p(broke, fixed) <= 0.05:
            ways = comb(n, broke) * comb(n - broke, fixed)
            total += ways * down**broke * up**fixed * (1 - down - up) ** (n - broke - fixed)
    assert detection_power(n, down, up) == pytest.approx(total)


@pytest.mark.parametrize("cases", [1, 2, 30, 149, 300, 1_000, 5_000, 100_000])
def test_the_chance_of_detection_by_scipys_distributions(cases: int) -> None:
    """The same sum, with the distributions of ``scipy.stats``."""
    for broke, fixed, alpha in ((0.03, 0.01, 0.05), (0.2, 0.0, 0.045), (0.5, 0.5, 0.01)):
        flips = np.arange(int(binom.isf(1e-9, cases, broke + fixed)) + 1)
        needed = np.array(binom.isf(alpha, flips, 0.5))
        needed += binom.sf(needed, flips, 0.5) + binom.pmf(needed, flips, 0.5) / 2 > alpha
        seen = binom.sf(needed - 1, flips, broke / (broke + fixed))
        oracle = float((binom.pmf(flips, cases, broke + fixed) * seen).sum())
        assert detection_power(cases, broke, fixed, alpha) == pytest.approx(oracle, abs=1e-12)


@pytest.mark.parametrize(("flips", "cases"), [(0.02, 335), (0.05, 833), (0.10, 1_629)])
def test_the_sizes_that_the_exact_test_needs_are_enough(flips: float, cases: int) -> None:
    """The exact test needs these to see 2 points with 80% power; the mid-p needs fewer."""
    assert detection_power(cases, (flips + 0.02) / 2, (flips - 0.02) / 2, 0.045) >= 0.8
    assert cases_to_detect(0.02, flips) < cases


@pytest.mark.parametrize(
    ("cases", "drop"), [(30, 0.23), (100, 0.083), (300, 0.035), (1_000, 0.015), (2_000, 0.010)]
)
def test_smallest_drops(cases: int, drop: float) -> None:
    """What the exact test can see at these sizes; the mid-p sees a little less than that."""
    found = smallest_detectable_drop(cases)
    assert 0.8 * drop < found <= drop
    assert detection_power(cases, found + 0.01, 0.01) >= 0.8


def test_the_chance_of_detection_by_simulation() -> None:
    rng = np.random.default_rng(3)
    counts = rng.multinomial(300, (0.04, 0.01, 0.95), 2_000)
    seen = np.mean([mcnemar_mid_p(int(b), int(c)) <= 0.05 for b, c, _ in counts])
    assert detection_power(300, 0.04, 0.01) == pytest.approx(seen, abs=0.03)


def test_nothing_is_seen_without_flips_or_cases() -> None:
    assert detection_power(100, 0, 0) == 0
    assert detection_power(0, 0.5, 0.1) == 0
    assert smallest_detectable_drop(2) is None


def test_no_flip_decides_two_points_from_149_cases_on() -> None:
    assert cases_without_flips(0.02) == 149
    assert cases_without_flips(0.095) == 31
    assert 0.98**149 <= 0.05 < 0.98**148
    assert cases_to_bound(0, 0, 0.02) == 149


def test_the_cases_that_would_bound_the_drop_do() -> None:
    found = cases_to_bound(0.01, 0.01, 0.02)
    assert 149 < found < 600
    flips = round(0.01 * found)
    assert drop_interval(flips, flips, found).high < 0.02
    assert cases_to_bound(0.03, 0.01, 0.02) is None
    assert cases_to_bound(0.03, 0.01001, 0.02) is None


def test_rates_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="shares of the same cases"):
        detection_power(10, 0.8, 0.3)
    with pytest.raises(ValueError, match="cannot be seen"):
        cases_to_detect(0.1, 0.05)
    with pytest.raises(ValueError, match="between 0 and 1"):
        cases_without_flips(0)
