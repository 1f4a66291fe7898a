"""Quantiles of means under Dirichlet weights: against their closed form, and against draws."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import beta

from harness.stats.dirichlet import Part, probability_below, quantile


@pytest.mark.parametrize("zeros", [1, 3, 40])
@pytest.mark.parametrize("ones", [1, 16, 500])
@pytest.mark.parametrize("tail", [0.001, 0.025, 0.1])
def test_of_zeros_and_ones_it_is_beta(zeros: int, ones: int, tail: float) -> None:
    found = quantile([Part(0.0, 2.0, zeros), Part(1.0, 2.0, ones)], tail)
    assert found == pytest.approx(beta.ppf(tail, ones, zeros), abs=1e-4)


@pytest.mark.parametrize("sizes", [[5.0] * 40, [300 / rank for rank in range(1, 41)]])
def test_it_is_the_quantile_of_drawn_means(sizes: list[float]) -> None:
    """A hundred thousand draws: a quantile of 2.5% stays within 0.3% of the probability."""
    rng = np.random.default_rng(4)
    values = rng.beta(4, 1, len(sizes)).tolist()
    parts = [Part(v, w, 1) for v, w in zip(values, sizes, strict=True)]
    weights = rng.standard_gamma(1, (100_000, len(sizes))) * sizes
    means = weights @ values / weights.sum(axis=1)
    assert (means <= quantile(parts, 0.025)).mean() == pytest.approx(0.025, abs=0.003)


def test_a_hopeless_value_has_no_probability() -> None:
    assert probability_below([Part(0.0, 1.0, 1), Part(1.0, 1.0, 5_000)], 0.2) == 0


def test_equal_values_are_their_quantile() -> None:
    assert quantile([Part(1.0, 1.0, 3), Part(1.0, 8.0, 1)], 0.025) == 1


def test_it_leaves_numpy_alone() -> None:
    script = (
        "import sys; from harness.stats.rates import rate_interval;"
        "rate_interval([1.0, 0.0, 1.0], ['a', 'a', 'b']); sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
