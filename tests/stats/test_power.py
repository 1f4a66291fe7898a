"""Power of a number of cases: against enumeration, simulation and published sizes."""

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.stats import binom, norm

from harness.stats.paired import Tails, drop_interval, score_statistic
from harness.stats.power import (
    cases_to_decide,
    cases_without_flips,
    decided,
    detection_power,
    smallest_detectable_drop,
)

TAILS = Tails(0.03, 0.03, 0.05)


def test_the_chance_of_detection_by_enumeration() -> None:
    """Every way in which 12 cases can break, be fixed or stay."""
    down, up, n = 0.3, 0.05, 12
    total = 0.0
    for broke, fixed in product(range(n + 1), repeat=2):
        if broke + fixed <= n and score_statistic(broke, fixed, n) > norm.isf(0.03):
            ways = comb(n, broke) * comb(n - broke, fixed)
            total += ways * down**broke * up**fixed * (1 - down - up) ** (n - broke - fixed)
    assert detection_power(n, down, up, 0.03) == pytest.approx(total)


@pytest.mark.parametrize(
    "cases",
    [1, 2, 30, 149, 300, 1_000, 5_000, pytest.param(100_000, marks=pytest.mark.slow)],
)
def test_the_chance_of_detection_by_scipys_distributions(cases: int) -> None:
    """The same sum, with the distributions of ``scipy.stats``."""
    for broke, fixed, tail in ((0.03, 0.01, 0.05), (0.2, 0.0, 0.045), (0.5, 0.5, 0.01)):
        flips = np.arange(int(binom.isf(1e-9, cases, broke + fixed)) + 1)
        z, share = norm.isf(tail), broke / (broke + fixed)
        seen = [
            sum(binom.pmf(b, m, share) for b in range(m + 1) if 2 * b - m > z * m**0.5)
            if m < 40 else binom.sf(np.floor((m + z * m**0.5) / 2), m, share)
            for m in flips.tolist()
        ]  # fmt: skip
        oracle = float((binom.pmf(flips, cases, broke + fixed) * seen).sum())
        assert detection_power(cases, broke, fixed, tail) == pytest.approx(oracle, abs=1e-9)


@pytest.mark.parametrize(("flips", "cases"), [(0.02, 335), (0.05, 833), (0.10, 1_629)])
def test_the_sizes_that_the_exact_test_needs_are_enough(flips: float, cases: int) -> None:
    """The exact test at 5% needs these to see 2 points with 80% power."""
    assert detection_power(cases, (flips + 0.02) / 2, (flips - 0.02) / 2, 0.045) >= 0.8


@pytest.mark.parametrize(
    ("cases", "drop"), [(30, 0.23), (100, 0.083), (300, 0.035), (1_000, 0.017), (2_000, 0.011)]
)
def test_smallest_drops(cases: int, drop: float) -> None:
    found = smallest_detectable_drop(cases, TAILS.low)
    assert 0.8 * drop < found <= drop
    assert detection_power(cases, found + 0.01, 0.01, TAILS.low) >= 0.8


def test_the_chance_of_detection_by_simulation() -> None:
    rng = np.random.default_rng(3)
    counts = rng.multinomial(300, (0.04, 0.01, 0.95), 2_000)
    seen = np.mean([drop_interval(int(b), int(c), 300, TAILS).low > 0 for b, c, _ in counts])
    assert detection_power(300, 0.04, 0.01, 0.03) == pytest.approx(seen, abs=0.03)


def test_nothing_is_seen_without_flips_or_cases() -> None:
    assert detection_power(100, 0, 0, 0.03) == 0
    assert detection_power(0, 0.5, 0.1, 0.03) == 0
    assert smallest_detectable_drop(2, 0.03) is None


def test_the_shares_that_decide_are_those_of_the_intervals() -> None:
    found = decided(300, 0.03, 0.01, 0.02, TAILS)
    counts = np.random.default_rng(4).multinomial(300, (0.03, 0.01, 0.96), 2_000)
    ends = [drop_interval(int(b), int(c), 300, TAILS) for b, c, _ in counts]
    assert found.passes == pytest.approx(np.mean([e.high < 0.02 for e in ends]), abs=0.02)
    fell = np.mean([e.low > 0 and e.high >= 0.02 for e in ends])
    assert found.regressions == pytest.approx(fell, abs=0.03)
    assert found.total == found.passes + found.regressions


def test_no_flip_decides_two_points_from_149_cases_on() -> None:
    assert cases_without_flips(0.02) == 149
    assert cases_without_flips(0.095) == 31
    assert 0.98**149 <= 0.05 < 0.98**148
    assert cases_to_decide(0, 0, 0.02, TAILS) == 149


def test_four_of_five_suites_of_the_size_that_is_named_decide() -> None:
    found = cases_to_decide(0.01, 0.01, 0.02, TAILS)
    assert 300 < found < 700
    counts = np.random.default_rng(9).multinomial(found, (0.01, 0.01, 0.98), 3_000)
    ends = [drop_interval(int(b), int(c), found, TAILS) for b, c, _ in counts]
    assert np.mean([e.high < 0.02 or e.low > 0 for e in ends]) == pytest.approx(0.8, abs=0.03)


def test_rates_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="shares of the same cases"):
        detection_power(10, 0.8, 0.3, 0.05)
    with pytest.raises(ValueError, match="between 0 and 1"):
        cases_without_flips(0)
