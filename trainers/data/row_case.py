"""A training row as a case of a task, so that answers to its prompt are judged as the suites judge.

The case of a row with tools has these tools, and its answer's calls or words for a reference.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.checks.declared.output import Output
from harness.core.case import Case, JsonValue, Message
from harness.core.errors import HarnessError
from harness.core.tools import TOOL_CALLS, tools_of
from harness.tasks.reference import bare_answer, reference_value
from harness.tasks.task import Task
from trainers.data.call_text import names_tool
from trainers.data.calls import TOOLS, reference_of
from trainers.data.reading import shortened
from trainers.data.row_text import Row
from trainers.data.rows import TrainingRow


def cases_of(rows: Sequence[Row], task: Task) -> tuple[Task, list[Case]]:
    """The rows as cases, and the task that judges answers to them.

    Raises:
        HarnessError: a line for each row without tools where the task asks with some, or the other
            way round.
    """
    require_kind(rows, task)
    cases = [_case(row, task) for row in rows]
    # A check is made for each case where one of the task's has declarations of its own.
    has_own = any(case.declared for case in cases)
    return replace(task, cases=tuple(cases)) if has_own else task, cases


def require_kind(rows: Sequence[Row], task: Task) -> None:
    """Check that the rows have tools where the task asks with some, and nowhere else.

    Raises:
        HarnessError: a line for each row of the other kind.
    """
    if mistakes := [mistake for row in rows if (mistake := _mistake(row, task))]:
        raise HarnessError(*shortened(mistakes))


def _case(row: Row, task: Task) -> Case:
    messages = row.prompt if isinstance(row.prompt, tuple) else (Message("user", row.prompt),)
    own: dict[str, Any] = {}
    if row.tools != task.output.tools_text:
        own[TOOLS] = tools_of(row.tools)
    case = Case(id=row.where, messages=messages, declared=_text(own))
    reference, calls = _reference(row, task.output_for(case))
    if calls is not None and calls != task.output.calls:
        own["calls"] = calls
    return replace(case, reference=reference, declared=_text(own))


def _text(declared: Mapping[str, Any]) -> str:
    # In the order of the row's keys, in which its chat template writes tools.
    return json.dumps(declared) if declared else ""


def learned_text(row: Row, output: Output) -> str:
    """The answer that is learned from a row, as text that ``output`` is for; calls in the form that
    it names."""
    if not isinstance(row, TrainingRow):
        return row.chosen
    if not row.calls:
        return row.completion
    text = bare_answer(output.model_copy(update={"calls": None}), reference_of(row.calls))
    assert text is not None, "it has calls"
    return f"{row.completion}\n{text}" if row.completion else text


def _mistake(row: Row, task: Task) -> str:
    has_calls = task.output.format == TOOL_CALLS
    if row.tools and not has_calls:
        return (
            f"{row.where}: has tools, and the answers of {task.name} are no calls of tools, but "
            f"{task.output.format}: name another task"
        )
    if has_calls and not row.tools:
        return f"{row.where}: has no tools, and {task.name} asks with some: give the row its tools"
    return ""


def _reference(row: Row, output: Output) -> tuple[JsonValue, Any]:
    """The reference, and the number of calls that is wanted; ``None`` for as many as it has."""
    answer = row.completion if isinstance(row, TrainingRow) else row.chosen
    if not row.tools:
        return reference_value(output, answer), None
    wanted = output.model_copy(update={"calls": None})
    own = row.calls if isinstance(row, TrainingRow) else ()
    value = reference_of(own) if own else reference_value(wanted, answer)
    if value is not None:
        count = len(value) if isinstance(value, list) else 1
        return value, None if output.calls is None else count
    return (None, None) if names_tool(answer, row.tools) else (answer, "none")
