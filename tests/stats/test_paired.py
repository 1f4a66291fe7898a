"""The paired test and its interval against scipy and statsmodels, and at their edges."""

import math

import numpy as np
import pytest
from scipy.stats import beta, binom, binomtest
from statsmodels.stats.contingency_tables import mcnemar

from harness.stats.paired import FEW_FLIPS, DropInterval, drop_interval, mcnemar_mid_p
from tests.stats.tables import tables


def test_the_test_agrees_with_statsmodels_on_a_thousand_tables() -> None:
    """statsmodels has the exact two-sided test: twice the smaller of the two tails."""
    for broke, fixed, pairs in tables():
        half = 0.5 * float(binom.pmf(broke, broke + fixed, 0.5))
        tails = mcnemar_mid_p(broke, fixed) + half, mcnemar_mid_p(fixed, broke) + half
        oracle = mcnemar([[pairs, broke], [fixed, 0]], exact=True).pvalue
        assert min(1.0, 2 * min(tails)) == pytest.approx(oracle, abs=1e-12)


def test_the_test_agrees_with_scipys_exact_one() -> None:
    for broke, fixed, _ in tables():
        flips = broke + fixed
        exact = binomtest(broke, flips, 0.5, alternative="greater").pvalue if flips else 1.0
        oracle = exact - 0.5 * float(binom.pmf(broke, flips, 0.5))
        assert mcnemar_mid_p(broke, fixed) == pytest.approx(oracle, abs=1e-12)


def test_a_count_below_zero_is_a_mistake() -> None:
    for broke, fixed in ((-1, 3), (3, -1)):
        with pytest.raises(ValueError, match="cannot be"):
            mcnemar_mid_p(broke, fixed)


def test_the_two_sides_of_the_test_are_complements() -> None:
    for broke, fixed, _ in tables(200):
        assert mcnemar_mid_p(broke, fixed) + mcnemar_mid_p(fixed, broke) == pytest.approx(1)


def test_without_a_flip_nothing_is_known() -> None:
    assert mcnemar_mid_p(0, 0) == 0.5
    assert mcnemar_mid_p(3, 3) == pytest.approx(0.5)


def test_the_test_of_fourteen_against_four() -> None:
    """P(X > 14) + P(X = 14) / 2 of 18 fair coins: (816 + 153 + 18 + 1 + 3060 / 2) / 2^18."""
    assert mcnemar_mid_p(14, 4) == pytest.approx((816 + 153 + 18 + 1 + 3060 / 2) / 2**18)
    exact = binomtest(14, 18, 0.5, alternative="greater").pvalue
    assert mcnemar_mid_p(14, 4) < exact


def test_no_flip_in_thirty_still_allows_a_drop_of_nine_and_a_half_points() -> None:
    """1 - 0.05^(1/30) = 9.50%; 149 is the first n with 0.98^n <= 0.05."""
    assert drop_interval(0, 0, 30).high == pytest.approx(0.0950, abs=5e-5)
    assert drop_interval(0, 0, 148).high > 0.02
    assert drop_interval(0, 0, 149).high < 0.02
    assert drop_interval(0, 0, 5_000).high == pytest.approx(1 - 0.05 ** (1 / 5_000))


def test_the_posterior_has_the_marginals_of_a_dirichlet() -> None:
    """With everything broken, P(broke) ~ Beta(n + 1, 2) dominates: its upper tail is the drop's."""
    low, high = drop_interval(20, 0, 20)
    broke = beta(21, 2)
    assert low < broke.ppf(0.025)
    assert high == pytest.approx(broke.ppf(0.975), abs=0.02)


def test_the_bootstrap_agrees_with_resampled_cases() -> None:
    """An ordinary loop over resampled cases, seeded otherwise, ends at the same place."""
    cases = np.array([1] * 24 + [-1] * 6 + [0] * 370)
    rng = np.random.default_rng(5)
    drops = [rng.choice(cases, len(cases)).mean() for _ in range(4_000)]
    assert drop_interval(24, 6, 400) == pytest.approx(np.quantile(drops, (0.025, 0.975)), abs=3e-3)


def test_intervals_hold_and_mirror() -> None:
    seen: dict[tuple[int, int, int], DropInterval] = {}
    for table in tables(60):
        broke, fixed, pairs = table
        found = seen.setdefault(table, drop_interval(*table))
        assert -1 <= found.low <= found.high <= 1
        if pairs >= 30:
            assert found.low <= (broke - fixed) / pairs <= found.high
        mirrored = drop_interval(fixed, broke, pairs)
        assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low), abs=0.01)


def test_the_same_table_has_the_same_interval() -> None:
    assert drop_interval(14, 4, 300) == drop_interval(14, 4, 300)
    assert drop_interval(3, 1, 40) == drop_interval(3, 1, 40)


def test_a_higher_confidence_is_wider_and_more_breaks_are_worse() -> None:
    narrow, wide = drop_interval(14, 4, 300, 0.8), drop_interval(14, 4, 300, 0.99)
    assert wide.low < narrow.low < narrow.high < wide.high
    ends = [drop_interval(broke, 0, 300).high for broke in range(FEW_FLIPS + 5)]
    assert ends == sorted(ends)
    assert not any(math.isnan(end) for end in ends)


def test_no_pair_is_no_interval_and_more_flips_than_pairs_no_table() -> None:
    assert drop_interval(0, 0, 0) is None
    for broke, fixed, pairs in ((2, 2, 3), (-1, 0, 3), (0, -1, 3)):
        with pytest.raises(ValueError, match="cannot be"):
            drop_interval(broke, fixed, pairs)
