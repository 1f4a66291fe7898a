"""Bounds for new wordings: the exact zero-event bound, against scipy's Clopper-Pearson interval."""

import pytest
from scipy.stats import binomtest

from harness.stats.wordings import unseen_drop, wordings_for


@pytest.mark.parametrize("wordings", [1, 2, 16, 18, 59, 76, 300, 10_000])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.975])
def test_the_drop_that_is_not_ruled_out_is_clopper_and_pearsons(
    wordings: int, level: float
) -> None:
    interval = binomtest(0, wordings, alternative="less").proportion_ci(level, "exact")
    assert unseen_drop(wordings, level) == pytest.approx(interval.high, abs=1e-12)


def test_sixteen_wordings_leave_17_points_and_59_leave_5() -> None:
    """1 - 0.05^(1/16) = 0.1707; 0.95^59 = 0.0485 and 0.95^58 = 0.0510 lie on both sides of 0.05."""
    assert unseen_drop(16) == pytest.approx(0.1707, abs=5e-5)
    assert unseen_drop(59) < 0.05 < unseen_drop(58)
    assert wordings_for(0.05) == 59


@pytest.mark.parametrize("margin", [0.01, 0.02, 0.05, 0.1, 0.5, 0.95])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_the_fewest_wordings_bound_the_margin_and_one_less_does_not(
    margin: float, level: float
) -> None:
    fewest = wordings_for(margin, level)
    assert unseen_drop(fewest, level) <= margin + 1e-12
    assert unseen_drop(fewest - 1, level) > margin


def test_no_wording_rules_nothing_out() -> None:
    assert unseen_drop(0) == 1.0


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, float("nan")])
def test_a_level_outside_0_and_1_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        unseen_drop(16, level)
    with pytest.raises(ValueError, match="between 0 and 1"):
        wordings_for(0.05, level)


def test_a_negative_number_of_wordings_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 wordings"):
        unseen_drop(-1)
