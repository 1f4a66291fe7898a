"""Holds what a task and a case declare of calls together: tools, reference, number."""

from collections.abc import Iterable
from pathlib import Path

from harness.checks.declared.output import Output
from harness.checks.tools.call import wanted_of
from harness.core.case import JsonValue
from harness.core.errors import HarnessError
from harness.core.tools import TOOL_CALLS
from harness.tasks.case_output import tools_in
from harness.tasks.task_file import TaskFile


def with_tools(file: TaskFile, path: Path) -> TaskFile:
    """A task's file with its tools in the place of the name of their file.

    Raises:
        HarnessError: that cannot be read, or holds no tools.
    """
    try:
        tools = tools_in(path.parent, file.output.tools)
    except HarnessError as error:
        raise HarnessError(*(f"{path}: {mistake}" for mistake in error.mistakes)) from None
    output = file.output.model_copy(update={"tools": tools})
    if tools is not None and (problem := output.toolset.problem()):
        raise HarnessError(f"{path}: tools: not a JSON Schema: {problem}")
    return file.model_copy(update={"output": output})


def require_calls(output: Output, references: Iterable[JsonValue]) -> None:
    """Nothing is held of answers of another format.

    Raises:
        ValueError: a case has no tools, or a reference is not what is wanted.
    """
    if output.format != TOOL_CALLS:
        return
    if output.tools is None:
        raise ValueError("format: tool_calls needs tools, of the task or of the case")
    for reference in references:
        if reference is not None:
            _require_reference(output, reference)


def _require_reference(output: Output, reference: JsonValue) -> None:
    if output.calls == "none":
        if not isinstance(reference, str):
            raise ValueError("reference: with calls: none it is the plain answer, a string")
        return
    wanted = wanted_of(reference)
    if isinstance(output.calls, int) and output.calls != len(wanted):
        raise ValueError(f"reference: has {len(wanted)} calls, and calls says {output.calls}")
