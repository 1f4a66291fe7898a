"""Reads a typed line as the variables of a task's prompt."""

import re
from collections.abc import Mapping

from harness.core.errors import HarnessError
from harness.tasks.task import Task
from harness.tasks.task_file import VARIABLE


def asked_for(task: Task) -> tuple[str, ...]:
    """The variables of the task's prompt, in its order."""
    return tuple(dict.fromkeys(VARIABLE.findall(task.file.prompt or "")))


def known_to(task: Task) -> tuple[str, ...]:
    """The variables that a case may have: the prompt's, then those that the checks alone read."""
    others = (name for case in task.cases for name in case.variables)
    return tuple(dict.fromkeys([*asked_for(task), *others]))


def variables_of(task: Task, typed: str) -> Mapping[str, str]:
    """The variables that a line gives: ``name=value`` for each, or text for the only one.

    A value goes on to the next ``name=`` of a variable that the task knows. Variables of the prompt
    may be missing.

    Raises:
        HarnessError: there are several variables, and the line names none.
    """
    if pairs := _pairs(typed, known_to(task)):
        return pairs
    names = asked_for(task)
    if len(names) > 1 and typed.strip():
        example = " ".join(f"{name}=..." for name in names)
        raise HarnessError(f"the prompt of {task.name} has {len(names)} variables, type {example}")
    return {names[0]: typed} if len(names) == 1 else {}


def _pairs(typed: str, names: tuple[str, ...]) -> dict[str, str]:
    if not names:
        return {}
    found = [*re.finditer(rf"(?:^|(?<=\s))({'|'.join(map(re.escape, names))})=", typed)]
    if not found or typed[: found[0].start()].strip():
        return {}
    ends = [*(match.start() for match in found[1:]), len(typed)]
    return {m[1]: typed[m.end() : end].strip() for m, end in zip(found, ends, strict=True)}
