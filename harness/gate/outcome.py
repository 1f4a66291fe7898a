"""The outcome of one task: a pure function of its evidence and the policy."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from harness.gate.compare import Comparison
from harness.gate.evidence import PairedTest
from harness.gate.families import LostVerdicts
from harness.gate.new_wordings import NewWordings
from harness.gate.policy import GatePolicy
from harness.gate.resources import ResourceChange


class GateOutcome(StrEnum):
    """Ordered from best to worst: a decision over several tasks is the worst of theirs."""

    PASS = "pass"
    INCONCLUSIVE = "inconclusive"
    REGRESSION = "regression"
    NOT_COMPARABLE = "not comparable"

    @property
    def severity(self) -> int:
        """Its place in this order, from 0."""
        return [*GateOutcome].index(self)


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
    WORDINGS = "more wordings broke than chance explains"
    BEHAVIOR = "a behavior fell by more than chance explains"
    PINNED_FAILING = "a pinned case fails, as it did before"
    PINNED_UNJUDGED = "a pinned case is not judged any more"
    UNJUDGED = "cases that were judged before are not judged any more"
    FEW_CASES = "too few cases were judged on both sides"
    NOTHING_PASSES = "nothing passes on either side, so nothing can break"
    MARGIN = "the drop cannot be bounded below the margin"
    BEHAVIOR_MARGIN = "the drop of a required behavior cannot be bounded below the margin"
    WORDING_MARGIN = "the drop over new wordings cannot be bounded below its margin"
    SLOWNESS = "the latency cannot be bounded below its limit"
    WITHIN = "it fell, within the margin"
    BOUNDED = "the drop is below the margin"


@dataclass(frozen=True, slots=True)
class TaskEvidence:
    """What is known about the change of one task."""

    task: str
    comparison: Comparison
    composite: PairedTest
    behaviors: tuple[PairedTest, ...]
    """In the order of the run."""
    wordings: NewWordings | None
    """The drop over new wordings; ``None`` where no two cases share a wording."""
    pinned: tuple[str, ...]
    """Pinned cases that fail on the later side only."""
    pinned_failing: tuple[str, ...]
    """Pinned cases that fail on both sides."""
    pinned_unjudged: tuple[str, ...]
    """Pinned cases that passed before and are not judged after."""
    unjudged: tuple[LostVerdicts, ...]
    """Behaviors with cases that were judged before and are not judged after."""
    resources: ResourceChange
    """Change of latency and memory, and budgets newly missed."""

    @property
    def is_kept(self) -> bool:
        """The task is a kept skill."""
        return self.comparison.is_kept

    def own_policy(self, general: GatePolicy) -> GatePolicy:
        """The policy with the margin that holds for this task."""
        return general.for_task(is_kept=self.is_kept)

    def is_required(self, behavior: str) -> bool:
        return behavior in self.comparison.required

    def fallen(self, policy: GatePolicy) -> tuple[PairedTest, ...]:
        """The behaviors that fell for sure, and perhaps by the margin or more: worst first."""
        found = [b for b in self.behaviors if b.is_regression(policy.margin)]
        return tuple(sorted(found, key=lambda b: -b.interval.low))

    def _is_held(self, found: PairedTest) -> bool:
        """A pass needs a bound of its drop: it is required, or its mean share has a budget."""
        task = self.comparison.after.task_record(self.task)
        has_budget = task is not None and found.behavior in task.budgets
        return self.is_required(found.behavior) or (found.graded is not None and has_budget)

    def unbounded(self, policy: GatePolicy) -> tuple[PairedTest, ...]:
        """The required behaviors, and the graded ones with a budget, that fell, and whose drop, as
        a share of the task's cases, may be the margin."""
        cases = self.composite.pairs + self.composite.not_judged
        return tuple(
            b
            for b in self.behaviors
            if self._is_held(b)
            and b.drop > 0
            and b.interval.high * (b.pairs + b.not_judged) / cases >= policy.margin
        )


def outcome_of(found: TaskEvidence, policy: GatePolicy) -> tuple[GateOutcome, Reason]:
    """The outcome of one task: the first reason that holds, regressions before all others."""
    for outcome, reasons in (
        (GateOutcome.REGRESSION, _regressions(found, policy)),
        (GateOutcome.INCONCLUSIVE, _doubts(found, policy)),
    ):
        for is_so, reason in reasons:
            if is_so:
                return outcome, reason
    return GateOutcome.PASS, Reason.WITHIN if found.composite.is_loss else Reason.BOUNDED


def _regressions(found: TaskEvidence, policy: GatePolicy) -> Iterable[tuple[bool, Reason]]:
    yield bool(found.pinned), Reason.PINNED
    yield found.resources.is_over_memory(policy), Reason.MEMORY
    yield found.resources.is_too_slow(policy), Reason.LATENCY
    yield found.composite.is_regression(policy.margin), Reason.COMPOSITE
    wordings = found.wordings
    yield wordings is not None and wordings.is_regression(policy), Reason.WORDINGS
    yield bool(found.fallen(policy)), Reason.BEHAVIOR
    yield bool(found.pinned_failing), Reason.PINNED_FAILING


def _doubts(found: TaskEvidence, policy: GatePolicy) -> Iterable[tuple[bool, Reason]]:
    composite, wordings = found.composite, found.wordings
    yield bool(found.pinned_unjudged), Reason.PINNED_UNJUDGED
    is_lost = composite.lost > 0 or any(lost.is_serious for lost in found.unjudged)
    yield is_lost, Reason.UNJUDGED
    yield composite.pairs < policy.min_cases, Reason.FEW_CASES
    yield composite.before == 0 and composite.after == 0, Reason.NOTHING_PASSES
    yield composite.interval.high >= policy.margin, Reason.MARGIN
    yield bool(found.unbounded(policy)), Reason.BEHAVIOR_MARGIN
    is_asked = policy.scope == "new" and wordings is not None
    yield is_asked and not (wordings and wordings.is_bounded(policy)), Reason.WORDING_MARGIN
    yield found.resources.is_maybe_too_slow(policy), Reason.SLOWNESS
