"""Answers that a run took from another are no second answers: nothing is learned of noise."""

from dataclasses import replace

import pytest

from harness.core.completion import Origin
from harness.core.errors import HarnessError
from harness.core.record import RunRecord
from harness.gate.compare import Side
from harness.gate.copies import holds_copies
from harness.gate.planning import observed
from harness.gate.policy import GatePolicy
from harness.records.runs import write_run
from harness.report.report import report_on, with_noise
from harness.run.baseline_noise import noise_of_record
from tests.gating import FIRST, SECOND, run_of
from tests.synthetic import ADAPTER

AGAIN = "20261118-080000-cccc"
BEFORE = run_of([True] * 40, FIRST)


def copied(run: RunRecord, of: str, count: int | None = None) -> RunRecord:
    """The run, whose first answers came from the store, where the run ``of`` put them."""
    samples = [
        replace(s, completion=replace(s.completion, origin=Origin(of, run.created)))
        for s in run.samples[:count]
    ]
    kept = run.samples[len(samples) :]
    return replace(run, samples=(*samples, *kept))


def sides(before: RunRecord, again: RunRecord) -> tuple[Side, Side]:
    return Side(before, ADAPTER), Side(again, ADAPTER)


def test_one_answer_of_the_other_run_is_a_copy() -> None:
    again = run_of([True] * 40, AGAIN)
    assert not holds_copies(*sides(BEFORE, again))
    assert holds_copies(*sides(BEFORE, copied(again, FIRST, 1)))
    assert not holds_copies(*sides(BEFORE, copied(again, SECOND)))
    assert holds_copies(*sides(copied(BEFORE, SECOND), copied(again, SECOND)))
    assert not holds_copies(*sides(BEFORE, BEFORE))


def test_another_model_of_the_same_run_is_no_copy() -> None:
    again = copied(run_of([True] * 40, AGAIN), FIRST)
    models = tuple(replace(m, weights_sha256="f" * 64) for m in again.models)
    assert not holds_copies(*sides(BEFORE, replace(again, models=models)))


def test_noise_of_copies_is_refused() -> None:
    report = report_on(BEFORE, run_of([True] * 40, SECOND), policy=GatePolicy())
    with pytest.raises(
        HarnessError, match="from the store, which cannot flip: make one with --fresh"
    ):
        with_noise(report, copied(run_of([True] * 40, AGAIN), FIRST))


def test_a_plan_knows_no_flips_from_copies() -> None:
    again = run_of([False] + [True] * 39, AGAIN)
    assert observed(*sides(BEFORE, again)).flips == pytest.approx(1 / 40)
    found = observed(*sides(BEFORE, copied(again, FIRST)))
    assert found.flips is None
    assert found.tasks[0].cases == 40


def test_a_baseline_passes_over_runs_of_copies(tmp_path) -> None:
    first, copy = BEFORE, copied(run_of([True] * 40, SECOND), FIRST)
    again = run_of([False] + [True] * 39, AGAIN)
    for run in (first, copy):
        write_run(run, tmp_path)
    assert noise_of_record(first, [ADAPTER], tmp_path) is None
    write_run(again, tmp_path)
    found = noise_of_record(first, [ADAPTER], tmp_path)
    assert found is not None
    assert AGAIN in found.source
    assert found.flip_rates[ADAPTER] == pytest.approx(1 / 40)
