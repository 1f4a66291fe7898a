"""A comparison of two sides as sentences."""

from collections.abc import Sequence

from harness.core.record import FORMAT_SUCCESS, BehaviorResult
from harness.gate.compare import BehaviorChange, Change, Comparison
from harness.report.words import numbers as words


def of_comparison(comparison: Comparison) -> str:
    """``format_success_rate rose from 10.3% to 95.7% (+85.4 points).``"""
    before, after = comparison.composite.before, comparison.composite.after
    if after is None or after.rate is None:
        return _unjudged(after)
    if before is None or before.rate is None:
        return f"{FORMAT_SUCCESS} is {words.percent(after.rate)}; before, it was not judged."
    return of_rates(FORMAT_SUCCESS, before, after)


def of_rates(name: str, before: BehaviorResult, after: BehaviorResult, minus: str = "-") -> str:
    """The change between two rates: ``json_validity rose from 10.3% to 95.7% (+85.4 points).``"""
    assert before.rate is not None, "the side before has a rate"
    assert after.rate is not None, "the side after has a rate"
    was, now = words.percent(before.rate), words.percent(after.rate)
    if was == now:
        return f"{name} stayed at {now}."
    verb = "rose" if after.rate > before.rate else "fell"
    points = words.signed((after.rate - before.rate) * 100, minus=minus)
    return f"{name} {verb} from {was} to {now} ({points} points)."


def of_intervals(comparison: Comparison) -> str:
    """``95% intervals over new wordings: 7.4 to 14.3% before, 92.7 to 97.5% after.``, or
    nothing."""
    before, after = comparison.composite.before, comparison.composite.after
    if before is None or after is None or before.interval is None or after.interval is None:
        return ""
    was, now = words.interval(before.interval), words.interval(after.interval)
    return f"95% intervals{words.over(after.wordings)}: {was} before, {now} after."


def _unjudged(result: BehaviorResult | None) -> str:
    if result is None:
        return f"{FORMAT_SUCCESS} was not measured: not every required behavior was run."
    return f"{FORMAT_SUCCESS} could not be judged: {words.plural(result.errors, 'error')}."


SAID = {
    Change.FIXED: ("was fixed", "were fixed"),
    Change.REGRESSED: ("broke", "broke"),
    Change.STILL_FAILING: ("still fails", "still fail"),
    Change.STILL_PASSING: ("still passes", "still pass"),
    Change.NOT_JUDGED: ("was not judged on both sides", "were not judged on both sides"),
    Change.ADDED: ("is only after", "are only after"),
    Change.REMOVED: ("is only before", "are only before"),
}


def of_changes(change: BehaviorChange) -> str:
    """``Of 300 cases, 258 were fixed, 2 broke, 11 still fail, 29 still pass.``

    It says so, too, when nothing broke.
    """
    if not change.counts:
        return "There is no case on either side."
    parts = []
    for kind, (one, many) in SAID.items():
        count = change.count(kind)
        if count:
            parts.append(f"{count:,} {one if count == 1 else many}")
        elif kind is Change.REGRESSED and change.judged:
            parts.append(f"none {one}")
    sides = (side for side in (change.before, change.after) if side is not None)
    noun = "answer" if any(side.repeats > 1 for side in sides) else "case"
    return f"Of {words.plural(sum(change.counts.values()), noun)}, {', '.join(parts)}."


def of_result(result: BehaviorResult | None) -> str:
    """``format_success_rate is 95.7% of 300 cases (95% interval 92.7 to 97.5% over new
    wordings).``"""
    return (
        _unjudged(result)
        if result is None or result.rate is None
        else of_rate(FORMAT_SUCCESS, result)
    )


def of_rate(name: str, result: BehaviorResult) -> str:
    """One rate that was judged: ``json_validity is 95.7% of 300 cases.``, with its interval."""
    assert result.rate is not None, "it has a rate"
    judged = words.plural(result.cases or result.passed + result.failed, "case")
    if result.repeats > 1:
        judged += f", {result.repeats} answers each"
    ends = words.interval(result.interval)
    interval = f" (95% interval {ends}{words.over(result.wordings)})" if ends else ""
    return f"{name} is {words.percent(result.rate)} of {judged}{interval}."


def of_budgets(results: Sequence[BehaviorResult]) -> str:
    """``3 of 7 budgets are missed: json_validity, no_extra_text, latency_budget (p50 1.2 s, at most
    1 s)``, a clause."""
    names = missed(results)
    return budgets(results) + (f": {names}" if names else "")


def missed(results: Sequence[BehaviorResult]) -> str:
    """``json_validity, latency_budget (p50 1.2 s, at most 1 s)``; empty where no budget is."""
    names = (f"{part.behavior}{_measured(part)}" for part in _parts(results) if not part.met)
    return ", ".join(names)


def budgets(results: Sequence[BehaviorResult]) -> str:
    """``3 of 7 budgets are missed``, ``all 7 budgets are met``, ``6 of 7 budgets are met, 1 was not
    judged``, a clause."""
    judged, waiting = _parts(results), sum(is_unjudged(r) for r in results)
    total, over = len(judged) + waiting, sum(not part.met for part in judged)
    if not judged:
        return "no budget was judged" if waiting else "no budget was set"
    if not over and not waiting:
        return "the one budget is met" if total == 1 else f"all {total} budgets are met"
    count, what = (over, "missed") if over else (len(judged), "met")
    noun, verb = "budget" if total == 1 else "budgets", "is" if count == 1 else "are"
    left = f", {waiting} {'was' if waiting == 1 else 'were'} not judged" if waiting else ""
    return f"{count} of {total} {noun} {verb} {what}{left}"


def is_unjudged(result: BehaviorResult) -> bool:
    """It has a budget that nothing could be held to: every case was skipped, or the run is a part
    of one."""
    return result.met is None and result.budget is not None


def _parts(results: Sequence[BehaviorResult]) -> list[BehaviorResult]:
    """A result for each budget that was judged."""
    return [part for r in results for part in words.by_budget(r) if part.met is not None]


def _measured(result: BehaviorResult) -> str:
    """`` (p50 1.2 s, at most 1 s)``; nothing of a rate."""
    if not result.measured:
        return ""
    name, value = words.headline(result)
    label = f"{words.label(name)} " if name.endswith("_seconds") else ""
    return f" ({label}{words.quantity(name, value)}, {words.budget(result)})"
