"""``check`` and ``check_run``: a test calls a judgement and ends where it is not passed."""

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
    """Gives the case of a completion."""

    def case(self, case_id: str) -> Any: ...


class RunCheck(Protocol[Evidence_contra]):
    """A judgement of a whole run: its latency, its memory, its variety."""

    def judge(self, evidence: Evidence_contra) -> Verdict: ...


def check(judge: Check, completion: Completion, task: TaskLike) -> None:
    """Let ``judge`` judge one completion of a task; a verdict other than *passed* ends the test.

    Raises:
        Judged: with the verdict.
    """
    verdict = judge.judge(task.case(completion.case_id), completion)
    if verdict.outcome is not Outcome.PASSED:
        raise Judged(verdict)


def check_run(judge: RunCheck[Evidence_contra], evidence: Evidence_contra) -> None:
    """Let ``judge`` judge what was measured over a whole run; a verdict other than *passed* ends
    the test.

    Raises:
        Judged: with the verdict.
    """
    verdict = judge.judge(evidence)
    if verdict.outcome is not Outcome.PASSED:
        raise Judged(verdict)
