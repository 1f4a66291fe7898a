"""Decides from the log of an experiment whether the candidate is worse: a pure function of its
entries and a policy. Of the entries no more is held than is decided by, so that a log may be long.

The arms answered other requests, so nothing is paired: the draw of the keys is what makes them
alike, and each key is one trial (``log_keys``). The intervals hold at all times together, so the
log may be read every day. They are read as those of two runs are.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.ab.entry import LogEntry
from harness.ab.experiment import ARMS, Arm
from harness.ab.traffic import Traffic, time_text
from harness.core.record import FORMAT_SUCCESS
from harness.core.verdict import JUDGED
from harness.gate.comparable import Incompatibility
from harness.gate.log_comparable import Split, log_incompatibilities, split_of
from harness.gate.log_keys import (
    KEY_HOURS,
    ArmRate,
    Keys,
    Trials,
    keys_needed,
    keys_of,
    trials_of,
)
from harness.gate.outcome import EXIT_CODES, GateOutcome, Reason
from harness.gate.policy import GatePolicy
from harness.stats.multiple import holm_levels
from harness.stats.paired import DropInterval


@dataclass(frozen=True, slots=True)
class LogTest:
    """The test of one behavior, or of the composite, of one task."""

    task: str
    behavior: str
    before: ArmRate
    after: ArmRate
    interval: DropInterval
    """Of the drop: rate before minus rate after; both ends hold at every look."""
    p_value: float
    """Against no drop; valid at every look."""

    @property
    def drop(self) -> float:
        """Rate before minus rate after, in the keys so far; 0 where an arm has no rate."""
        if self.before.rate is None or self.after.rate is None:
            return 0.0
        return self.before.rate - self.after.rate

    @property
    def is_loss(self) -> bool:
        """The drop is above 0 for sure."""
        return self.interval.low > 0

    def is_regression(self, margin: float) -> bool:
        """It fell for sure, and perhaps by the margin or more."""
        return self.is_loss and self.interval.high >= margin


@dataclass(frozen=True, slots=True)
class LogTaskDecision:
    """The decision on one task."""

    task: str
    outcome: GateOutcome
    reason: Reason
    composite: LogTest
    behaviors: tuple[LogTest, ...]
    required: tuple[str, ...]
    keys: Keys
    keys_needed: int | None = None
    """Keys that would bound the drop below the margin if the arms were alike, about; ``None`` where
    more keys are not what is missing."""

    def fallen(self, policy: GatePolicy) -> tuple[LogTest, ...]:
        """Behaviors that fell for sure, and perhaps by the margin or more: worst first."""
        found = [b for b in self.behaviors if b.is_regression(policy.margin)]
        return tuple(sorted(found, key=lambda b: -b.interval.low))

    def unbounded(self, policy: GatePolicy) -> tuple[LogTest, ...]:
        """Required behaviors that fell in the keys so far, perhaps by the margin."""
        return tuple(
            b
            for b in self.behaviors
            if b.behavior in self.required and b.drop > 0 and b.interval.high >= policy.margin
        )


@dataclass(frozen=True, slots=True)
class LogDecision:
    """The decision on an experiment."""

    outcome: GateOutcome
    policy: GatePolicy
    models: Mapping[Arm, str]
    """The ref of each arm."""
    seconds: Mapping[Arm, Sequence[float]]
    """Of each answered request, in ascending order."""
    split: Split
    hours: float
    first: str
    last: str
    """Times of the first and the last entry."""
    tasks: tuple[LogTaskDecision, ...] = ()
    """Worst outcome first."""
    refused: tuple[Incompatibility, ...] = ()

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.outcome]

    def of(self, task: str) -> LogTaskDecision | None:
        """The decision on one task; ``None`` where there is none."""
        return next((found for found in self.tasks if found.task == task), None)


def decide_log(
    entries: Iterable[LogEntry],
    policy: GatePolicy,
    *,
    behaviors: tuple[str, ...] = (),
    hours: float = KEY_HOURS,
) -> LogDecision:
    """Decide on an experiment.

    Args:
        entries: of one log, in any order, read once; there is one at least.
        policy: its ``margin``, ``confidence``, ``min_cases`` (keys of each arm) and ``max_errors``.
        behaviors: decide by these in place of the required ones.
        hours: in which a key's answers count.
    """
    traffic = Traffic(entries)
    split = split_of(traffic)
    first, last = traffic.ends
    decided = LogDecision(
        GateOutcome.NOT_COMPARABLE,
        policy,
        models={r.source.arm: r.source.model for r in traffic},
        seconds={arm: _seconds(traffic, arm) for arm in ARMS},
        split=split,
        hours=hours,
        first=time_text(first),
        last=time_text(last),
        refused=tuple(log_incompatibilities(traffic, split, policy.max_errors, behaviors)),
    )
    if decided.refused:
        return decided
    names = dict.fromkeys(r.source.task for r in traffic if r.source.task)
    keys = {n: keys_of((r for r in traffic if r.source.task == n), hours, last) for n in names}
    tasks = _tasks(keys, policy, {n: behaviors or _required(traffic, n) for n in names})
    tasks.sort(key=lambda t: -t.outcome.severity)
    return replace(decided, outcome=tasks[0].outcome, tasks=tuple(tasks))


def _seconds(traffic: Traffic, arm: Arm) -> Sequence[float]:
    answered = (r for r in traffic if r.source.arm == arm and not r.answer.is_owed)
    return array("d", sorted(request.seconds for request in answered))


def _required(traffic: Traffic, task: str) -> tuple[str, ...]:
    return next(r.answer.required for r in traffic if r.source.task == task)


def _tasks(
    keys: Mapping[str, Keys], policy: GatePolicy, required: Mapping[str, tuple[str, ...]]
) -> list[LogTaskDecision]:
    """Decisions on all tasks. The low ends of their composites share one error rate (Bonferroni),
    those of all behaviors another (Holm)."""
    tails, each = policy.tails, policy.behavior_tails
    trials = {
        task: {name: trials_of(own.closed, name) for name in _judged(own)}
        for task, own in keys.items()
    }
    p_values = [t.falls.p_value() for own in trials.values() for t in own.values()]
    levels = iter(holm_levels(p_values, each.low))
    made = []
    for task, own in keys.items():
        whole = trials_of(own.closed, required=required[task])
        composite = _test(task, FORMAT_SUCCESS, whole, tails.low / len(keys), tails.high, policy)
        single = tuple(
            _test(task, name, found, next(levels), each.high, policy)
            for name, found in trials[task].items()
        )
        made.append(_decided(task, composite, single, required[task], own, policy))
    return made


def _judged(keys: Keys) -> Iterator[str]:
    """Behaviors that judged an answer of either arm, in the order of the task's checks."""
    answers = dict.fromkeys(answer for key in keys.closed for answer in key.answers)
    for name in dict.fromkeys(name for answer in answers for name in answer.verdicts):
        found = (answer.verdicts.get(name) for answer in answers)
        if any(v is not None and v.outcome in JUDGED for v in found):
            yield name


def _test(
    task: str, behavior: str, trials: Trials, low: float, high: float, policy: GatePolicy
) -> LogTest:
    test = LogTest(
        task,
        behavior,
        trials.before,
        trials.after,
        DropInterval(trials.falls.lower_bound(low), -trials.rises.lower_bound(high)),
        trials.falls.p_value(),
    )
    ends = test.interval
    return replace(test, interval=DropInterval(min(ends.low, test.drop), max(ends.high, test.drop)))


def _decided(
    task: str,
    composite: LogTest,
    behaviors: tuple[LogTest, ...],
    required: tuple[str, ...],
    keys: Keys,
    policy: GatePolicy,
) -> LogTaskDecision:
    found = LogTaskDecision(
        task, GateOutcome.PASS, Reason.BOUNDED, composite, behaviors, required, keys
    )
    for outcome, is_so, reason in _reasons(found, policy):
        if is_so:
            needed = None
            if reason in (Reason.FEW_CASES, Reason.MARGIN, Reason.BEHAVIOR_MARGIN):
                needed = keys_needed(keys.closed, required, policy)
            return replace(found, outcome=outcome, reason=reason, keys_needed=needed)
    return replace(found, reason=Reason.WITHIN) if composite.is_loss else found


def _reasons(
    found: LogTaskDecision, policy: GatePolicy
) -> Iterator[tuple[GateOutcome, bool, Reason]]:
    """The first that holds is the task's outcome: those of ``outcome.outcome_of``, as far as a log
    has them."""
    composite = found.composite
    fewest = min(composite.before.keys, composite.after.keys)
    bad, open_ = GateOutcome.REGRESSION, GateOutcome.INCONCLUSIVE
    yield bad, composite.is_regression(policy.margin), Reason.COMPOSITE
    yield bad, bool(found.fallen(policy)), Reason.BEHAVIOR
    yield open_, fewest < policy.min_cases, Reason.FEW_CASES
    yield open_, not composite.before.rate and not composite.after.rate, Reason.NOTHING_PASSES
    yield open_, composite.interval.high >= policy.margin, Reason.MARGIN
    yield open_, bool(found.unbounded(policy)), Reason.BEHAVIOR_MARGIN
