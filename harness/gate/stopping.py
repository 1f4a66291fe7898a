"""Decides whether a run whose cases are asked in blocks may stop, and with which outcome.

It stops where the gate's decision on the cases so far is a pass or a regression, at the levels of
that look; where no further case can make the runs comparable; and as inconclusive where the
remaining cases would hardly change that. The last rule adds no false alarm and no false pass: it
only gives up some that were true.
"""

from dataclasses import dataclass

from harness.gate.compare import Side
from harness.gate.decision import GateDecision, TaskDecision, decide, margin_of_all
from harness.gate.looks import LookPolicy
from harness.gate.outcome import GateOutcome, Reason
from harness.gate.policy import GatePolicy
from harness.stats.paired import Flips
from harness.stats.sequential import chances

LEAST_PASSES = 0.15
"""An unchanged model that would pass less often than this at the end is as good as undecided."""
LEAST_REGRESSIONS = 0.05
"""As is a drop like the one so far that would be shown less often than this."""
HARDLY = "the remaining cases would hardly decide it"

_PASSING = ("errors", "empty")
"""Kinds of incompatibility that further answers may end."""
_NEVER_PASS = (Reason.UNJUDGED, Reason.PINNED_UNJUDGED)


@dataclass(frozen=True, slots=True)
class Stop:
    """No further case needs to be asked."""

    outcome: GateOutcome
    reason: str


def stop_of(before: Side, after: Side, policy: GatePolicy) -> Stop | None:
    """The reason to stop; ``None`` where more cases are to be asked.

    Latency and memory are measured after the cases, so their limits decide at the end.
    """
    limits = {"max_latency_increase": None, "max_memory_increase": None}
    decision = decide(before, after, policy.model_copy(update=limits))
    lasting = [found for found in decision.refused if found.kind not in _PASSING]
    if lasting:
        return Stop(decision.outcome, lasting[0].what)
    if decision.refused:
        return None
    if decision.outcome is not GateOutcome.INCONCLUSIVE:
        return Stop(decision.outcome, decision.tasks[0].reason.value)
    return Stop(decision.outcome, HARDLY) if _is_hopeless(decision) else None


def is_undecidable(
    flips: Flips, pairs: int, total: int, policy: LookPolicy, *, can_pass: bool = True
) -> bool:
    """Neither a pass nor a regression is likely once all cases were asked."""
    chance = chances(flips, pairs, total, policy.margin, policy.at_the_end.tails)
    is_passing = can_pass and chance.passes >= LEAST_PASSES
    return not is_passing and chance.regressions < LEAST_REGRESSIONS


def _is_hopeless(decision: GateDecision) -> bool:
    """Some task will not pass, and no task will be a regression, nor all of them together."""
    policy = decision.policy
    assert isinstance(policy, LookPolicy), "the model is asked in blocks"
    planned = {task.task: _planned(decision, task) for task in decision.tasks}
    found = [
        is_undecidable(
            task.composite.flips,
            task.composite.pairs,
            planned[task.task],
            policy.for_task(is_kept=task.is_kept),
            can_pass=task.reason not in _NEVER_PASS,
        )
        for task in decision.tasks
    ]
    if decision.pooled is not None:
        total = sum(planned.values())
        pooled = decision.pooled
        policy = policy.model_copy(update={"margin": margin_of_all(decision.tasks, policy)})
        found.append(is_undecidable(pooled.flips, pooled.pairs, total, policy, can_pass=False))
    return all(found)


def _planned(decision: GateDecision, task: TaskDecision) -> int:
    record = decision.after.task_record(task.task)
    assert record is not None, "both sides have the task"
    return max(record.cases, task.composite.pairs)
