"""Pairs of runs that differ in exactly as many cases as a test says, and the gate over them."""

from collections.abc import Sequence
from dataclasses import replace

from harness.core.record import RunRecord, Sample
from harness.core.verdict import Verdict
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


def of_templates(run: RunRecord, count: int) -> RunRecord:
    """The run with its cases from ``count`` templates, in blocks of neighbours."""
    size = -(-len(run.samples) // count)
    samples = (replace(s, template=f"t{i // size}") for i, s in enumerate(run.samples))
    return replace(run, samples=tuple(samples))


def with_verdicts(run: RunRecord, behavior: str, outcomes: Sequence[Verdict | None]) -> RunRecord:
    """The run with other verdicts of one behavior, in the order of its cases; ``None``: without."""
    samples = []
    for one, verdict in zip(run.samples, outcomes, strict=True):
        others = {name: v for name, v in one.verdicts.items() if name != behavior}
        samples.append(
            replace(one, verdicts=others if verdict is None else {**others, behavior: verdict})
        )
    return replace(run, samples=tuple(samples))


def gate(before: RunRecord, after: RunRecord, **policy: object) -> GateDecision:
    """The decision about the last model of each."""
    sides = (Side(run, run.models[-1].ref) for run in (before, after))
    return decide(*sides, GatePolicy.model_validate(policy))
