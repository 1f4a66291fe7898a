"""The interval of the drop: its statistic against the likelihood, its ends by enumeration, and at
its edges."""

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import multinomial, norm
from statsmodels.stats.contingency_tables import mcnemar

from harness.stats.paired import (
    SMALLEST_LOSS,
    DropInterval,
    Tails,
    drop_interval,
    drop_p,
    flips_of,
    score_statistic,
)
from tests.stats.tables import tables

TAILS = Tails(0.03, 0.03, 0.05)


def restricted(broke: int, fixed: int, pairs: int, drop: float) -> float:
    """The share of fixed cases of greatest likelihood where ``drop`` is the true drop."""

    def loss(q: float) -> float:
        shares = (q + drop, q, 1 - 2 * q - drop)
        counts = (broke, fixed, pairs - broke - fixed)
        return -sum(k * math.log(max(p, 1e-300)) for k, p in zip(counts, shares, strict=True) if k)

    least, most = max(0.0, -drop), (1 - drop) / 2
    return float(minimize_scalar(loss, bounds=(least, most), options={"xatol": 1e-12}).x)


def test_the_statistic_has_the_variance_of_the_greatest_likelihood() -> None:
    for broke, fixed, pairs in tables(60):
        for drop in (-0.3, -0.02, 0.02, 0.2):
            q = restricted(broke, fixed, pairs, drop)
            variance = pairs * (2 * q + drop - drop * drop)
            oracle = (broke - fixed - pairs * drop) / math.sqrt(variance)
            assert score_statistic(broke, fixed, pairs, drop) == pytest.approx(oracle, abs=2e-3)


def test_without_a_drop_it_is_mcnemars_statistic() -> None:
    for broke, fixed, pairs in tables(200):
        if broke + fixed:
            oracle = mcnemar([[pairs, broke], [fixed, 0]], exact=False, correction=False)
            assert score_statistic(broke, fixed, pairs) ** 2 == pytest.approx(oracle.statistic)


def test_the_ends_are_where_the_statistic_meets_its_quantile() -> None:
    for broke, fixed, pairs in tables(100):
        found = drop_interval(broke, fixed, pairs, TAILS)
        if not (broke or fixed):
            continue
        if broke + fixed == pairs or found.low == SMALLEST_LOSS:
            continue
        high_tail = 0.03 if found.high > 0 else 0.025
        ends = (found.high, high_tail, 1.0), (found.low, 0.975, -1.0)
        for end, tail, other in ends:
            if abs(end) < 1 - 1e-9 and broke and fixed and end:
                root = brentq(
                    lambda d, b=broke, c=fixed, n=pairs, t=tail: (
                        score_statistic(b, c, n, d) - norm.ppf(t)
                    ),
                    (broke - fixed) / pairs,
                    other,
                )
                assert end == pytest.approx(root, abs=1e-9)


def test_it_works_on_arrays_as_on_numbers() -> None:
    broke, fixed = np.array([0, 3, 14]), np.array([0, 5, 4])
    found = score_statistic(broke, fixed, 300, 0.02)
    oracle = [score_statistic(b, c, 300, 0.02) for b, c in ((0, 0), (3, 5), (14, 4))]
    assert found == pytest.approx(oracle)


def chance(cases: int, broke: float, fixed: float, reject: object) -> float:
    """The probability of the tables that ``reject`` takes, over all that matter."""
    b, c = np.meshgrid(np.arange(80), np.arange(80), indexing="ij")
    kept = (b + c) <= cases
    b, c = b[kept], c[kept]
    weights = multinomial.pmf(
        np.stack([b, c, cases - b - c], -1), cases, (broke, fixed, max(0.0, 1 - broke - fixed))
    )
    assert callable(reject)
    return float((weights * reject(b, c)).sum())


@pytest.mark.parametrize("cases", [30, 60, 149, 200, 300, 350])
@pytest.mark.parametrize("flips", [0.01, 0.02, 0.05, 0.1])
def test_a_loss_is_rarely_seen_where_there_is_none(cases: int, flips: float) -> None:
    """Exactly: 3% are promised, and the statistic is an approximation."""
    quantile = norm.isf(TAILS.low)
    false = chance(
        cases, flips / 2, flips / 2, lambda b, c: score_statistic(b, c, cases) > quantile
    )
    assert false <= 0.04


@pytest.mark.parametrize("cases", [149, 200, 300, 350])
@pytest.mark.parametrize("fixed", [0.0, 0.01, 0.04])
def test_a_drop_of_the_margin_is_rarely_bounded_below_it(cases: int, fixed: float) -> None:
    def is_bounded(broke: object, c: object) -> object:
        stays = (broke == 0) & (c == 0)
        exact = 1 - TAILS.no_flip ** (1 / cases) < 0.02
        return np.where(stays, exact, score_statistic(broke, c, cases, 0.02) < norm.ppf(0.03))

    assert chance(cases, 0.02 + fixed, fixed, is_bounded) <= 0.05


def test_what_an_unchanged_model_and_a_drop_of_three_and_a_half_points_get() -> None:
    """The figures for which the tails were chosen, exactly, at 300 cases."""
    passes = chance(300, 0.01, 0.01, lambda b, c: score_statistic(b, c, 300, 0.02) < norm.ppf(0.03))
    seen = chance(300, 0.045, 0.01, lambda b, c: score_statistic(b, c, 300) > norm.isf(0.03))
    assert passes == pytest.approx(0.581, abs=1e-3)
    assert seen == pytest.approx(0.809, abs=1e-3)


@pytest.mark.parametrize(
    "cases", [30, 51, 58, *(pytest.param(n, marks=pytest.mark.slow) for n in (149, 300))]
)
def test_the_interval_holds_every_drop_in_93_of_100_runs(cases: int) -> None:
    """Exactly. The score interval alone held some in 91.8% where all flips go one way, and in 84%
    where nearly every case flips."""
    ends: dict[tuple[int, int], DropInterval] = {}

    def inside(broke: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        for counts in zip(broke.tolist(), fixed.tolist(), strict=True):
            if counts not in ends:
                ends[counts] = drop_interval(*counts, cases, TAILS)
        low, high = np.array(list(ends.values())).T
        return (low <= drop) & (drop <= high)

    rates = (0.0, 0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.1, 0.14, 0.17, 0.2, 0.3, 0.5, 0.7, 0.9)
    extremes = (0.97, 0.9885, 0.995, 0.997)
    for broke, fixed in itertools.product((*rates, *extremes), repeat=2):
        is_whole = cases < 80 or max(broke, fixed) * cases < 40
        if broke + fixed <= 1 and is_whole:  # Else ``chance`` leaves tables out that matter.
            drop = broke - fixed
            assert chance(cases, broke, fixed, inside) >= 0.93, (broke, fixed)


def test_neither_share_moves_an_end_across_no_drop() -> None:
    quantile = norm.isf(0.03)
    for broke, fixed, pairs in tables(300):
        if broke or fixed:
            found, z = (
                drop_interval(broke, fixed, pairs, TAILS),
                score_statistic(broke, fixed, pairs),
            )
            assert (found.low > 0) == (z > quantile)
            assert (found.high <= 0) == (z < -quantile)


def test_no_flip_in_thirty_still_allows_a_drop_of_nine_and_a_half_points() -> None:
    """1 - 0.05^(1/30) = 9.50%; 149 is the first n with 0.98^n <= 0.05."""
    assert drop_interval(0, 0, 30, TAILS).high == pytest.approx(0.0950, abs=5e-5)
    assert drop_interval(0, 0, 148, TAILS).high > 0.02
    assert drop_interval(0, 0, 149, TAILS).high < 0.02
    assert drop_interval(0, 0, 5_000, TAILS).high == pytest.approx(1 - 0.05 ** (1 / 5_000))


def test_intervals_hold_the_drop_and_mirror() -> None:
    seen: dict[tuple[int, int, int], DropInterval] = {}
    for table in tables(200):
        broke, fixed, pairs = table
        found = seen.setdefault(table, drop_interval(*table, TAILS))
        assert -1 <= found.low <= (broke - fixed) / pairs <= found.high <= 1
        mirrored = drop_interval(fixed, broke, pairs, TAILS)
        if found.high <= 0:
            assert mirrored.low == pytest.approx(-found.high, abs=SMALLEST_LOSS)
        else:  # The high end is held against the margin, so it is not moved out.
            assert mirrored.low <= -found.high


def test_everything_broken_is_inside_its_interval() -> None:
    found = drop_interval(300, 0, 300, TAILS)
    assert found.low == pytest.approx(2 * 0.01 ** (1 / 300) - 1)
    assert found.high == pytest.approx(1)


def test_the_p_value_and_the_low_end_never_disagree() -> None:
    for broke, fixed, pairs in tables(300):
        found = drop_interval(broke, fixed, pairs, TAILS)
        assert (drop_p(broke, fixed) <= TAILS.low) == (found.low > 0)
    assert drop_p(0, 0) == 0.5


def test_smaller_tails_are_wider_and_more_breaks_are_worse() -> None:
    narrow, wide = (drop_interval(14, 4, 300, Tails(t, t, t)) for t in (0.1, 0.005))
    assert wide.low < narrow.low < narrow.high < wide.high
    ends = [drop_interval(broke, 0, 300, TAILS).high for broke in range(40)]
    assert ends == sorted(ends)
    assert not any(math.isnan(end) for end in ends)


def test_one_answer_a_case_counts_as_it_is() -> None:
    assert flips_of([1, 1, -1, 0]) == (2, 1)


def test_answers_that_vary_weigh_less_than_cases_that_break() -> None:
    """Four answers a case: mean and mean square are those of the cases' means."""
    differences = [4, 1, -1, -2, 0, 0]
    broke, fixed = flips_of(differences, 4)
    means = [d / 4 for d in differences]
    assert broke - fixed == pytest.approx(sum(means))
    assert broke + fixed == pytest.approx(sum(m * m for m in means))
    assert flips_of([4, 4, -4], 4) == (2, 1)
    assert flips_of([1, 1, 0], 4) == (0.5, 0)
    assert flips_of([-1, -1, 0], 4) == (0, 0.5)


def test_no_pair_is_no_interval_and_more_flips_than_pairs_no_table() -> None:
    assert drop_interval(0, 0, 0, TAILS) is None
    for broke, fixed, pairs in ((2, 2, 3), (-1, 0, 3), (0, -1, 3)):
        with pytest.raises(ValueError, match="cannot be"):
            drop_interval(broke, fixed, pairs, TAILS)
