"""What a task's section of the page says first: the gate's verdict, or what changed."""

import re

from harness.core.record import FORMAT_SUCCESS
from harness.report.page.behavior_rows import decided
from harness.report.report import Report
from harness.report.words import comparison as sentences
from harness.report.words import decision as decisions
from harness.report.words import numbers as words

_HYPHEN = re.compile(r"(?<!\S)-(?=[0-9])")
"""What stands for a minus in plain text."""


def headline_of(report: Report, task: str) -> tuple[str, tuple[str, ...]]:
    """The sentence that a task's section begins with, and the details that follow it."""
    own = report.after.record.results
    results = [r for r in own if r.model == report.after.model and r.task == task]
    comparison = next((c for c in report.comparisons if c.task == task), None)
    budgets = sentences.of_budgets(results)
    if comparison is None:
        return sentences.of_result(report.after.result(task, FORMAT_SUCCESS)), (budgets,)
    changes = sentences.of_changes(comparison.composite)
    details = (sentences.of_intervals(comparison), changes, f"After: {_lowered(budgets)}")
    headline = sentences.of_comparison(comparison)
    found = decided(report.decision, task)
    if report.decision is None or found is None:
        return headline, tuple(d for d in details if d)
    verdict, numbers = decisions.headline_of(found, report.decision)
    more = decisions.details_of(found, report.decision)
    told = (numbers, *more, f"After: {_lowered(budgets)}")
    return verdict, tuple(_HYPHEN.sub("\N{MINUS SIGN}", line) for line in told)


def outcome_of(report: Report, task: str) -> str:
    """``pass``, ``regression`` or ``inconclusive``; nothing where the gate was not asked."""
    found = decided(report.decision, task)
    return found.outcome.value if found else ""


def noise_of(report: Report, task: str) -> str:
    """``A/A: 4 of 300 cases (1.3%) flip by themselves, says run ...``, or nothing."""
    found = report.noise.tasks.get(task) if report.noise else None
    if report.noise is None or found is None or not found.judged:
        return ""
    share = words.percent(len(found.flipped) / found.judged)
    flips = "flips" if len(found.flipped) == 1 else "flip"
    return (
        f"A/A: {len(found.flipped):,} of {words.plural(found.judged, 'case')} ({share}) {flips} "
        f"with nothing changed: {report.noise.source}."
    )


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
