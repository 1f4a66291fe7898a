"""``check`` and ``check_run``: judge within a test and end it where the verdict is not *passed*."""

from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any, Protocol, TypeVar, cast

from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.grade import Grade
from harness.core.verdict import Check, FailureCode, Outcome, Verdict

Evidence_contra = TypeVar("Evidence_contra", contravariant=True)
_CATALOGUE = "harness.checks."


_PASSED_GRADE: ContextVar[Grade | None] = ContextVar("passed_grade", default=None)
"""The last grade that ``check`` saw: a test that passes hands nothing back."""


def passed_grade(test: Callable[[], object]) -> Grade | None:
    """Call a test; the last grade that ``check`` saw in it, ``None`` where it saw none."""
    _PASSED_GRADE.set(None)
    test()
    return _PASSED_GRADE.get()


class Judged(AssertionError):
    """Raised in a behavior's test by a check that did not pass."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


class BehaviorFile(Protocol):
    """A file of ``harness.checks``, which makes a check from what is declared of an answer."""

    __name__: str

    @property
    def NEEDS(self) -> tuple[str, ...]: ...

    @property
    def check_for(self) -> Callable[[Any], Check]: ...


class TaskLike(Protocol):
    """Finds the case of a completion, and makes its check."""

    def case(self, case_id: str) -> Case: ...

    def check_of(self, behavior: BehaviorFile, case: Case) -> Check: ...


class RunCheck(Protocol[Evidence_contra]):
    """Judges a whole run: its latency, its memory, its variety."""

    def judge(self, evidence: Evidence_contra) -> Verdict: ...


def check(judge: Check | BehaviorFile, completion: Completion, task: TaskLike) -> None:
    """Judge one completion of a task; a verdict other than *passed* ends the test.

    Args:
        judge: a file of ``harness.checks``, whose check is made from what the task and the case
            declare, or a check with settings of its own.
        completion: an answer to one of the task's cases.
        task: the task.

    Raises:
        Judged: with the verdict.
    """
    verdict = _verdict(judge, task.case(completion.case_id), completion, task)
    if verdict.grade is not None:
        _PASSED_GRADE.set(verdict.grade)
    if verdict.outcome is not Outcome.PASSED:
        raise Judged(verdict)


def _verdict(
    judge: Check | BehaviorFile, case: Case, completion: Completion, task: TaskLike
) -> Verdict:
    if isinstance(judge, ModuleType):
        return task.check_of(judge, case).judge(case, completion)
    made = cast(Check, judge)
    if case.declared and type(made).__module__.startswith(_CATALOGUE):
        name = type(made).__name__
        reason = (
            f"{name} was made without the case's own declarations: give check() the file of "
            "harness.checks in its place"
        )
        return Verdict.error(FailureCode.TASK_ERROR, reason)
    return made.judge(case, completion)


def check_run(judge: RunCheck[Evidence_contra], evidence: Evidence_contra) -> None:
    """Judge a measurement of a whole run; a verdict other than *passed* ends the test.

    Raises:
        Judged: with the verdict.
    """
    verdict = judge.judge(evidence)
    if verdict.outcome is not Outcome.PASSED:
        raise Judged(verdict)
