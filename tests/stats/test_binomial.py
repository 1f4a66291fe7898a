"""Tails and quantiles of the binomial distribution against those of ``scipy.stats``."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import binom

from harness.stats.binomial import upper_quantile, upper_tail
from tests.models import ROOT

CHANCES = (0.0, 0.001, 0.02, 0.05, 0.3, 0.5, 0.97, 1.0)
TRIALS = (0, 1, 2, 5, 20, 149, 300, 5_000, 100_000)


@pytest.mark.parametrize("p", CHANCES)
def test_the_upper_tail_is_scipys(p: float) -> None:
    for n in TRIALS:
        k = np.unique(np.linspace(-2, n + 1, 300).astype(int))
        assert upper_tail(k, n, p) == pytest.approx(binom.sf(k, n, p), abs=1e-12)


@pytest.mark.parametrize("p", CHANCES)
def test_the_quantile_is_scipys(p: float) -> None:
    for q in (1e-9, 0.005, 0.01, 0.025, 0.045, 0.05, 0.31):
        assert (upper_quantile(q, TRIALS, p) == binom.isf(q, TRIALS, p)).all()


def test_every_number_of_coins_up_to_three_thousand() -> None:
    coins = np.arange(3_001)
    assert (upper_quantile(0.05, coins, 0.5) == binom.isf(0.05, coins, 0.5)).all()


def test_noise_explains_as_many_flips_as_the_lower_quantile_says() -> None:
    """P(X <= k) >= 0.95 and P(X > k) <= 1 - 0.95 are the same."""
    for floor in (0.001, 0.01, 0.02, 0.05, 0.1, 0.25):
        pairs = np.arange(1, 2_000, 7)
        assert (upper_quantile(1 - 0.95, pairs, floor) == binom.ppf(0.95, pairs, floor)).all()


def test_a_whole_gate_does_without_scipy_stats() -> None:
    """It takes half a second to import."""
    program = (
        "import sys\n"
        "from harness.stats.paired import Tails, drop_interval, drop_p\n"
        "from harness.stats.power import cases_to_decide, smallest_detectable_drop\n"
        "from harness.stats.ratios import median_ratio\n"
        "tails = Tails(0.03, 0.03, 0.05)\n"
        "drop_p(3, 1); drop_interval(3, 1, 300, tails)\n"
        "cases_to_decide(0.02, 0.01, 0.05, tails); smallest_detectable_drop(300, 0.03)\n"
        "median_ratio([1] * 9, [2] * 9)\n"
        "print('scipy.special' in sys.modules, 'scipy.stats' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["True", "False"], done.stderr
