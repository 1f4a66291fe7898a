"""The test that a decision's sentence reports."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from harness.gate.outcome import Reason
from harness.gate.policy import GatePolicy


class _Test(Protocol):
    @property
    def drop(self) -> float: ...


Test = TypeVar("Test", bound=_Test)
Test_co = TypeVar("Test_co", bound=_Test, covariant=True)


class _Decided(Protocol[Test_co]):
    """A task's decision, on two runs or on an experiment."""

    @property
    def reason(self) -> Reason: ...
    @property
    def composite(self) -> Test_co: ...
    def fallen(self, policy: GatePolicy) -> Sequence[Test_co]: ...
    def unbounded(self, policy: GatePolicy) -> Sequence[Test_co]: ...


def leading_of(task: _Decided[Test], policy: GatePolicy) -> Test:
    """The test that the sentence reports: of the behavior that decided, or of the composite."""
    if task.reason is Reason.BEHAVIOR:
        return task.fallen(policy)[0]
    if task.reason is Reason.BEHAVIOR_MARGIN:
        return max(task.unbounded(policy), key=lambda b: b.drop)
    return task.composite
