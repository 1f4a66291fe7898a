"""The draw of an arm: sticky, by hash, as often as the split says."""

import pytest

from harness.ab.experiment import Experiment, parse_arms
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef

REFS = (ModelRef.parse("base:a"), ModelRef.parse("base:b"))
KEYS = [f"user-{number}" for number in range(4_000)]


def experiment(split=50.0, name="ab"):
    return Experiment(name, *REFS, split=split)


def test_a_key_always_gets_the_same_arm_whoever_asks():
    drawn = [experiment().arm_of(key) for key in KEYS]
    assert drawn == [experiment().arm_of(key) for key in KEYS]
    assert experiment().arm_of("user-1") == "candidate"  # A change here moves everybody's keys.


@pytest.mark.parametrize("split", [50, 5, 99])
def test_the_candidate_gets_its_share_of_keys_and_of_requests_without_one(split):
    for keys in (KEYS, [None] * len(KEYS)):
        share = sum(experiment(split).arm_of(key) == "candidate" for key in keys) / len(KEYS)
        assert abs(share - split / 100) < 0.04


def test_a_larger_split_moves_keys_to_the_candidate_alone():
    before, after = ([experiment(s).arm_of(key) for key in KEYS] for s in (10, 50))
    moved = [(b, a) for b, a in zip(before, after, strict=True) if b != a]
    assert set(moved) == {("baseline", "candidate")}
    assert abs(len(moved) / len(KEYS) - 0.4) < 0.04


def test_another_name_draws_anew():
    same = sum(experiment().arm_of(key) == experiment(name="next").arm_of(key) for key in KEYS)
    assert abs(same / len(KEYS) - 0.5) < 0.04


def test_arms_are_read_in_either_order():
    assert parse_arms(("candidate=base:b", "baseline=base:a=1")) == {
        "candidate": ModelRef.parse("base:b"),
        "baseline": ModelRef.parse("base:a=1"),
    }


@pytest.mark.parametrize(
    "texts",
    [("baseline=base:a", "baseline=base:b"), ("base:a", "base:b"), ("a=base:a", "b=base:b")],
)
def test_two_arms_are_asked_for(texts):
    with pytest.raises(HarnessError, match="expected baseline="):
        parse_arms(texts)
