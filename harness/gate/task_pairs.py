"""Everything that the gate reads of the tasks' answers, and the evidence made of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.core.verdict import JUDGED, Outcome
from harness.gate.compare import CaseChange, Comparison, Outcomes
from harness.gate.evidence import PairedCases, PairedTest, pairs_of
from harness.gate.families import (
    BehaviorPairs,
    behavior_pairs,
    behavior_tests,
    composites,
    lost_verdicts,
)
from harness.gate.new_wordings import new_wordings
from harness.gate.outcome import TaskEvidence
from harness.gate.policy import GatePolicy
from harness.gate.resources import ResourceChange, resource_change


@dataclass(frozen=True, slots=True)
class Pinned:
    """Must-pass cases that do not pass on the later side, by what they did before."""

    broke: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    """They failed before too."""
    unjudged: tuple[str, ...] = ()
    """They passed before and are not judged any more."""


@dataclass(frozen=True, slots=True)
class TaskPairs:
    """The paired answers of one task, as input of all its tests."""

    comparison: Comparison
    composite: PairedCases
    behaviors: BehaviorPairs
    pinned: Pinned
    resources: ResourceChange


def task_pairs(comparison: Comparison, policy: GatePolicy) -> TaskPairs:
    """The pairs of a comparison."""
    return TaskPairs(
        comparison,
        pairs_of(comparison.cases),
        behavior_pairs(comparison),
        pinned_cases(comparison.cases),
        resource_change(comparison, policy.confidence),
    )


def evidence_of(
    tasks: Sequence[TaskPairs], policy: GatePolicy
) -> tuple[list[TaskEvidence | None], PairedTest | None]:
    """The evidence on each task, ``None`` where no case was judged on both sides, and the composite
    over all of them where there are several."""
    tests, pooled = composites([(t.comparison.task, t.composite) for t in tasks], policy)
    behaviors = behavior_tests([(t.comparison.task, t.behaviors) for t in tasks], policy)
    found = [
        _evidence(pairs, test, own, policy) if test else None
        for pairs, test, own in zip(tasks, tests, behaviors, strict=True)
    ]
    return found, pooled


def _evidence(
    pairs: TaskPairs,
    composite: PairedTest,
    behaviors: tuple[PairedTest, ...],
    policy: GatePolicy,
) -> TaskEvidence:
    comparison = pairs.comparison
    return TaskEvidence(
        task=comparison.task,
        comparison=comparison,
        composite=composite,
        behaviors=behaviors,
        wordings=new_wordings(pairs.composite, policy),
        pinned=pairs.pinned.broke,
        pinned_failing=pairs.pinned.failing,
        pinned_unjudged=pairs.pinned.unjudged,
        unjudged=tuple(lost_verdicts(pairs.behaviors, comparison.required, policy)),
        resources=pairs.resources,
    )


def pinned_cases(cases: Iterable[CaseChange]) -> Pinned:
    """Pinned cases that fail on the later side, and those that passed before and are not judged
    after. A case with several answers fails if more than half of them do."""
    found: dict[str, list[Outcomes]] = {}
    for case in cases:
        if case.sample.must_pass:
            found.setdefault(case.sample.case_id, []).append(case.outcomes)
    broke: list[str] = []
    failing: list[str] = []
    unjudged: list[str] = []
    for name, answers in found.items():
        was, now = ([pair[side] for pair in answers] for side in (0, 1))
        if _fails(now):
            (failing if _fails(was) else broke).append(name)
        elif Outcome.PASSED in was and any(outcome not in JUDGED for outcome in now):
            unjudged.append(name)
    return Pinned(tuple(broke), tuple(failing), tuple(unjudged))


def _fails(answers: Sequence[Outcome | None]) -> bool:
    return 2 * answers.count(Outcome.FAILED) > len(answers)
