"""Decides whether a change made the model worse: a pure function of two records and a policy.

*Regression*: a pinned case broke, memory or latency exceeds its limit, or more cases broke than
chance explains. *Pass*: the drop is bounded below the margin. *Inconclusive*: neither, with the
number of cases that would decide. *Not comparable*: the runs had other cases, prompts or decoding.
"Not significant" is never a pass.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil

from harness.core.record import FORMAT_SUCCESS
from harness.core.verdict import Outcome
from harness.gate.comparable import (
    Incompatibility,
    common_required,
    run_incompatibilities,
    task_incompatibilities,
)
from harness.gate.compare import CaseChange, Change, Comparison, Side, compare, composite_outcome
from harness.gate.evidence import PairedTest, net_losses, paired_test, pairs_of
from harness.gate.policy import GatePolicy
from harness.gate.resources import ResourceChange, resource_change
from harness.stats.binomial import upper_quantile
from harness.stats.multiple import holm
from harness.stats.power import (
    cases_to_bound,
    cases_to_detect,
    cases_without_flips,
    smallest_detectable_drop,
)

NOISE_QUANTILE = 0.95
"""No regression rests on a number of flips that noise alone stays within in this share of runs."""


class GateOutcome(StrEnum):
    """Ordered from best to worst: a decision over several tasks is the worst of theirs."""

    PASS = "pass"
    INCONCLUSIVE = "inconclusive"
    REGRESSION = "regression"
    NOT_COMPARABLE = "not comparable"


EXIT_CODES = {
    GateOutcome.PASS: 0,
    GateOutcome.REGRESSION: 1,
    GateOutcome.INCONCLUSIVE: 10,
    GateOutcome.NOT_COMPARABLE: 11,
}


class Reason(StrEnum):
    """The reason for a task's outcome."""

    PINNED = "a pinned case broke"
    MEMORY = "the model takes more memory than is allowed"
    LATENCY = "the model is slower than is allowed"
    COMPOSITE = "more cases broke than chance explains"
    BEHAVIOR = "a behavior that is not required fell by more than chance explains"
    NOISE = "no more cases flipped than noise explains"
    FEW_CASES = "too few cases were judged on both sides"
    NOTHING_PASSES = "nothing passes on either side, so nothing can break"
    SLOWNESS = "the latency cannot be bounded below its limit"
    MARGIN = "the drop cannot be bounded below the margin"
    BOUNDED = "the drop is below the margin"


@dataclass(frozen=True, slots=True)
class TaskDecision:
    """The decision on one task, with its reason and the statistics behind it."""

    task: str
    outcome: GateOutcome
    reason: Reason
    composite: PairedTest
    behaviors: tuple[PairedTest, ...]
    """In the order of the run; p-values are adjusted over all behaviors of all tasks."""
    comparison: Comparison
    pinned: tuple[str, ...]
    """Pinned cases that fail on the later side only."""
    resources: ResourceChange
    """Change of latency and memory, and budgets newly missed."""
    detectable: float | None
    """The smallest drop that this many cases detect with 80% power, if 1% improve by chance."""
    cases_needed: int | None
    """Cases that would settle an inconclusive outcome at the observed rates; ``None`` where no
    number would, or where the outcome is decided."""
    is_saturated: bool
    """All cases pass on both sides."""

    def fallen(self, alpha: float) -> tuple[PairedTest, ...]:
        """The behaviors whose adjusted p-value is at most ``alpha``."""
        return tuple(b for b in self.behaviors if b.adjusted_p <= alpha)


@dataclass(frozen=True, slots=True)
class GateDecision:
    """The decision on a pair of runs."""

    outcome: GateOutcome
    policy: GatePolicy
    before: Side
    after: Side
    tasks: tuple[TaskDecision, ...] = ()
    """Worst outcome first."""
    refused: tuple[Incompatibility, ...] = ()
    """Reasons why the runs cannot be compared."""
    allowed: tuple[Incompatibility, ...] = ()
    """Differences that the policy allows."""

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.outcome]


def decide(before: Side, after: Side, policy: GatePolicy) -> GateDecision:
    """Compare the two sides on every task that both have, and decide."""
    found = [*run_incompatibilities(before, after)]
    only = {u.task for u in found if u.kind == "tasks"}
    both = [t.name for t in after.record.tasks if before.task_record(t.name)]
    shared = [name for name in both if name not in only]
    for name in shared:
        found += task_incompatibilities(before, after, name, policy.max_errors)
    refused = [u for u in found if u.kind not in policy.allow]
    if not shared and not refused:
        refused = [Incompatibility("empty", "the runs have no task in common"), *found]
    decided = GateDecision(
        GateOutcome.NOT_COMPARABLE,
        policy,
        before,
        after,
        refused=tuple(refused),
        allowed=tuple(u for u in found if u not in refused),
    )
    return decided if refused else _decided(decided, shared)


def _decided(decision: GateDecision, names: Sequence[str]) -> GateDecision:
    policy = decision.policy
    compared = [_compared(decision, name) for name in names]
    tests = [_tests(comparison, policy) for comparison in compared]
    composites = _adjusted([e[0] for e in tests if e[0]])
    behavior_tests = iter(_adjusted([b for _, behaviors in tests for b in behaviors]))
    tasks: list[TaskDecision] = []
    lost: list[Incompatibility] = []
    for comparison, (found, behaviors) in zip(compared, tests, strict=True):
        own = tuple(next(behavior_tests) for _ in behaviors)
        if found is None:
            lost.append(
                Incompatibility("empty", "no case was judged on both sides", comparison.task)
            )
        else:
            tasks.append(_task(comparison, composites.pop(0), own, policy))
    if lost:
        return replace(decision, refused=tuple(lost))
    order = list(GateOutcome)
    tasks.sort(key=lambda t: -order.index(t.outcome))
    return replace(decision, outcome=tasks[0].outcome, tasks=tuple(tasks))


def _compared(decision: GateDecision, task: str) -> Comparison:
    return compare(
        decision.before,
        decision.after,
        task,
        by_prompt="prompts" not in decision.policy.allow,
        required=common_required(decision.before, decision.after, task),
    )


def _tests(
    comparison: Comparison, policy: GatePolicy
) -> tuple[PairedTest | None, tuple[PairedTest, ...]]:
    def of(behavior: str | None) -> PairedTest | None:
        pairs = pairs_of(comparison.cases, behavior)
        return paired_test(comparison.task, behavior or FORMAT_SUCCESS, pairs, policy.confidence)

    behaviors = (of(change.behavior) for change in comparison.behaviors)
    return of(None), tuple(found for found in behaviors if found)


def _adjusted(family: Sequence[PairedTest]) -> list[PairedTest]:
    adjusted = holm([found.p_value for found in family])
    return [replace(e, adjusted_p=p) for e, p in zip(family, adjusted, strict=True)]


def _task(
    comparison: Comparison, found: PairedTest, behaviors: tuple[PairedTest, ...], policy: GatePolicy
) -> TaskDecision:
    pinned = tuple(_pinned(comparison))
    resources = resource_change(comparison, policy.confidence)
    others = [b for b in behaviors if b.behavior not in comparison.required]
    outcome, reason = _judge(found, others, pinned, resources, policy)
    could_cases_decide = outcome is GateOutcome.INCONCLUSIVE and reason is not Reason.SLOWNESS
    effective_cases = max(1, round(found.pairs / found.design_effect))
    return TaskDecision(
        task=comparison.task,
        outcome=outcome,
        reason=reason,
        composite=found,
        behaviors=behaviors,
        comparison=comparison,
        pinned=pinned,
        resources=resources,
        detectable=smallest_detectable_drop(effective_cases, alpha=policy.composite_alpha),
        cases_needed=_needed(found, policy) if could_cases_decide else None,
        is_saturated=found.is_unchanged and found.after == 1,
    )


def _judge(
    found: PairedTest,
    others: Iterable[PairedTest],
    pinned: tuple[str, ...],
    resources: ResourceChange,
    policy: GatePolicy,
) -> tuple[GateOutcome, Reason]:
    """The outcome of one task.

    Required behaviors count within the composite; ``others``, which are not required, are tested by
    themselves.
    """
    if pinned:
        return GateOutcome.REGRESSION, Reason.PINNED
    if resources.is_over_memory(policy):
        return GateOutcome.REGRESSION, Reason.MEMORY
    if resources.is_too_slow(policy):
        return GateOutcome.REGRESSION, Reason.LATENCY
    if found.adjusted_p <= policy.composite_alpha:
        return _unless_noise(found, Reason.COMPOSITE, policy)
    fallen = [b for b in others if b.adjusted_p <= policy.behaviors_alpha]
    if fallen:
        return _unless_noise(max(fallen, key=_flips), Reason.BEHAVIOR, policy)
    if found.pairs < policy.min_cases:
        return GateOutcome.INCONCLUSIVE, Reason.FEW_CASES
    if found.before == 0 and found.after == 0:
        return GateOutcome.INCONCLUSIVE, Reason.NOTHING_PASSES
    if found.interval.high >= policy.margin:
        return GateOutcome.INCONCLUSIVE, Reason.MARGIN
    if resources.is_maybe_too_slow(policy):
        return GateOutcome.INCONCLUSIVE, Reason.SLOWNESS
    return GateOutcome.PASS, Reason.BOUNDED


def _flips(found: PairedTest) -> int:
    return found.broke + found.fixed


def _unless_noise(
    found: PairedTest, reason: Reason, policy: GatePolicy
) -> tuple[GateOutcome, Reason]:
    if policy.noise_floor:
        explained = int(upper_quantile(1 - NOISE_QUANTILE, found.pairs, policy.noise_floor))
        if _flips(found) <= explained:
            return GateOutcome.INCONCLUSIVE, Reason.NOISE
    return GateOutcome.REGRESSION, reason


def _needed(found: PairedTest, policy: GatePolicy) -> int | None:
    """Cases that would decide if the rates of broken and fixed cases stayed as observed."""
    if found.before == 0 and found.after == 0:
        return None
    broke, fixed = found.broke / found.pairs, found.fixed / found.pairs
    if found.is_unchanged:
        enough: int | None = cases_without_flips(policy.margin, policy.confidence)
    elif found.drop < policy.margin:
        enough = cases_to_bound(broke, fixed, policy.margin, policy.confidence)
    else:
        enough = cases_to_detect(broke - fixed, broke + fixed, policy.composite_alpha)
    if enough is None:
        return None
    return max(ceil(enough * found.design_effect), policy.min_cases, found.pairs + 1)


def _pinned(comparison: Comparison) -> Iterable[str]:
    """Pinned cases that fail on the later side only. A case with several answers fails if more than
    half of them do."""
    found: dict[str, tuple[list[Outcome | None], list[Outcome | None]]] = {}
    for case in comparison.cases:
        if case.after is not None and case.after.must_pass:
            was, now = found.setdefault(case.after.case_id, ([], []))
            for answer, outcomes in ((case.before, was), (case.after, now)):
                verdicts = answer.verdicts if answer else {}
                outcomes.append(composite_outcome(verdicts, comparison.required))
    for name, (was, now) in found.items():
        if _fails(now) and not _fails(was):
            yield name


def _fails(answers: Sequence[Outcome | None]) -> bool:
    return 2 * answers.count(Outcome.FAILED) > len(answers)


def flip_rate(baseline: Side, again: Side) -> float:
    """The largest share, over tasks, of cases whose composite differs between two runs of one model
    (A/A): the effect of batching alone."""
    shares = [0.0]
    for task in (t.name for t in again.record.tasks if baseline.task_record(t.name)):
        required = common_required(baseline, again, task)
        pairs = pairs_of(compare(baseline, again, task, required=required).cases)
        if pairs.differences:
            shares.append(sum(map(bool, pairs.differences)) / len(pairs.differences))
    return max(shares)


def regressed_cases(decision: TaskDecision) -> tuple[CaseChange, ...]:
    """Cases that broke, each with one answer that broke: pinned cases first, then the shortest
    answers."""
    losses = net_losses(decision.comparison.cases)
    broke: dict[str, CaseChange] = {}
    for case in decision.comparison.bucket(Change.REGRESSED):
        if losses.get(case.sample.case_id, 1) > 0:
            broke.setdefault(case.sample.case_id, case)

    def order(case: CaseChange) -> tuple[bool, int]:
        length = len(case.after.completion.text) if case.after else 0
        return case.sample.case_id not in decision.pinned, length

    return tuple(sorted(broke.values(), key=order))
