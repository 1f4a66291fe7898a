"""The verdict as plain lines, at the end of a session and at the beginning of a report: one line,
then what broke or missed its budget, and why.

Every line is safe to print, in a terminal and in the log of a workflow.
"""

from collections.abc import Iterator, Sequence

from harness.core.record import FORMAT_SUCCESS, BehaviorResult, RunRecord
from harness.gate.causes import Cause, are_other, causes_alone
from harness.gate.compare import Side, required_behaviors
from harness.gate.decision import GateDecision
from harness.report.console.causes import lines
from harness.report.console.decision import causes
from harness.report.report import Report
from harness.report.words import causes as why
from harness.report.words import comparison as sentences
from harness.report.words import decision as decisions
from harness.report.words import log_decision as experiments
from harness.report.words.escaping import log
from harness.report.words.leading import leading_of

MAX_BLOCKS = 4
"""Models and tasks of which what missed is told; the others are counted."""
MAX_CAUSES = 4
MAX_REF = 48
"""Characters of a model's ref; of a longer one its name is shown."""


def opening(report: Report) -> Iterator[str]:
    """The sentence that a report opens with, and the causes."""
    if report.experiment is not None:
        yield log(experiments.sentence(report.experiment))
    elif report.decision is not None:
        yield log(decisions.sentence(report.decision))
        yield from causes(report.decision)
    else:
        yield "".join(verdict(report.after.record))
        yield from missed(report.after.record)


def verdict(record: RunRecord, decided: Sequence[GateDecision] = ()) -> tuple[str, str]:
    """The word that decides, and the rest of the line: the gate's decision, where it was asked, and
    how many budgets are missed."""
    said = sentences.budgets(record.results)
    is_missed = any(r.met is False for r in record.results)
    word = "FAIL" if is_missed else "PASS" if any(r.met for r in record.results) else "NOT JUDGED"
    if record.status == "partial":
        word, said = "INTERRUPTED", f"of what was judged, {said}"
    worst = max(decided, key=lambda d: d.outcome.severity, default=None)
    if worst is None:
        return word, f": {said}"
    return decisions.word(worst.outcome), f": {log(_change(worst))}; {said}"


def _change(decision: GateDecision) -> str:
    """``format_success_rate fell from 99.7% to 3.0%``, or why the runs cannot be compared."""
    if not decision.tasks:
        return decisions.statement(decision).removesuffix(".")
    task = decision.tasks[0]
    where = f"{task.task}: " if len(decision.tasks) > 1 else ""
    return where + decisions.rate_clause(leading_of(task, task.policy))


def missed(record: RunRecord, decided: Sequence[GateDecision] = ()) -> Iterator[str]:
    """What missed and why: of a gate what broke, else what fails, by model and task."""
    for decision in decided:
        yield from causes(decision)
    blocks: dict[tuple[str, str], list[BehaviorResult]] = {}
    for result in record.results:
        if result.met is False:
            blocks.setdefault((result.task, result.model), []).append(result)
    for (task, model), results in [*blocks.items()][:MAX_BLOCKS]:
        side = Side(record, model)
        yield log(f"{_place(side, task)}missed: {sentences.missed(results)}")
        if not decided:
            yield from _causes(side, task, results)
    if len(blocks) > MAX_BLOCKS:
        yield f"and {len(blocks) - MAX_BLOCKS} more models and tasks"


def _place(side: Side, task: str) -> str:
    """``json_extraction, base:tiny: ``, as far as the run has several."""
    record, described = side.record, side.model_record
    is_long = len(side.model) > MAX_REF and described is not None
    model = described.name if described and is_long else side.model
    parts = [task] * (len(record.tasks) > 1) + [model] * (len(record.models) > 1)
    return f"{', '.join(parts)}: " if parts else ""


def _causes(side: Side, task: str, results: Sequence[BehaviorResult]) -> Iterator[str]:
    composite = causes_alone(side, task, required_behaviors(side, task))
    yield from lines(composite, why.FAIL, limit=MAX_CAUSES)
    told = {cause.kind for cause in composite}
    for result in results:
        if result.behavior != FORMAT_SUCCESS:
            yield from _behavior(side, result, told)


def _behavior(side: Side, result: BehaviorResult, told: set[Cause]) -> Iterator[str]:
    """What the causes that are told do not explain: the causes of the first behavior where none
    is told yet, else a sentence."""
    if result.reason:
        yield f"  {log(f'{result.behavior}: {result.reason}')}"
    elif result.errors:
        yield f"  {log(f'{result.behavior}: {result.errors} could not be judged')}"
    found = causes_alone(side, result.task, (result.behavior,))
    if found and not told:
        yield from lines(found, why.FAIL, f"{result.behavior}: ", limit=MAX_CAUSES)
    elif found and are_other(found, told):
        yield f"  {log(f'{result.behavior}, {why.sentence(found, why.FAIL)}')}"
    told.update(cause.kind for cause in found)
