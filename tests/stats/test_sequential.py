"""Levels of repeated looks: against a simulation, and the properties that define them."""

import numpy as np
import pytest
from scipy.stats import norm

from harness.stats.paired import Flips, Tails
from harness.stats.sequential import chances, look_level

SHARES = tuple(tenths / 10 for tenths in range(2, 11))


def levels(alpha: float, exponent: float) -> list[float]:
    return [look_level(alpha, SHARES[: i + 1], exponent) for i in range(len(SHARES))]


def test_the_first_look_has_what_it_spends_and_a_single_one_all() -> None:
    assert look_level(0.05, (1.0,), 1.0) == pytest.approx(0.05, rel=0.01)
    assert look_level(0.05, (0.2,), 1.0) == pytest.approx(0.01, rel=0.01)
    assert look_level(0.05, (0.5,), 3.0) == pytest.approx(0.05 / 8, rel=0.01)


@pytest.mark.parametrize("exponent", [1.0, 1.5, 3.0])
def test_all_looks_together_reject_with_the_whole_rate(exponent: float) -> None:
    """Sums of normal values at nine looks, 400,000 times: the standard error is 0.03 points."""
    rng = np.random.default_rng(1)
    gains = np.diff((0.0, *SHARES))
    sums = np.cumsum(rng.standard_normal((400_000, len(SHARES))) * np.sqrt(gains), axis=1)
    is_over = sums / np.sqrt(SHARES) > norm.isf(levels(0.04, exponent))
    assert is_over.any(axis=1).mean() == pytest.approx(0.04, abs=0.001)
    half = SHARES.index(0.5) + 1
    spent = 0.04 * 0.5**exponent
    assert is_over[:, :half].any(axis=1).mean() == pytest.approx(spent, abs=0.001)


def test_a_higher_exponent_keeps_more_for_the_last_look() -> None:
    assert levels(0.05, 1.0)[-1] < levels(0.05, 1.5)[-1] < levels(0.05, 3.0)[-1] < 0.05


@pytest.mark.parametrize("shares", [(), (0.0, 0.5), (0.5, 0.5), (0.5, 0.4), (0.5, 1.1)])
def test_shares_that_do_not_increase_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="no increasing shares"):
        look_level(0.05, shares, 1.0)


def test_chances_at_the_end() -> None:
    """Without a flip so far an unchanged model passes; after a large drop it cannot any more."""
    tails = Tails(0.0139, 0.024, 0.05)
    unchanged = chances(Flips(0, 0), 150, 300, 0.02, tails)
    fallen = chances(Flips(15, 0), 150, 300, 0.02, tails)
    assert unchanged.passes > 0.9
    assert unchanged.regressions == 0
    assert fallen.passes == 0
    assert fallen.regressions == 1
