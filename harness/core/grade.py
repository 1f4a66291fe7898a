"""A Grade: how much of a reference an answer has, counted over the reference's leaves."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldGrade:
    """The leaves of one field, in one answer or in many."""

    pointer: str
    """JSON pointer with ``*`` for items of arrays; empty where the whole reference is one leaf."""
    leaves: int
    """Number of the reference's leaves, at least 1."""
    present: int
    """Those whose path leads to a leaf of the answer."""
    equal: int
    """Those of which the answer has the same value at the same path."""

    def __post_init__(self) -> None:
        if not 0 <= self.equal <= self.present <= self.leaves or self.leaves < 1:
            raise ValueError(
                f"{self.pointer!r:.80}: {self.equal} equal and {self.present} present of "
                f"{self.leaves} leaves cannot be"
            )

    @property
    def rate(self) -> float:
        return self.equal / self.leaves


@dataclass(frozen=True, slots=True)
class Grade:
    """The fields of a reference, as far as an answer has them."""

    fields: tuple[FieldGrade, ...]
    """In the order of the reference, at least one."""

    def __post_init__(self) -> None:
        if not self.fields:
            raise ValueError("a grade without a field says nothing")

    @property
    def leaves(self) -> int:
        return sum(f.leaves for f in self.fields)

    @property
    def share(self) -> float:
        """Share of the reference's leaves that are equal in the answer, 0 to 1."""
        return sum(f.equal for f in self.fields) / self.leaves

    @property
    def path_recall(self) -> float:
        """Share of the reference's leaf paths that the answer has, 0 to 1."""
        return sum(f.present for f in self.fields) / self.leaves


def summed(grades: Iterable[Grade]) -> tuple[FieldGrade, ...]:
    """The fields of all grades together, in the order in which they first occur."""
    counts: dict[str, list[int]] = {}
    for grade in grades:
        for field in grade.fields:
            own = counts.setdefault(field.pointer, [0, 0, 0])
            for place, count in enumerate((field.leaves, field.present, field.equal)):
                own[place] += count
    return tuple(FieldGrade(pointer, *own) for pointer, own in counts.items())
