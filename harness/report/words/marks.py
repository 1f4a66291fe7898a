"""The spans of a raw completion that verdicts point at, as segments to be marked.

Knows offsets and nothing of colors, markup or escaping.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.core.verdict import Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Mark:
    """One behavior's finding at one place."""

    start: int
    end: int
    behavior: str
    code: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text that the same marks cover; the segments of a text join to it."""

    text: str
    marks: tuple[Mark, ...] = ()


def marks_of(verdicts: Mapping[str, Verdict], length: int) -> tuple[Mark, ...]:
    """The failing verdicts' spans, cut to a text of this length."""
    return tuple(
        Mark(min(v.span[0], length), min(v.span[1], length), behavior, v.code.value)
        for behavior, v in verdicts.items()
        if v.outcome is Outcome.FAILED and v.span is not None and v.code is not None
    )


def segments(text: str, marks: Iterable[Mark]) -> tuple[Segment, ...]:
    """Cut the text where a mark begins or ends.

    A mark of no width, where something is missing, becomes a segment without text.
    """
    found = tuple(marks)
    cuts = sorted({0, len(text), *(m.start for m in found), *(m.end for m in found)})
    points = {m.start for m in found if m.start == m.end}
    parts: list[Segment] = []
    for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True):
        if start in points:
            parts.append(Segment("", tuple(m for m in found if m.start == m.end == start)))
        if start < end:
            covering = tuple(m for m in found if m.start <= start and end <= m.end)
            parts.append(Segment(text[start:end], covering))
    return tuple(parts)
