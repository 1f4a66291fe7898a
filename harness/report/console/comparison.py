"""Two sides as plain lines, without a decision: counts, causes, a table for each task, cases by
name."""

from collections import Counter
from collections.abc import Iterable, Iterator

from harness.core.record import Sample
from harness.core.verdict import Outcome
from harness.gate.causes import deciding_causes
from harness.gate.compare import composite_outcome
from harness.report.console.causes import of_task as of_task_causes
from harness.report.console.decision import of_task
from harness.report.report import Report
from harness.report.words import comparison as sentences
from harness.report.words import decision as decisions
from harness.report.words.escaping import log

_SAID = (
    (Outcome.PASSED, "passed"),
    (Outcome.FAILED, "failed"),
    (Outcome.SKIPPED, "skipped"),
    (Outcome.ERROR, "errors"),
    (None, "not judged"),
)


def text(report: Report) -> Iterator[str]:
    """The two sides and their differences in what was asked, then task by task."""
    decision = report.decision
    assert decision is not None, "two sides were compared"
    sides = (("before", decision.before), ("after", decision.after))
    for name, side in sides:
        yield f"{name:<6}  {log(side.model)}  run {log(side.record.id)}"
    for found in decision.refused:
        yield f"cannot be compared: {log(decisions.format_incompatibility(found))}"
    for found in decision.allowed:
        yield f"allowed to differ: {log(decisions.format_incompatibility(found))}"
    for task in decision.tasks:
        yield ""
        heading, *rows = of_task(task)
        yield heading
        yield f"  {log(sentences.of_changes(task.comparison.composite))}"
        for name, side in sides:
            samples = side.samples(task.task).values()
            yield f"  {name:<6}  {_counts(samples, task.comparison.required)}"
        yield from of_task_causes(deciding_causes(task, task.policy))
        yield from rows


def _counts(samples: Iterable[Sample], required: tuple[str, ...]) -> str:
    """``289 passed, 11 failed``: failures, errors and skips apart, never one for another."""
    found = Counter(composite_outcome(sample.verdicts, required) for sample in samples)
    return ", ".join(f"{found[outcome]} {said}" for outcome, said in _SAID if found[outcome])
