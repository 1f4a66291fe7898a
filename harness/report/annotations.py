"""Workflow commands that annotate a pull request: one summary with the causes, and the first cases
that broke, one of each cause before a second of any."""

import json
from collections.abc import Iterator
from pathlib import Path

from harness.gate.causes import causes_of, examples_first, explaining_behaviors, first_failure
from harness.gate.decision import GateDecision, regressed_cases
from harness.gate.outcome import GateOutcome
from harness.report.report import Report
from harness.report.words import causes as words
from harness.report.words import decision as decisions
from harness.report.words.escaping import annotation, annotation_property

MAX_CASES = 9
"""GitHub shows ten annotations of a step; the summary is one."""
_LEVELS = {GateOutcome.PASS: "notice", GateOutcome.INCONCLUSIVE: "warning"}


def annotations(report: Report, tasks_dir: Path) -> Iterator[str]:
    """One line for each annotation; a case's points at its line in the task's ``cases.jsonl``."""
    decision = report.decision
    if decision is None:
        return
    level = _LEVELS.get(decision.outcome, "error")
    said = [decisions.sentence(decision), *_causes(decision)]
    yield f"::{level} title=harness gate::{annotation(' '.join(said))}"
    yield from _cases(decision, tasks_dir)


def _causes(decision: GateDecision) -> Iterator[str]:
    """``json_extraction: 48 broke: 24 begin with ```json, 17 begin with chatter.``"""
    for task in decision.tasks:
        name = f"{task.task}: " if len(decision.tasks) > 1 else ""
        if broke := causes_of(task.comparison).broke:
            yield f"{name}{words.sentence(broke, words.BROKE)}."


def _cases(decision: GateDecision, tasks_dir: Path) -> Iterator[str]:
    broke = [
        (task, case)
        for task in decision.tasks
        for case in examples_first(regressed_cases(task), task.comparison)
    ]
    for task, case in broke[:MAX_CASES]:
        file = tasks_dir / task.task / "cases.jsonl"
        why_first = explaining_behaviors(case, task.comparison.required)
        case_id = case.sample.case_id
        failure = first_failure(case.after, why_first) if case.after else None
        why = f": {failure[0]}, {failure[1].reason}" if failure else ""
        place = f"file={annotation_property(file.as_posix())},line={line_of(file, case_id)}"
        title = annotation_property(f"{task.task} {case_id} broke")
        yield f"::error {place},title={title}::{annotation(f'{case_id} broke{why}')}"


def line_of(file: Path, case_id: str) -> int:
    """The line of a case in its file, from 1; 1 where it is not found."""
    try:
        lines = file.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return 1
    for number, line in enumerate(lines, start=1):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and found.get("id") == case_id:
            return number
    return 1
