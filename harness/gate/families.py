"""Tests that are made together: tasks, behaviors, and both questions keep one error rate."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.core.record import FORMAT_SUCCESS
from harness.gate.compare import Comparison
from harness.gate.evidence import PairedCases, PairedTest, at_level, paired_test, pairs_of
from harness.gate.graded import GradedCases, graded_cases
from harness.gate.policy import GatePolicy
from harness.stats.multiple import holm_levels
from harness.stats.paired import drop_p, flips_of

ALL_TASKS = "all tasks"
BehaviorPairs = Mapping[str, PairedCases | GradedCases]
"""The paired cases of each behavior of a task."""


@dataclass(frozen=True, slots=True)
class LostVerdicts:
    """Cases that a behavior judged before and does not judge after: errors, skips, no verdict."""

    behavior: str
    lost: int
    cases: int
    """Cases that it judged before."""
    is_serious: bool
    """It is required, or would have fallen for sure if all of them were failures."""


def composites(
    cases: Sequence[tuple[str, PairedCases]], policy: GatePolicy
) -> tuple[list[PairedTest | None], PairedTest | None]:
    """The composite's test of each task, and one over the cases of all tasks together.

    With several tasks half of the low end's tail goes to each task by Holm's procedure, and half to
    the test of all: the first sees one task that fell far, the second many that fell a little.
    """
    tails, floor = policy.tails, policy.noise_floor
    found = [paired_test(task, FORMAT_SUCCESS, pairs, tails, floor) for task, pairs in cases]
    if len(cases) < 2:
        return found, None
    share = tails._replace(low=tails.low / 2)
    pooled = _pooled(cases)
    together = paired_test(ALL_TASKS, FORMAT_SUCCESS, pooled, share, floor) if pooled else None
    alpha = share.low if together else tails.low
    return _leveled(found, alpha, policy, least=None), together


def behavior_pairs(comparison: Comparison) -> BehaviorPairs:
    """The paired cases of each behavior, required or not, in the order of the run."""
    names = (b.behavior for b in comparison.behaviors)
    cases = comparison.cases
    return {name: graded_cases(cases, name) or pairs_of(cases, name) for name in names}


def behavior_tests(
    tasks: Sequence[tuple[str, BehaviorPairs]], policy: GatePolicy
) -> list[tuple[PairedTest, ...]]:
    """The tests of each task's behaviors, required or not, at levels over all of them."""
    tails, floor = policy.behavior_tails, policy.noise_floor
    found = [
        [paired_test(task, name, pairs, tails, floor) for name, pairs in behaviors.items()]
        for task, behaviors in tasks
    ]
    flat = [test for own in found for test in own]
    least = [
        test.graded.least_p() if test.graded else drop_p(sum(test.flips), 0)
        for test in flat
        if test
    ]
    leveled = iter(_leveled(flat, tails.low, policy, least))
    return [tuple(test for _ in own if (test := next(leveled))) for own in found]


def lost_verdicts(
    behaviors: BehaviorPairs, required: Sequence[str], policy: GatePolicy
) -> Iterable[LostVerdicts]:
    """Behaviors with cases that were judged before and are not judged after."""
    for name, pairs in behaviors.items():
        if pairs.lost:
            p = (
                pairs.worst_p()
                if isinstance(pairs, GradedCases)
                else drop_p(*flips_of(pairs.worst, pairs.repeats))
            )
            is_serious = name in required or (
                p <= policy.behavior_tails.low or pairs.lost == len(pairs.worst)
            )
            yield LostVerdicts(name, pairs.lost, len(pairs.worst), is_serious)


def _leveled(
    tests: Sequence[PairedTest | None],
    alpha: float,
    policy: GatePolicy,
    least: Sequence[float] | None,
) -> list[PairedTest | None]:
    """The tests with the low end of each at its level in the family."""
    levels = iter(holm_levels([test.p_value for test in tests if test], alpha, least))
    return [
        test and at_level(test, next(levels), policy.tails, policy.noise_floor) for test in tests
    ]


def _pooled(cases: Sequence[tuple[str, PairedCases]]) -> PairedCases | None:
    """The cases of all tasks; ``None`` where some are answered more often than others."""
    if len({pairs.repeats for _, pairs in cases}) > 1:
        return None
    return PairedCases(
        differences=tuple(d for _, pairs in cases for d in pairs.differences),
        wordings=tuple(f"{task} {w}" for task, pairs in cases for w in pairs.wordings),
        worst=tuple(d for _, pairs in cases for d in pairs.worst),
        worst_wordings=tuple(f"{task} {w}" for task, pairs in cases for w in pairs.worst_wordings),
        passed_before=sum(pairs.passed_before for _, pairs in cases),
        passed_after=sum(pairs.passed_after for _, pairs in cases),
        repeats=cases[0][1].repeats,
        lost=sum(pairs.lost for _, pairs in cases),
    )
