"""Checks that stand where none can be made of what is declared."""

from dataclasses import dataclass
from functools import lru_cache

from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import FailureCode, Verdict


@dataclass(frozen=True, slots=True)
class Skip:
    """Stands for a check that has nothing to hold the completion against."""

    reason: str

    @classmethod
    def lacking(cls, part: str, whose: str) -> "Skip":
        """Stands for a check that needs a part which a task, or a case, does not declare."""
        what = "has no schema" if part == "schema" else "declares nothing for it"
        return cls(f"the {whose} {what}")

    def judge(self, case: Case, completion: Completion) -> Verdict:
        return _skipped(self.reason)


@lru_cache(maxsize=128)
def _skipped(reason: str) -> Verdict:
    """One value for all answers: most lines of a stream skip the same behaviors."""
    return Verdict.skipped(reason)


@dataclass(frozen=True, slots=True)
class Broken:
    """Stands for a check that could not be made of what was declared."""

    reason: str

    def judge(self, case: Case, completion: Completion) -> Verdict:
        return Verdict.error(FailureCode.TASK_ERROR, self.reason)
