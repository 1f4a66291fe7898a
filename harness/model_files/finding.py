"""A Finding: one fact about a model's files that a user should know, with its severity."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The severity of a finding."""

    PROBLEM = "problem"
    """The model cannot be opened, or its answers are meaningless: it is not run."""
    WARNING = "warning"
    """Probably a mistake; the run continues and records it."""
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
    """The next step, or why the finding matters."""
    is_unopenable: bool = False
    """A problem for which the model cannot be opened: it fails alone, and the others of its run
    continue."""
    is_of_code: bool = False
    """A problem of a model that needs code of its own, which a user may allow."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.advice}"


def problem(where: object, what: str, advice: str) -> Finding:
    """A finding that stops the run."""
    return Finding(Level.PROBLEM, what, str(where), advice)


def unopenable(where: object, what: str, advice: str) -> Finding:
    """A problem for which the model cannot be opened; the others of the run continue."""
    return Finding(Level.PROBLEM, what, str(where), advice, is_unopenable=True)


def warning(where: object, what: str, advice: str) -> Finding:
    """A finding that is printed once and recorded."""
    return Finding(Level.WARNING, what, str(where), advice)


def note(where: object, what: str, advice: str) -> Finding:
    """A finding that only ``harness doctor`` prints."""
    return Finding(Level.NOTE, what, str(where), advice)
