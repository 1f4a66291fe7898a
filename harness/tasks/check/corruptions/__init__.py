"""Broken twins: a case's perfect answer with one defect put in, and the behaviors it breaks.

They grade the graders (``harness task check``): a check that passes a twin it should fail, or fails
one that breaks something else, is wrong about this task. What a defect breaks follows from what the
task declares and from where the defect stands; no check is asked. One file for each format.
"""

from collections.abc import Iterator
from importlib import import_module

from harness.core.case import Case
from harness.tasks.check.corruptions.defect import Defects, Twin
from harness.tasks.task import Task


def defects_of(task: Task) -> Defects:
    """The defects that answers of this task can have, by name."""
    defects: Defects = import_module(f"{__name__}.{task.format}").defects(task)
    return defects


def twins_of(task: Task, case: Case, perfect: str) -> Iterator[Twin]:
    """A twin of the perfect answer for each defect that it has a place for."""
    for name, make in defects_of(task).items():
        broken = make(case, perfect)
        if broken is not None:
            yield Twin.of(name, case, broken)
