"""The policy at a look: levels, and which of them change."""

import pytest

from harness.core.record import EarlyStop
from harness.gate.looks import SHARES, LookPolicy, policy_at
from harness.gate.policy import GatePolicy

POLICY = GatePolicy()


def at(look: int) -> LookPolicy:
    return LookPolicy(**POLICY.model_dump(), shares=SHARES[:look])


def test_a_model_that_was_asked_at_once_keeps_the_policy() -> None:
    assert policy_at(POLICY, None) is POLICY
    assert policy_at(POLICY, EarlyStop("main", total=300, asked=0)) is POLICY


def test_shares_come_from_the_record() -> None:
    found = policy_at(GatePolicy(margin=0.05), EarlyStop("main", 300, 90, looks=(60, 90)))
    assert isinstance(found, LookPolicy)
    assert found.shares == (0.2, 0.3)
    assert found.margin == 0.05


def test_a_policy_at_a_look_is_taken_to_another() -> None:
    stop = EarlyStop("main", 300, 90, looks=(60, 90))
    assert policy_at(policy_at(POLICY, stop), stop) == policy_at(POLICY, stop)


@pytest.mark.parametrize("look", range(1, len(SHARES) + 1))
def test_every_level_of_a_look_is_stricter_than_that_of_a_whole_run(look: int) -> None:
    found = at(look)
    assert found.tails.low < POLICY.tails.low
    assert found.tails.high < POLICY.tails.high
    assert found.behavior_tails.low < POLICY.behavior_tails.low
    assert all(a < b for a, b in zip(found.wording_tails, POLICY.wording_tails, strict=True))


def test_the_exact_bound_without_a_flip_is_whole_only_at_the_end() -> None:
    """149 cases are enough at 5%; at the earlier looks 180 of 300 are."""
    assert at(9).tails.no_flip == pytest.approx(0.05)
    assert 1 - at(5).tails.no_flip ** (1 / 180) < 0.02 < 1 - at(4).tails.no_flip ** (1 / 150)


def test_the_end_takes_the_remaining_looks() -> None:
    assert at(3).at_the_end.shares == SHARES
