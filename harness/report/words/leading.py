"""The test that a decision's sentence reports, and behaviors that fell or did not change."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from harness.gate.evidence import PairedTest
from harness.gate.outcome import Reason
from harness.gate.policy import GatePolicy
from harness.report.words import numbers as words


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


def with_p(fallen: Sequence[PairedTest]) -> str:
    """``json_validity, types (p < 0.001), grounding (p = 0.01)``."""
    named: dict[str, list[str]] = {}
    for found in fallen:
        named.setdefault(words.p_value(found.p_value), []).append(found.behavior)
    return ", ".join(f"{', '.join(names)} ({p})" for p, names in named.items())


def unchanged(tests: Sequence[PairedTest]) -> str:
    """``no case flipped: repetition, stops_cleanly``, or nothing."""
    names = [found.behavior for found in tests if found.is_unchanged]
    return f"no case flipped: {', '.join(names)}" if names else ""
