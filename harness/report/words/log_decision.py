"""The decision on an experiment as sentences, which are those on two runs as far as a log goes.

Names of behaviors and tasks are raw text: whoever prints them makes them printable.
"""

from collections.abc import Iterator, Sequence

from harness.ab.experiment import ARMS, Arm
from harness.core.measurement import quantile
from harness.core.record import FORMAT_SUCCESS
from harness.gate.log_decision import LogDecision, LogTaskDecision, LogTest
from harness.gate.log_keys import ArmRate
from harness.gate.outcome import GateOutcome, Reason
from harness.gate.policy import GatePolicy
from harness.report.words import numbers as words
from harness.report.words.decision import format_incompatibility, word
from harness.report.words.leading import leading_of

QUANTILES = (0.5, 0.95)
"""Of the latency."""
TABLE = ("behavior", "before", "after", "change", "interval", "keys before", "after")


def sentence(decision: LogDecision) -> str:
    """``PASS: format_success_rate fell from 98.2% to 98.0% (-0.2 points, 94% interval -1.6 to +1.2;
    2,010 keys before, 1,990 after).``"""
    return f"{word(decision.outcome)}: {statement(decision)}."


def statement(decision: LogDecision) -> str:
    """The sentence without its first word."""
    if decision.refused:
        more = len(decision.refused) - 1
        also = f" (and {words.plural(more, 'more reason')})" if more else ""
        return f"{format_incompatibility(decision.refused[0])}{also}"
    worst = decision.tasks[0]
    where = f"{worst.task}: " if len(decision.tasks) > 1 else ""
    return f"{where}{_clause(worst, decision.policy)}"


def headline_of(task: LogTaskDecision, decision: LogDecision) -> tuple[str, tuple[str, ...]]:
    """A heading for one task, to stand after its outcome, and the lines under it."""
    more = (*_details(task, decision), _draws(decision), *_latency(decision))
    return f"{_clause(task, decision.policy)}.", more


def _clause(task: LogTaskDecision, policy: GatePolicy) -> str:
    leading = leading_of(task, policy)
    if _is_empty(leading):
        return _reason(task, policy).removesuffix("; ")
    return f"{_reason(task, policy)}{_change(leading, policy)}"


def _is_empty(found: LogTest) -> bool:
    """No key of an arm counts yet."""
    return found.before.rate is None or found.after.rate is None


def _reason(task: LogTaskDecision, policy: GatePolicy) -> str:
    before, after = task.composite.before.keys, task.composite.after.keys
    if task.reason is Reason.FEW_CASES:
        counted = f"{words.plural(before, 'key')} before and {after:,} after count so far"
        return f"{counted}, {policy.min_cases} of each arm are asked for; "
    if task.reason is Reason.NOTHING_PASSES:
        return "nothing passes on either arm, so nothing can break; "
    if task.reason is Reason.WITHIN:
        return f"it fell, within the margin of {policy.margin * 100:.3g} points; "
    return ""


def _change(found: LogTest, policy: GatePolicy) -> str:
    share = f"{policy.interval_confidence * 100:.3g}% "
    ends = f"{share if found.behavior == FORMAT_SUCCESS else ''}interval {interval(found)}"
    keys = f"{words.plural(found.before.keys, 'key')} before, {found.after.keys:,} after"
    was, now = rate(found.before), rate(found.after)
    if round(found.drop, 3) == 0:
        return f"{found.behavior} stayed at {now} ({ends} points; {keys})"
    verb = "fell" if found.drop > 0 else "rose"
    changed = f"{found.behavior} {verb} from {was} to {now}"
    return f"{changed} ({points(found)} points, {ends}; {keys})"


def rate(arm: ArmRate) -> str:
    """``96.3%``, the mean over an arm's keys."""
    return "-" if arm.rate is None else words.percent(arm.rate)


def points(found: LogTest) -> str:
    """``-3.3``: a loss is negative."""
    return words.signed(-found.drop * 100)


def interval(found: LogTest) -> str:
    """``-5.6 to -1.4``, in points, of the change."""
    ends = (-found.interval.high, -found.interval.low)
    return " to ".join(words.signed(end * 100) for end in ends)


def explanation(decision: LogDecision) -> Iterator[str]:
    """The lines that follow the sentence."""
    for found in decision.refused[1:]:
        yield f"Also: {format_incompatibility(found)}."
    for task in decision.tasks:
        where = f"{task.task}: " if len(decision.tasks) > 1 else ""
        if task is not decision.tasks[0]:
            yield f"{where}{task.outcome.value}, {_clause(task, decision.policy)}."
        for line in _details(task, decision):
            yield f"{where}{line}"
    if decision.tasks:
        yield "Every interval holds at all looks together: the log may be gated every day."
    if len({*decision.models.values()}) == 1:
        yield "Both arms are the same model: what differs is chance."
    yield _draws(decision)
    yield from _latency(decision)


def _details(task: LogTaskDecision, decision: LogDecision) -> Iterator[str]:
    policy = decision.policy
    if leading_of(task, policy) is not task.composite:
        yield f"Meanwhile {_change(task.composite, policy)}."
    if task.outcome is GateOutcome.INCONCLUSIVE:
        yield _undecided(task, policy)
    if fallen := [b.behavior for b in task.fallen(policy)]:
        yield f"Behaviors that fell by more than chance explains: {', '.join(fallen)}."
    yield from _keys(task, decision.hours)
    owed = task.composite.before.owed + task.composite.after.owed
    if owed:
        yield (
            f"{words.plural(owed, 'answer')} had an error, a skip or no verdict: the interval "
            "counts each as a loss where it can be one."
        )


def _undecided(task: LogTaskDecision, policy: GatePolicy) -> str:
    if task.reason is Reason.NOTHING_PASSES:
        return "No number of keys would decide it: ask what some model can answer."
    found = leading_of(task, policy)
    if _is_empty(found):
        return "Ask again when more keys count."
    allowed = f"the margin is {policy.margin * 100:.3g} points"
    worst = f"a drop of {found.interval.high * 100:.1f} points cannot be ruled out, {allowed}"
    if task.keys_needed is None:
        return words.sentence(worst)
    needed = words.plural(task.keys_needed, "key")
    return words.sentence(f"{worst}: about {needed} would decide it if the arms are alike")


def _keys(task: LogTaskDecision, hours: float) -> Iterator[str]:
    """Lines on what one key is."""
    closed = task.keys.closed
    alone = sum(key.is_alone for key in closed)
    if alone:
        yield (
            f"{words.plural(alone, 'request')} came without a key: each is a key of its own, so a "
            "person who asks often counts often."
        )
    if alone < len(closed) or task.keys.waiting:
        yield (
            f"A key counts once, with its answers in the {hours:g} hours after its first request; "
            f"of {words.plural(task.keys.waiting, 'key')} these are not over."
        )
    if task.keys.switched:
        yield (
            f"{words.plural(task.keys.switched, 'key')} changed arms with the split: what the "
            "first arm answered counts."
        )


def _draws(decision: LogDecision) -> str:
    found = decision.split
    asked = words.percent(found.expected / found.keys)
    drew = words.percent(found.candidates / found.keys)
    return f"The candidate was drawn by {drew} of {words.plural(found.keys, 'key')}, {asked} asked."


def _latency(decision: LogDecision) -> Iterator[str]:
    """A line on the time of an answer, on which nothing is decided."""
    if all(decision.seconds[arm] for arm in ARMS):
        before, after = (_times(decision.seconds[arm]) for arm in ARMS)
        yield f"Latency: {before} before, {after} after (p50, p95); nothing is decided by it."


def _times(seconds: Sequence[float]) -> str:
    half, most = (words.significant(quantile(seconds, share)) for share in QUANTILES)
    return f"{half} and {most} s"


def models(decision: LogDecision) -> Iterator[str]:
    """``baseline: adapter:out/a``, for each arm."""
    arms: tuple[Arm, ...] = ARMS
    for arm in arms:
        if arm in decision.models:
            yield f"{arm}: {decision.models[arm]}"


def table(task: LogTaskDecision) -> list[tuple[str, ...]]:
    """The rows under ``TABLE`` for one task, the composite first."""
    return [
        (
            found.behavior,
            rate(found.before),
            rate(found.after),
            points(found),
            interval(found),
            f"{found.before.keys:,}",
            f"{found.after.keys:,}",
        )
        for found in (task.composite, *task.behaviors)
    ]
