"""A record counts how often the same weights were asked the same, whatever else lies there."""

import shutil
from dataclasses import replace
from pathlib import Path

from harness.core.record import RunRecord
from harness.gate.compare import Side
from harness.gate.decision import decide
from harness.gate.policy import GatePolicy
from harness.records import attempts
from harness.records.attempts import run_before, runs_again, with_attempts
from harness.records.ledger import Ledger, LedgerEntry
from harness.records.runs import write_run
from harness.report.words.decision import explanation
from tests.gating import pair
from tests.synthetic import ADAPTER, BEHAVES, record


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


def at(run: RunRecord, number: int, **changes: object) -> RunRecord:
    """A run by its number, made in that minute."""
    changed = replace(numbered(run, number), created=f"2026-11-20T13:{number:02}:00Z")
    return replace(changed, **changes)


def test_the_first_run_of_its_weights_has_none_before(tmp_path: Path) -> None:
    run = record(4)
    refs = [m.ref for m in run.models]
    for number in range(3):
        write_run(at(run, number), tmp_path)
    assert run_before(at(run, 0), refs, tmp_path, Ledger()) == ""
    assert run_before(at(run, 1), refs, tmp_path, Ledger()) == numbered(run, 0).id
    assert run_before(at(run, 2), refs, tmp_path, Ledger()) == numbered(run, 0).id


def test_a_base_that_is_run_beside_each_adapter_does_not_count(tmp_path: Path) -> None:
    run = record(4)
    base, adapter = run.models
    write_run(at(run, 0), tmp_path)
    trained = at(run, 1, models=(base, replace(adapter, weights_sha256="0" * 64)))
    assert run_before(trained, [base.ref, adapter.ref], tmp_path, Ledger()) == ""
    assert run_before(trained, [base.ref], tmp_path, Ledger()) == numbered(run, 0).id


def test_an_interrupted_run_before_does_not_count_but_one_that_was_removed(tmp_path: Path) -> None:
    run = record(4, [(ADAPTER, BEHAVES)])
    write_run(at(run, 0, status="partial"), tmp_path)
    second = at(run, 1, models=(replace(run.models[0], attempt=2),))
    assert run_before(second, [ADAPTER], tmp_path, Ledger()) == ""
    third = at(run, 2, models=(replace(run.models[0], attempt=3),))
    assert run_before(third, [ADAPTER], tmp_path, Ledger()) == "a run that has been removed"


def test_a_run_that_was_gated_on_another_machine_was_before(tmp_path: Path) -> None:
    run = record(4, [(ADAPTER, BEHAVES)])
    weights = run.models[0].weights_sha256
    entry = LedgerEntry(
        "gate", "main", "r", run.plan_fingerprint, "ci-1", ADAPTER, weights, "pass",
        "2026-11-20T13:00:30Z",
    )  # fmt: skip
    ledger = Ledger((entry,))
    assert run_before(at(run, 1), [ADAPTER], tmp_path, ledger) == "ci-1"
    assert run_before(at(run, 0), [ADAPTER], tmp_path, ledger) == ""
    own = Ledger((replace(entry, run=numbered(run, 1).id),))
    assert run_before(at(run, 1), [ADAPTER], tmp_path, own) == ""


def test_the_run_again_is_the_next_whole_one_of_the_same_weights(tmp_path: Path) -> None:
    run = record(4)
    refs = [m.ref for m in run.models]
    assert runs_again(at(run, 1), refs, tmp_path) == []
    write_run(at(run, 0), tmp_path)
    assert runs_again(at(run, 1), refs, tmp_path)[0] == numbered(run, 0).id
    write_run(at(run, 2, status="partial"), tmp_path)
    write_run(at(run, 3, models=run.models[:1]), tmp_path)
    write_run(at(run, 4), tmp_path)
    assert runs_again(at(run, 1), refs, tmp_path)[0] == numbered(run, 4).id
    assert runs_again(at(run, 1), refs[:1], tmp_path)[0] == numbered(run, 3).id
