"""A decision against a named baseline: what is remarked, counted and entered."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.attempts import Attempts
from harness.core.record import RunRecord
from harness.gate.decision import GateDecision
from harness.gate.outcome import GateOutcome
from harness.records.anchors import save_and_keep_anchor
from harness.records.baseline_file import MeasuredNoise
from harness.records.baselines import anchor_file, save_baseline
from harness.records.ledger import LEDGER, read_ledger
from harness.report.words.decision import explanation
from harness.run.named_baseline import NamedBaseline
from tests.gating import FIRST, SECOND, gate, run_of
from tests.synthetic import ADAPTER

OLD = "20261101-080000-cccc"


def run(failing: int, run_id: str = SECOND, cases: int = 300) -> RunRecord:
    return run_of([i >= failing for i in range(cases)], run_id)


def completed(root: Path, after: RunRecord, *, has_ledger: bool = True, **policy) -> GateDecision:
    named = NamedBaseline.read("main", root)
    return named.completed(gate(named.baseline.record, after, **policy), has_ledger=has_ledger)


def test_the_anchor_decides_where_the_baseline_has_moved(tmp_path: Path) -> None:
    save_and_keep_anchor("main", run(0, OLD), tmp_path)
    assert completed(tmp_path, run(0)).other is None
    save_and_keep_anchor("main", run(14, FIRST), tmp_path, is_replaced=True)
    found = completed(tmp_path, run(15))
    assert found.outcome is GateOutcome.REGRESSION
    assert found.before.record.id == OLD
    assert found.against.startswith("the anchor main (saved 20")


def test_an_anchor_of_other_cases_is_not_dropped(tmp_path: Path) -> None:
    save_and_keep_anchor("main", run(0, OLD, cases=200), tmp_path)
    save_and_keep_anchor("main", run(0, FIRST), tmp_path, is_replaced=True)
    found = completed(tmp_path, run(0))
    assert found.outcome is GateOutcome.NOT_COMPARABLE
    assert any("set the anchor anew: harness baseline anchor main RUN" in r for r in found.remarks)
    assert completed(tmp_path, run(0), allow=("cases",)).outcome is GateOutcome.PASS


def test_what_is_odd_about_a_baseline_is_said(tmp_path: Path) -> None:
    save_and_keep_anchor("main", run(0, FIRST), tmp_path, is_first=False)
    found = completed(tmp_path, run(0))
    said = [r for r in found.remarks if "is not the first run of its weights" in r]
    assert [r.split(" is ")[0] for r in said] == ["The baseline main", "The anchor main"]
    anchor_file("main", tmp_path).unlink()
    assert any(r.startswith("main has no anchor") for r in explanation(completed(tmp_path, run(0))))


def test_measured_noise_is_the_floor_of_both(tmp_path: Path) -> None:
    noise = MeasuredNoise("run x", {ADAPTER: 0.2})
    save_and_keep_anchor("main", run(0, OLD), tmp_path)
    save_and_keep_anchor("main", run(0, FIRST), tmp_path, is_replaced=True, noise=noise)
    assert completed(tmp_path, run(9), noise_floor=0.0).outcome is GateOutcome.REGRESSION
    found = completed(tmp_path, run(9))
    assert found.outcome is GateOutcome.INCONCLUSIVE
    assert found.policy.noise_floor == 0.2
    assert found.other is not None
    assert found.other.policy.noise_floor == 0.2


def test_each_decision_is_entered_once_and_counted(tmp_path: Path) -> None:
    save_and_keep_anchor("main", run(0, FIRST), tmp_path)
    first, second = run(15), replace(run(0), id="20261121-080000-bbbb")
    assert completed(tmp_path, first).attempts == Attempts(1, 0)
    assert completed(tmp_path, first).attempts == Attempts(1, 0)
    trained = replace(second, models=(replace(second.models[0], weights_sha256="0" * 64),))
    found = completed(tmp_path, trained)
    assert found.attempts == Attempts(2, 1)
    said = "Attempt 2 against this baseline, 1 of them of other weights: run often enough"
    assert any(line.startswith(said) for line in explanation(found))
    entries = read_ledger(tmp_path).entries
    assert [(e.run, e.outcome) for e in entries] == [
        (SECOND, "regression"),
        (trained.id, "pass"),
    ]
    assert {(e.event, e.baseline, e.baseline_run) for e in entries} == {("gate", "main", FIRST)}


def test_without_the_ledger_it_is_read_alone(tmp_path: Path) -> None:
    save_and_keep_anchor("main", run(0, FIRST), tmp_path)
    completed(tmp_path, run(0), has_ledger=False)
    assert not (tmp_path / LEDGER).exists()
    completed(tmp_path, run(0))
    after = replace(run(0), id="20261121-080000-bbbb")
    assert completed(tmp_path, after, has_ledger=False).attempts == Attempts(2, 0)
    assert len(read_ledger(tmp_path).entries) == 1


def test_replayed_answers_and_the_baseline_s_own_run_are_no_attempt(tmp_path: Path) -> None:
    save_and_keep_anchor("main", run(0, FIRST), tmp_path)
    assert completed(tmp_path, run(0, FIRST)).attempts is None
    after = run(0)
    after = replace(after, models=(replace(after.models[0], is_measurable=False),))
    assert completed(tmp_path, after).attempts is None
    assert not (tmp_path / LEDGER).exists()


def test_a_damaged_ledger_is_said_and_decides_nothing(tmp_path: Path) -> None:
    save_and_keep_anchor("main", run(0, FIRST), tmp_path)
    (tmp_path / LEDGER).write_text("<<<<<<< HEAD\n")
    found = completed(tmp_path, run(0))
    assert found.outcome is GateOutcome.PASS
    assert any(f"{LEDGER}:1: Expecting value" in remark for remark in found.remarks)


@pytest.mark.parametrize("refs", [("adapter:other", "adapter:last"), ("adapter:other", ADAPTER)])
def test_the_anchor_s_model_is_that_of_the_baseline_s_ref_or_its_last(
    tmp_path: Path, refs: tuple[str, str]
) -> None:
    good, bad = run(0, OLD), run(30, OLD)
    models = tuple(replace(good.models[0], ref=ref) for ref in refs)
    samples = tuple(
        replace(s, model=ref) for r, ref in ((bad, refs[0]), (good, refs[1])) for s in r.samples
    )
    anchor = replace(good, models=models, samples=samples, results=())
    save_baseline("main", run(30, FIRST), tmp_path)
    save_baseline("main", anchor, tmp_path, is_anchor=True)
    assert completed(tmp_path, run(30)).outcome is GateOutcome.REGRESSION
