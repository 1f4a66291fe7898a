"""Intervals against scipy, and where there is no data."""

import subprocess
import sys

import pytest
from scipy.stats import binomtest

from harness.stats.intervals import wilson

TABLE = [(0, 1), (1, 1), (0, 30), (30, 30), (1, 300), (299, 300), (163, 300), (4_999, 5_000)]


@pytest.mark.parametrize(("k", "n"), TABLE)
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_wilson_agrees_with_scipy(k: int, n: int, confidence: float) -> None:
    oracle = binomtest(k, n).proportion_ci(confidence_level=confidence, method="wilson")
    found = wilson(k, n, confidence)
    assert found == pytest.approx((oracle.low, oracle.high), abs=1e-12)


def test_wilson_agrees_with_scipy_everywhere_on_a_small_table() -> None:
    for n in range(1, 25):
        for k in range(n + 1):
            oracle = binomtest(k, n).proportion_ci(method="wilson")
            assert wilson(k, n) == pytest.approx((oracle.low, oracle.high), abs=1e-12)


def test_no_data_is_not_a_number() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize(("k", "n", "confidence"), [(-1, 3, 0.95), (4, 3, 0.95), (1, 3, 1.0)])
def test_impossible_counts_are_refused(k: int, n: int, confidence: float) -> None:
    with pytest.raises(ValueError, match=r"cannot pass|lies between"):
        wilson(k, n, confidence)


def test_the_ends_are_exact_where_all_or_none_pass() -> None:
    none, all_ = wilson(0, 17), wilson(17, 17)
    assert none is not None
    assert all_ is not None
    assert none.low == 0.0
    assert all_.high == 1.0


def test_wilson_leaves_scipy_alone() -> None:
    code = (
        "import sys; from harness.stats.intervals import wilson; wilson(3, 4);"
        "sys.exit('scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
