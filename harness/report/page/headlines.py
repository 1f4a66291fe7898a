"""The first lines of a task's section of the page: the gate's verdict, or what changed."""

from dataclasses import dataclass

from harness.core.record import FORMAT_SUCCESS
from harness.report.page.behavior_rows import decided
from harness.report.report import Report
from harness.report.words import comparison as sentences
from harness.report.words import decision as decisions
from harness.report.words import log_decision as experiments
from harness.report.words import numbers as words
from harness.report.words.kept import kept_lines
from harness.report.words.noise import none_of


@dataclass(frozen=True, slots=True)
class Headline:
    """The sentence that a section begins with, and the details that follow it."""

    word: str
    """``PASS``, ``REGRESSION`` or ``INCONCLUSIVE``; nothing where the gate was not asked."""
    sentence: str
    details: tuple[str, ...]
    alarms: tuple[str, ...] = ()
    """Lines in red that are no part of the verdict."""
    kept: tuple[str, ...] = ()
    """What else broke, of the kept skills."""

    @property
    def css_class(self) -> str:
        """``not-comparable``."""
        return self.word.lower().replace(" ", "-")

    @property
    def text(self) -> str:
        """The sentence with its first word, and the first detail."""
        head = f"{self.word}: {self.sentence}" if self.word else self.sentence
        return " ".join((head, *self.details[:1]))


def headline_of_report(report: Report) -> Headline | None:
    """The gate's verdict on all tasks; ``None`` where it was not asked."""
    if report.experiment is not None:
        word = decisions.word(report.experiment.outcome)
        more = tuple(experiments.explanation(report.experiment))
        return Headline(word, experiments.statement(report.experiment) + ".", more)
    if report.decision is None:
        return None
    word = decisions.word(report.decision.outcome)
    kept = tuple(kept_lines(report.decision))
    alarms = tuple(
        f"{task.task}: {line}"
        for task in report.decision.tasks
        for line in decisions.alarms_of(task)
    )
    return Headline(word, decisions.statement(report.decision, words.MINUS), (), alarms, kept)


def headline_of(report: Report, task: str) -> Headline:
    """The verdict on one task where the gate was asked, else how its rate changed."""
    own = report.after.record.results
    results = [r for r in own if r.model == report.after.model and r.task == task]
    if (tried := report.experiment) and (trial := tried.of(task)):
        return Headline(decisions.word(trial.outcome), *experiments.headline_of(trial, tried))
    comparison = next((c for c in report.comparisons if c.task == task), None)
    budgets = sentences.of_budgets(results)
    if comparison is None:
        told = sentences.of_result(report.after.result(task, FORMAT_SUCCESS))
        return Headline("", told, (words.sentence(budgets),))
    found = decided(report.decision, task)
    if report.decision is None or found is None:
        changes = sentences.of_changes(comparison.composite)
        details = (sentences.of_intervals(comparison), changes, f"After: {budgets}.")
        return Headline("", sentences.of_comparison(comparison), tuple(filter(None, details)))
    sentence, numbers = decisions.headline_of(found, report.decision, words.MINUS)
    more = decisions.details_of(found, words.MINUS)
    alarms = decisions.alarms_of(found)
    word = decisions.word(found.outcome)
    return Headline(word, sentence, (numbers, *more, f"After: {budgets}."), alarms)


def noise_of(report: Report, task: str) -> str:
    """``A/A: 4 of 300 cases (1.3%) flip with nothing changed: run ...``, or nothing."""
    found = report.noise.tasks.get(task) if report.noise else None
    if report.noise is None or found is None or not found.judged:
        return ""
    if not found.flipped:
        return f"A/A: {none_of(found.judged)}, with nothing changed: {report.noise.source}."
    share = words.percent(len(found.flipped) / found.judged)
    flips = "flips" if len(found.flipped) == 1 else "flip"
    return (
        f"A/A: {len(found.flipped):,} of {words.plural(found.judged, 'case')} ({share}) {flips} "
        f"with nothing changed: {report.noise.source}."
    )
