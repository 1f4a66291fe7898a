"""Finds the field, and the cases, in which most of a graded behavior's drop lies.

It suggests and never decides: the gate's outcome does not depend on it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.core.grade import FieldGrade, Grade, summed
from harness.gate.compare import CaseChange

MOST = 0.6
"""Least share of a field's lost leaves at which a slice is named."""
NEARLY_ALL = 0.9
MAX_PART = 2 / 3
"""A slice with a larger part of the field's leaves, in relation to its part of the loss, says
nothing: the loss lies there since the leaves do."""


@dataclass(frozen=True, slots=True)
class SliceOfLoss:
    """The tag or template of the cases in which most of a loss lies."""

    kind: str
    """``tag`` or ``template``."""
    name: str
    share: float
    """Share of the field's net lost leaves, above 0."""


@dataclass(frozen=True, slots=True)
class Driver:
    """The field that lost most leaves."""

    pointer: str
    before: float
    """Share of its leaves that were equal, over the cases judged on both sides."""
    after: float
    share: float
    """Share of all fields' net lost leaves."""
    where: SliceOfLoss | None
    """``None`` where the loss is spread."""


def driver_of(cases: Iterable[CaseChange], behavior: str) -> Driver | None:
    """The field that drove a behavior's drop; ``None`` where no field lost leaves, or nothing is
    graded."""
    graded = [(case, grades) for case in cases if (grades := _grades(case, behavior))]
    before, after = (
        {f.pointer: f for f in summed(grades[side] for _, grades in graded)} for side in (0, 1)
    )
    lost = {p: f.equal - after[p].equal for p, f in before.items() if p in after}
    pointer = max(lost, key=lambda p: lost[p], default=None)
    if pointer is None or lost[pointer] <= 0:
        return None
    return Driver(
        pointer,
        before[pointer].rate,
        after[pointer].rate,
        lost[pointer] / sum(n for n in lost.values() if n > 0),
        _where(graded, pointer, lost[pointer]),
    )


def _grades(case: CaseChange, behavior: str) -> tuple[Grade, Grade] | None:
    """The grades before and after, where both sides have one."""
    if case.before is None or case.after is None:
        return None
    was, now = (s.verdicts.get(behavior) for s in (case.before, case.after))
    if was is None or now is None or was.grade is None or now.grade is None:
        return None
    return was.grade, now.grade


def _where(
    graded: Sequence[tuple[CaseChange, tuple[Grade, Grade]]], pointer: str, lost: int
) -> SliceOfLoss | None:
    """The smallest slice that holds nearly all of the loss, else the one that holds most."""
    losses, leaves = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    total = 0
    for case, grades in graded:
        was, now = (_field(grade, pointer) for grade in grades)
        if was is None or now is None:
            continue
        total += was.leaves
        for key in _slices(case):
            losses[key] += was.equal - now.equal
            leaves[key] += was.leaves
    telling = [
        key
        for key, own in losses.items()
        if own >= MOST * lost and leaves[key] / total <= MAX_PART * min(own / lost, 1.0)
    ]
    if not telling:
        return None
    key = min(telling, key=lambda k: (losses[k] < NEARLY_ALL * lost, leaves[k], -losses[k]))
    return SliceOfLoss(*key, min(losses[key] / lost, 1.0))


def _slices(case: CaseChange) -> Iterator[tuple[str, str]]:
    sample = case.sample
    yield from (("tag", tag) for tag in dict.fromkeys(sample.tags))
    if sample.template:
        yield "template", sample.template


def _field(grade: Grade, pointer: str) -> FieldGrade | None:
    return next((f for f in grade.fields if f.pointer == pointer), None)
