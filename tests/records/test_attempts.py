"""A record counts how often the same weights were asked the same, whatever else lies there."""

import shutil
from dataclasses import replace
from pathlib import Path

from harness.core.record import RunRecord
from harness.gate.compare import Side
from harness.gate.decision import decide
from harness.gate.policy import GatePolicy
from harness.records import attempts
from harness.records.attempts import with_attempts
from harness.records.runs import write_run
from harness.report.words.decision import explanation
from tests.gating import pair
from tests.synthetic import record


def numbered(run: RunRecord, number: int) -> RunRecord:
    return replace(run, id=f"20261120-13150{number}-aaaa")


def counts(run: RunRecord) -> list[int | None]:
    return [model.attempt for model in run.models]


def test_each_run_of_the_same_weights_and_plan_is_an_attempt(tmp_path: Path) -> None:
    for number in range(3):
        run = with_attempts(numbered(record(4), number), tmp_path)
        assert counts(run) == [number + 1] * 2
        write_run(run, tmp_path)


def test_other_weights_and_other_plans_do_not_count(tmp_path: Path) -> None:
    run = record(4)
    base, adapter = run.models
    write_run(replace(numbered(run, 0), plan_fingerprint="e" * 64), tmp_path)
    write_run(replace(numbered(run, 1), models=(base,)), tmp_path)
    trained = replace(run, models=(base, replace(adapter, weights_sha256="0" * 64)))
    assert counts(with_attempts(numbered(trained, 2), tmp_path)) == [2, 1]


def test_a_run_that_is_written_again_is_the_same_attempt(tmp_path: Path) -> None:
    run = record(4)
    write_run(run, tmp_path)
    assert counts(with_attempts(run, tmp_path)) == [1, 1]


def test_a_copy_of_a_run_is_no_attempt(tmp_path: Path) -> None:
    run = record(4)
    shutil.copytree(write_run(numbered(run, 0), tmp_path), tmp_path / "copy")
    assert counts(with_attempts(numbered(run, 1), tmp_path)) == [2, 2]


def test_a_replay_is_no_attempt_and_unknown_weights_are_not_counted(tmp_path: Path) -> None:
    run = record(4)
    write_run(numbered(run, 0), tmp_path)
    base, adapter = run.models
    asked = replace(run, models=(
        replace(base, is_measurable=False, attempt=7), replace(adapter, weights_sha256=None),
    ))  # fmt: skip
    assert counts(with_attempts(asked, tmp_path)) == [None, None]
    write_run(numbered(asked, 1), tmp_path)
    assert counts(with_attempts(numbered(run, 2), tmp_path)) == [2, 2]


def test_what_lies_in_the_folder_beside_runs_is_passed_over(tmp_path: Path, monkeypatch) -> None:
    run = record(4)
    for number, text in enumerate([
        "", "[]", '{"models": 3, "plan_fingerprint": "' + run.plan_fingerprint + '"}',
        "{" * 3000 + run.plan_fingerprint, '"' + run.plan_fingerprint + '"',
    ]):  # fmt: skip
        folder = tmp_path / f"r{number}"
        folder.mkdir()
        (folder / "run.json").write_text(text)
    assert counts(with_attempts(run, tmp_path)) == [1, 1]
    assert counts(with_attempts(run, tmp_path / "none")) == [1, 1]
    write_run(numbered(run, 0), tmp_path)
    monkeypatch.setattr(attempts, "MAX_BYTES", 100)
    assert counts(with_attempts(run, tmp_path)) == [1, 1]


def test_only_the_latest_runs_are_looked_at(tmp_path: Path, monkeypatch) -> None:
    for number in range(4):
        write_run(numbered(record(2), number), tmp_path)
    monkeypatch.setattr(attempts, "MAX_RUNS", 2)
    assert counts(with_attempts(record(2), tmp_path)) == [3, 3]


def test_the_gate_says_that_it_is_not_the_first_attempt() -> None:
    before, after = pair(300)
    again = replace(after, models=(replace(after.models[0], attempt=4),))
    first = replace(after, models=(replace(after.models[0], attempt=1),))
    sides = Side(before, before.models[0].ref)
    said = list(explanation(decide(sides, Side(again, again.models[0].ref), GatePolicy())))
    assert any(line.startswith("Attempt 4 of the same weights and plan") for line in said)
    said = list(explanation(decide(sides, Side(first, first.models[0].ref), GatePolicy())))
    assert not any("Attempt" in line for line in said)
