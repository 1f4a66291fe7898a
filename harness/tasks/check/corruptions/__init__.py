"""Corrupted references: a case's perfect answer with one defect, and the behaviors it breaks.

They grade the graders (``harness task check``): a check that passes a corruption it should fail, or
fails one that breaks something else, is wrong about this task. The behaviors that a defect breaks
follow from what the task declares, from where the defect stands, and from what the files of
``harness.checks`` say they are ``BROKEN_BY``; no check is asked. One file for each format.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import import_module

from harness.checks import listing
from harness.checks.declared.output import Output
from harness.core.case import Case
from harness.tasks.check.corruptions.defect import FENCE_ADDED, Corruption, Defects
from harness.tasks.check.corruptions.fences import FENCE_DEFECTS, in_fence, of_fence


def defect_names(output: Output) -> tuple[str, ...]:
    """The names of the defects that answers of a task can have, those of a fence among them."""
    bare = defects_of(output)
    if output.fence == "forbidden":
        return tuple(bare)
    return (*(name for name in bare if name != FENCE_ADDED), *FENCE_DEFECTS)


def defects_of(output: Output) -> Defects:
    """The defects that bare answers of a task can have, by name."""
    defects: Defects = import_module(f"{__name__}.{output.format}").defects(output)
    return defects


def corruptions_of(output: Output, case: Case, perfect: str) -> Iterator[tuple[str, Corruption]]:
    """Each defect that the perfect answer has a place for, and the answer with it.

    ``perfect`` is the bare answer; where it may stand in a fence, the corrupted ones do.
    """
    for name, made in _made(output, case, perfect):
        yield name, replace(made, breaks=_behaviors(made.breaks))


def _made(output: Output, case: Case, perfect: str) -> Iterator[tuple[str, Corruption]]:
    made = ((name, make(case, perfect)) for name, make in defects_of(output).items())
    bare = ((name, corrupted) for name, corrupted in made if corrupted is not None)
    if output.fence == "forbidden":
        yield from bare
        return
    for name, corrupted in bare:
        if name != FENCE_ADDED:
            yield name, in_fence(output, perfect, corrupted)
    yield from of_fence(output, perfect)


def _behaviors(breaks: Iterable[str]) -> frozenset[str]:
    """The names of behaviors, given or broken by one of the kinds given."""
    named = frozenset(breaks)
    return frozenset(
        name
        for name, behavior in listing().items()
        if name in named or not named.isdisjoint(behavior.broken_by or ())
    )
