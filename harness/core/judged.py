"""``check`` and ``check_run``: judge within a test and end it where the verdict is not *passed*."""

from typing import Any, Protocol, TypeVar

from harness.core.completion import Completion
from harness.core.verdict import Check, Outcome, Verdict

Evidence_contra = TypeVar("Evidence_contra", contravariant=True)


class Judged(AssertionError):
    """Raised in a behavior's test by a check that did not pass."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


class TaskLike(Protocol):
    """Finds the case of a completion."""

    def case(self, case_id: str) -> Any: ...


class RunCheck(Protocol[Evidence_contra]):
    """Judges a whole run: its latency, its memory, its variety."""

    def judge(self, evidence: Evidence_contra) -> Verdict: ...


def check(judge: Check, completion: Completion, task: TaskLike) -> None:
    """Judge one completion of a task; a verdict other than *passed* ends the test.

    Raises:
        Judged: with the verdict.
    """
    verdict = judge.judge(task.case(completion.case_id), completion)
    if verdict.outcome is not Outcome.PASSED:
        raise Judged(verdict)


def check_run(judge: RunCheck[Evidence_contra], evidence: Evidence_contra) -> None:
    """Judge a measurement of a whole run; a verdict other than *passed* ends the test.

    Raises:
        Judged: with the verdict.
    """
    verdict = judge.judge(evidence)
    if verdict.outcome is not Outcome.PASSED:
        raise Judged(verdict)
