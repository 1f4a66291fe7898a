"""Decides whether a change made the model worse: a pure function of two records and a policy.

Each interval of a drop is read in one way: *pass* where its high end is below the margin, else
*regression* where its low end is above 0, else *inconclusive*. Two questions are asked: about cases
of these wordings, and about new wordings. Single behaviors are asked too, so that a gain of one
does not pay for the loss of another. *Not comparable*: the runs had other cases, prompts or
decoding. A case that was judged before and is not judged after never ends as a pass.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

from harness.core.attempts import Attempts
from harness.gate.causes import broken_cases
from harness.gate.comparable import (
    Incompatibility,
    common_required,
    run_incompatibilities,
    task_incompatibilities,
)
from harness.gate.compare import CaseChange, Comparison, Side, compare
from harness.gate.evidence import PairedTest
from harness.gate.looks import policy_at
from harness.gate.noise import recorded_flip_rate
from harness.gate.outcome import EXIT_CODES, GateOutcome, Reason, TaskEvidence, outcome_of
from harness.gate.policy import GatePolicy
from harness.gate.task_pairs import evidence_of, task_pairs
from harness.stats.power import cases_to_decide, smallest_detectable_drop


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDecision(TaskEvidence):
    """The decision on one task, with its reason and the statistics behind it."""

    outcome: GateOutcome
    reason: Reason
    policy: GatePolicy
    """The policy with the task's own margin."""
    detectable: float | None
    """The smallest drop that this many cases show with 80% power, if 1% improve by chance."""
    cases_needed: int | None
    """Cases of which four in five suites would settle an inconclusive outcome at the observed
    rates; ``None`` where no number would, or where more cases are not what is missing."""
    is_saturated: bool
    """All cases pass on both sides."""


@dataclass(frozen=True, slots=True)
class GateDecision:
    """The decision on a pair of runs."""

    outcome: GateOutcome
    policy: GatePolicy
    before: Side
    after: Side
    tasks: tuple[TaskDecision, ...] = ()
    """Worst outcome first."""
    pooled: PairedTest | None = None
    """The composite over the cases of all tasks, where there are several."""
    refused: tuple[Incompatibility, ...] = ()
    """Reasons why the runs cannot be compared."""
    allowed: tuple[Incompatibility, ...] = ()
    """Differences that the policy allows."""
    against: str = ""
    """The side before, where a named baseline has an anchor: ``the anchor main (saved
    2026-11-20)``."""
    other: "GateDecision | None" = None
    """The decision against the other of a baseline and its anchor, which is no worse."""
    attempts: Attempts | None = None
    """Counted in the ledger of a named baseline."""
    remarks: tuple[str, ...] = ()
    """One line each about the baseline."""

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.outcome]


def decide(before: Side, after: Side, policy: GatePolicy) -> GateDecision:
    """Compare the two sides on every task that both have, and decide.

    The noise that the run before measured of its model is the noise floor, unless the policy sets
    one. A model that was looked at while it answered is judged at the levels of its last look.
    """
    model = after.model_record
    policy = policy.with_measured_noise(recorded_flip_rate(before))
    policy = policy_at(policy, model.early_stop if model else None)
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
    found, pooled = evidence_of([task_pairs(c, policy) for c in compared], policy)
    if not all(found):
        lost = (c.task for c, task in zip(compared, found, strict=True) if task is None)
        none = "no case was judged on both sides"
        refused = tuple(Incompatibility("empty", none, task) for task in lost)
        return replace(decision, refused=refused)
    tasks = [_task(task, policy, len(found)) for task in found if task]
    tasks.sort(key=lambda t: -t.outcome.severity)
    outcome = overall([task.outcome for task in tasks], pooled, margin_of_all(tasks, policy))
    return replace(decision, outcome=outcome, tasks=tuple(tasks), pooled=pooled)


def margin_of_all(tasks: Sequence[TaskEvidence], general: GatePolicy) -> float:
    """The accepted drop over the cases of all tasks: that of a run in which each task drops by its
    own margin."""
    cases = sum(task.composite.pairs for task in tasks)
    accepted = (task.own_policy(general).margin * task.composite.pairs for task in tasks)
    return sum(accepted) / cases


def overall(
    outcomes: Iterable[GateOutcome], pooled: PairedTest | None, margin: float
) -> GateOutcome:
    """The outcome over several tasks: the worst of theirs, or a regression over all cases."""
    if pooled is not None and pooled.is_regression(margin):
        return GateOutcome.REGRESSION
    return max(outcomes, key=lambda outcome: outcome.severity)


def _compared(decision: GateDecision, task: str) -> Comparison:
    return compare(
        decision.before,
        decision.after,
        task,
        by_prompt="prompts" not in decision.policy.allow,
        required=common_required(decision.before, decision.after, task),
    )


def _task(evidence: TaskEvidence, general: GatePolicy, tasks: int) -> TaskDecision:
    composite = evidence.composite
    policy = evidence.own_policy(general)
    outcome, reason = outcome_of(evidence, policy)
    return TaskDecision(
        **{f.name: getattr(evidence, f.name) for f in fields(evidence)},
        outcome=outcome,
        reason=reason,
        policy=policy,
        detectable=smallest_detectable_drop(composite.pairs, policy.tails_of(tasks).low),
        cases_needed=_needed(composite, policy) if reason in _MORE_CASES_HELP else None,
        is_saturated=composite.is_unchanged and composite.after == 1,
    )


_MORE_CASES_HELP = (Reason.FEW_CASES, Reason.MARGIN, Reason.BEHAVIOR_MARGIN)


def _needed(found: PairedTest, policy: GatePolicy) -> int | None:
    """Cases that would decide if the rates of broken and fixed cases stayed as observed."""
    broke, fixed = (flips / found.pairs for flips in found.flips)
    enough = cases_to_decide(broke, fixed, policy.margin, policy.tails)
    return None if enough is None else max(enough, policy.min_cases, found.pairs + 1)


def regressed_cases(decision: TaskDecision) -> tuple[CaseChange, ...]:
    """Cases that broke, each with one answer that broke: pinned cases first, then the shortest
    answers."""

    def order(case: CaseChange) -> tuple[bool, int]:
        length = len(case.after.completion.text) if case.after else 0
        return case.sample.case_id not in decision.pinned, length

    return tuple(sorted(broken_cases(decision.comparison), key=order))
