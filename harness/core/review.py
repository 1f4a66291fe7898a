"""The review of a run: a person's verdicts on its answers, and the cases that are to pass.

It is made on a page and exported as JSON Lines, an answer a line.
"""

from dataclasses import dataclass
from typing import Literal

ReviewerVerdict = Literal["right", "wrong"]
AnswerKey = tuple[str, str, str, str, int]
"""Run, model, task, case, repeat."""


@dataclass(frozen=True, slots=True)
class ReviewedAnswer:
    """One line of a review: an answer, and what a person says about it and its case."""

    run: str
    """Id of the run."""
    model: str
    """``ModelRecord.ref``."""
    task: str
    case: str
    repeat: int = 0
    verdict: ReviewerVerdict | None = None
    """``None`` where only the case is marked."""
    must_pass: bool = False
    """The case has a star: it is to become a must-pass case of its task."""
    tags: tuple[str, ...] = ()
    note: str = ""

    @property
    def key(self) -> AnswerKey:
        """Identifies the answer."""
        return (self.run, self.model, self.task, self.case, self.repeat)
