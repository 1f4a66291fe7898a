"""The Shape of a file's rows: the keys by which it is known, and the function that reads a row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from trainers.data.pairs import PreferenceRow
from trainers.data.rows import TrainingRow

Kind = Literal["examples", "preferences"]


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to write training rows."""

    title: str
    """Its name in a sentence."""
    kind: Kind
    """``preferences`` have a chosen and a rejected answer each."""
    keys: frozenset[str]
    """Keys that every row has, and by which the shape is known."""
    read: Callable[[Mapping[str, Any], str], TrainingRow | PreferenceRow]
    """Read a row at a place. Raises ValueError for a mistake, LeftOut for a row not to imitate."""
    said: str = ""
    """How its words are understood, for the terminal."""
    reads_tools: bool = False
    """Its rows may have ``tools``."""

    def __str__(self) -> str:
        return f"{self.title}: {self.said}" if self.said else self.title
