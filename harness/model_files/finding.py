"""A Finding: one thing that is to be said of a model's files, and how bad it is."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    PROBLEM = "problem"
    """What such a model answers means nothing, or it cannot be opened: it is not run."""
    WARNING = "warning"
    """Likely not what was meant; the run goes on and keeps it in its record."""
    NOTE = "note"
    """Good to know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what, where, what next."""

    level: Level
    what: str
    where: str
    """The file, or a part of it."""
    advice: str
    """What to do next, or why it matters."""
    is_unopenable: bool = False
    """A problem for which the model cannot be opened: it fails by itself, and others of its run go
    on."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.advice}"


def problem(where: object, what: str, advice: str) -> Finding:
    """Stops the run."""
    return Finding(Level.PROBLEM, what, str(where), advice)


def unopenable(where: object, what: str, advice: str) -> Finding:
    """A problem of this model alone."""
    return Finding(Level.PROBLEM, what, str(where), advice, is_unopenable=True)


def warning(where: object, what: str, advice: str) -> Finding:
    """Is printed once and kept."""
    return Finding(Level.WARNING, what, str(where), advice)


def note(where: object, what: str, advice: str) -> Finding:
    """Is printed by ``harness doctor`` alone."""
    return Finding(Level.NOTE, what, str(where), advice)
