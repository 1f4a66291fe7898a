"""The value that an answer holds, with the place of every part of it in the text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.checks.json.fault import Fault
from harness.checks.text.company import ExtraText

BLANK = " \t\n\r"
Path = tuple[str | int, ...]
"""Names and indices from the outermost value inwards."""


class _Missing:
    """The class of ``MISSING``."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()
"""Stands for the value of a document that has no sound one."""


class Place(NamedTuple):
    """Where a value stands."""

    span: tuple[int, int]
    name: tuple[int, int] | None = None
    """Where the name of the member stands."""


@dataclass(frozen=True, slots=True)
class Document:
    """A completion's text and the first top-level value in it."""

    text: str
    """As long as the raw text; what may stand around the value is blanked."""
    start: int
    """Offset of the value; the end of the text without one."""
    end: int
    """Behind the value's last character."""
    value: Any
    """The decoded value, numbers exact; ``MISSING`` when there is no sound one."""
    fault: Fault | None = None
    """Why there is no sound value."""
    has_duplicates: bool = False
    around: ExtraText | None = None
    """What is wrong with the fence around the value, or outside of it."""
    places: Mapping[Path, Place] | None = None
    """Where each part stands, in YAML and CSV; JSON is read again."""
    style: Fault | None = None
    """What is not allowed in a document that is sound all the same."""
    lines: Sequence[int] | None = None
    """Of JSON Lines: where each value begins."""

    @property
    def is_whole(self) -> bool:
        """True when the text is the value, what may stand around it, and nothing else."""
        return self.around is None and self._is_alone

    @property
    def _is_alone(self) -> bool:
        return not self.text[: self.start].strip(BLANK) and not self.text[self.end :].strip(BLANK)
