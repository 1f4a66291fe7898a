"""Pairs of runs that differ in exactly as many cases as a test says, and the gate over them."""

from collections.abc import Sequence
from dataclasses import replace

from harness.core.record import RunRecord, Sample
from harness.gate.compare import Side
from harness.gate.decision import GateDecision, decide
from harness.gate.policy import GatePolicy
from tests.synthetic import ADAPTER, brackets, good, record_of, sample, values

FIRST, SECOND = "20261119-080000-aaaa", "20261120-131502-ab12"


def answered(passes: Sequence[bool], *, templates: bool = False) -> list[Sample]:
    """One sample per case: right, or with brackets after it that two behaviors reject."""
    found = [
        sample(ADAPTER, i, value, (good if is_right else brackets)(value))
        for i, (value, is_right) in enumerate(zip(values(len(passes)), passes, strict=True), 1)
    ]
    return found if templates else [replace(s, template="") for s in found]


def run_of(passes: Sequence[bool], run_id: str, *, templates: bool = False) -> RunRecord:
    return record_of([(ADAPTER, answered(passes, templates=templates))], run_id=run_id)


def pair(
    cases: int, *, broke: int = 0, fixed: int = 0, failing: int = 0, templates: bool = False
) -> tuple[RunRecord, RunRecord]:
    """Two runs of ``cases``: the first ``broke`` break, the next ``fixed`` are fixed, the next
    ``failing`` fail on both sides, all others pass on both."""
    before = [i < broke or i >= broke + fixed + failing for i in range(cases)]
    after = [i >= broke and (i < broke + fixed or i >= broke + fixed + failing)
             for i in range(cases)]  # fmt: skip
    return (
        run_of(before, FIRST, templates=templates),
        run_of(after, SECOND, templates=templates),
    )


def gate(before: RunRecord, after: RunRecord, **policy: object) -> GateDecision:
    """The decision about the last model of each."""
    sides = (Side(run, run.models[-1].ref) for run in (before, after))
    return decide(*sides, GatePolicy.model_validate(policy))
