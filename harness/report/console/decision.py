"""A decision as plain lines, printed by ``harness gate`` and by a session with a baseline.

Every line is safe to print, in a terminal and in the log of a workflow.
"""

from collections.abc import Iterator, Sequence

from harness.gate.causes import deciding_causes
from harness.gate.compare import Change
from harness.gate.decision import GateDecision, TaskDecision
from harness.gate.evidence import net_losses
from harness.gate.outcome import GateOutcome
from harness.report.console.causes import of_task as causes_of_task
from harness.report.words import decision as decisions
from harness.report.words import numbers as words
from harness.report.words.escaping import log
from harness.report.words.leading import unchanged
from harness.report.words.slices import suggestions

MAX_NAMED = 5
"""Cases of one kind that are named; the rest are counted."""


def text(decision: GateDecision) -> Iterator[str]:
    """The sentence and the causes; then the statistics."""
    yield log(decisions.sentence(decision))
    yield from causes(decision)
    yield from statistics(decision)


def causes(decision: GateDecision) -> Iterator[str]:
    """What broke and what still fails, task by task, by what went wrong."""
    for task in decision.tasks:
        name = task.task if len(decision.tasks) > 1 else ""
        yield from causes_of_task(deciding_causes(task, task.policy), name)


def statistics(decision: GateDecision) -> Iterator[str]:
    """The reasons, then a table for each task, with the cases behind it by name."""
    for line in decisions.explanation(decision):
        yield f"  {log(line)}"
    for task in decision.tasks:
        yield ""
        yield from of_task(task)
        if task.outcome is GateOutcome.REGRESSION:
            where = suggestions(task.comparison, decision.policy.tails)
            yield from [f"  look at: {log(where)}"] if where else []


def of_task(task: TaskDecision) -> Iterator[str]:
    """One task: its table, and the cases behind it by name."""
    margin = f", a kept skill with a margin of {task.policy.margin * 100:.3g} points"
    count = words.plural(task.composite.pairs, "case")
    yield f"{log(task.task)}: {count} on both sides{margin if task.is_kept else ''}"
    yield from aligned([decisions.TABLE, *decisions.table(task)])
    if same := unchanged(task.behaviors):
        yield f"  {log(same)}"
    for name, cases in _buckets(task).items():
        more = len(cases) - MAX_NAMED
        rest = f" and {more} more" if more > 0 else ""
        named = ", ".join(map(log, cases[:MAX_NAMED]))
        yield f"  {name} ({len(cases)}): {named}{rest}"


def _buckets(task: TaskDecision) -> dict[str, list[str]]:
    """The ids of the cases by kind of change, each once however many answers it has."""
    losses = net_losses(task.comparison.cases)
    found = {
        "broke": [case for case, lost in losses.items() if lost > 0],
        "fixed": [case for case, lost in losses.items() if lost < 0],
    }
    for name, change in _OTHERS:
        answers = task.comparison.bucket(change)
        found[name] = list(dict.fromkeys(case.sample.case_id for case in answers))
    return {name: cases for name, cases in found.items() if cases}


_OTHERS = (
    ("not judged", Change.NOT_JUDGED),
    ("only before", Change.REMOVED),
    ("only after", Change.ADDED),
)


def aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The first column to the left, numbers to the right."""
    shown = [tuple(map(log, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for name, *numbers in shown:
        cells = (number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True))
        yield f"  {name.ljust(widths[0])}  {'  '.join(cells)}".rstrip()
