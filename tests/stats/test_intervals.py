"""The interval of a rate against scipy, by enumeration, and where there is no data."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from harness.stats.intervals import clopper_pearson

TABLE = [(0, 1), (1, 1), (0, 30), (30, 30), (1, 300), (299, 300), (163, 300), (4_999, 5_000)]


@pytest.mark.parametrize(("k", "n"), TABLE)
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_it_agrees_with_scipy(k: int, n: int, confidence: float) -> None:
    oracle = binomtest(k, n).proportion_ci(confidence_level=confidence, method="exact")
    assert clopper_pearson(k, n, confidence) == pytest.approx((oracle.low, oracle.high), abs=1e-9)


def test_it_agrees_with_scipy_everywhere_on_a_small_table() -> None:
    for n in range(1, 25):
        for k in range(n + 1):
            oracle = binomtest(k, n).proportion_ci(method="exact")
            assert clopper_pearson(k, n) == pytest.approx((oracle.low, oracle.high), abs=1e-9)


@pytest.mark.parametrize("cases", [30, 100, 300])
def test_it_holds_every_rate(cases: int) -> None:
    """Also rates of less than one case, at which score intervals fail."""
    counts = np.arange(cases + 1)
    low, high = np.array([clopper_pearson(k, cases) for k in counts.tolist()]).T
    for rate in (*np.linspace(0.01, 6, 200) / cases, *np.linspace(0.02, 0.98, 97)):
        held = binom.pmf(counts, cases, rate)[(low <= rate) & (rate <= high)].sum()
        assert held >= 0.95 - 1e-9, rate


def test_fractions_of_cases_lie_between_whole_ones() -> None:
    ends = [clopper_pearson(k, 30.5) for k in (14, 14.5, 15)]
    assert ends == sorted(ends)


def test_no_data_is_not_a_number() -> None:
    assert clopper_pearson(0, 0) is None


@pytest.mark.parametrize(("k", "n", "confidence"), [(-1, 3, 0.95), (4, 3, 0.95), (1, 3, 1.0)])
def test_impossible_counts_are_refused(k: int, n: int, confidence: float) -> None:
    with pytest.raises(ValueError, match=r"cannot pass|lies between"):
        clopper_pearson(k, n, confidence)


def test_the_ends_are_0_and_1_where_none_or_all_pass() -> None:
    none, all_ = clopper_pearson(0, 17), clopper_pearson(17, 17)
    assert none is not None
    assert all_ is not None
    assert none.low == 0.0
    assert all_.high == 1.0
