"""The decision on an experiment as plain lines. Every line is safe to print."""

from collections.abc import Iterable, Iterator

from harness.gate.log_decision import LogDecision, LogTaskDecision
from harness.report.console.decision import aligned
from harness.report.words import log_decision as decisions
from harness.report.words import numbers as words
from harness.report.words.escaping import log


def text(decision: LogDecision, remarks: Iterable[str] = ()) -> Iterator[str]:
    """The sentence, its reasons, ``remarks`` on the log, then a table for each task."""
    yield log(decisions.sentence(decision))
    for line in (*decisions.explanation(decision), *remarks):
        yield f"  {log(line)}"
    for line in decisions.models(decision):
        yield f"  {log(line)}"
    for task in decision.tasks:
        yield ""
        yield from _of_task(task)


def _of_task(task: LogTaskDecision) -> Iterator[str]:
    answers = task.composite.before.answers + task.composite.after.answers
    yield f"{log(task.task)}: {words.plural(answers, 'answer')} that were judged"
    yield from aligned([decisions.TABLE, *decisions.table(task)])
