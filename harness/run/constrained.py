"""``--decode constrained``: the grammars of a session's tasks, or why answers can have none.

Answers that are values are held to a grammar or refused before a model is opened; texts have none,
and are decoded freely beside them.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.core.answer_formats import GRAMMAR_FORMATS
from harness.core.errors import HarnessError
from harness.core.tools import TOOL_CALLS
from harness.engine.grammar import grammar_of
from harness.tasks.task import CASES_FILE, TASK_FILE, Task

_OPTION = "--decode constrained"
_PARTS = frozenset({"schema", "format", "fence", "delimiter"})
"""Declarations that a grammar follows from."""


def constrained(tasks: Sequence[Task]) -> tuple[Task, ...]:
    """The tasks, each whose answers are values with its grammar.

    Raises:
        HarnessError: no task has a grammar, or the answers of a task or a case can have none.
    """
    mistakes: list[str] = []
    made: list[Task] = []
    for task in tasks:
        try:
            made.append(_with_grammar(task))
        except HarnessError as error:
            mistakes += error.mistakes
        mistakes += _of_cases(task)
    if not mistakes and not any(task.grammar for task in made):
        named = ", ".join(task.name for task in tasks)
        formats = f"{', '.join(GRAMMAR_FORMATS[:-1])} or {GRAMMAR_FORMATS[-1]}"
        mistakes = [f"{named}: only tasks with format: {formats} have a grammar"]
    if mistakes:
        raise HarnessError(*(f"{_OPTION}: {mistake}" for mistake in mistakes))
    return tuple(made)


def _with_grammar(task: Task) -> Task:
    """
    Raises:
        HarnessError: its answers are values or calls, and can have no grammar.
    """
    output, schema = task.output, task.answer_schema
    if any(other.format == TOOL_CALLS for other in task.outputs_naming(TOOL_CALLS)):
        raise HarnessError(f"{task.name}: calls of tools have no grammar here, decode them freely")
    if output.has_value and output.fence == "required":
        raise HarnessError(f"{task.name}: fence: required has no grammar")
    if schema is None:
        return task
    try:
        return replace(task, grammar=grammar_of(schema, output.format, output.delimiter))
    except HarnessError as error:
        is_known = output.format in GRAMMAR_FORMATS
        file = task.path / ((is_known and task.file.output.given_schema) or TASK_FILE)
        raise HarnessError(*(f"{file}: {mistake}" for mistake in error.mistakes)) from None


def _of_cases(task: Task) -> Iterator[str]:
    """Why cases with declarations of their own can have no grammar, each such declaration once."""
    for case in {case.declared: case for case in task.cases if case.declared}.values():
        output, own = task.output_for(case), json.loads(case.declared)
        if not output.has_value or _PARTS.isdisjoint(own):
            continue
        where = f"{task.path / CASES_FILE}: case {case.id}"
        if output.fence == "required":
            yield f"{where}: fence: required has no grammar"
        elif not task.output.has_value:
            form = f"format: {output.format}"
            yield f"{where}: {form} has none within a task of texts, give it a task of its own"
        elif problem := output.schema_problem():
            yield f"{where}: schema: not a JSON Schema: {problem}"
        else:
            schema = own.get("schema", task.answer_schema)
            try:
                grammar_of(True if schema is None else schema, output.format, output.delimiter)
            except HarnessError as error:
                yield from (f"{where}: {mistake}" for mistake in error.mistakes)
