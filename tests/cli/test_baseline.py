"""``harness baseline save`` and ``anchor``, and the gate against what they keep."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.core.record import RunRecord
from harness.gate.compare import Side
from harness.gate.noise import batch_noise
from harness.records.baseline_file import MeasuredNoise
from harness.records.ledger import read_ledger
from harness.records.runs import write_run
from harness.run import baseline_noise
from tests.gating import FIRST, SECOND, run_of
from tests.synthetic import ADAPTER

BASELINES = Path("reports/baselines")


@pytest.fixture(autouse=True)
def project(folder_outside_ci: Path) -> Path:
    return folder_outside_ci


def harness(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def store(failing: int, run_id: str, weights: str = "a" * 64, cases: int = 300) -> RunRecord:
    """A run of whose cases the first fail, made at the time in its id."""
    run = run_of([i >= failing for i in range(cases)], run_id)
    day, clock = run_id[:8], run_id[9:15]
    created = f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}Z"
    run = replace(run, created=created, models=(replace(run.models[0], weights_sha256=weights),))
    write_run(run, Path("reports/runs"))
    return run


def test_the_best_of_several_runs_is_no_baseline() -> None:
    store(5, FIRST)
    store(0, SECOND)
    result = harness("baseline", "save", "main")
    assert result.exit_code == 2
    assert result.output == (
        f"harness: run {SECOND}: is not the first of its weights on these cases, {FIRST} was "
        "before it, and the best of several is better than its model: save the first, or say "
        "--not-first\n"
    )
    assert harness("baseline", "save", "main", FIRST).exit_code == 0


def test_whoever_insists_is_told_so_by_every_gate_and_in_the_ledger() -> None:
    store(5, FIRST)
    store(0, SECOND)
    assert harness("baseline", "save", "main", SECOND, "--not-first").exit_code == 0
    said = "The baseline main is not the first run of its weights"
    assert said in harness("gate", "main", FIRST).output
    (entry,) = [e for e in read_ledger(BASELINES).entries if e.event == "baseline"]
    assert (entry.run, entry.outcome) == (SECOND, "not first")


def test_the_noise_of_another_run_is_kept_and_is_the_gate_s_floor() -> None:
    store(0, FIRST)
    assert "noise: not known: " in harness("baseline", "save", "main").output
    store(9, SECOND)
    result = harness("baseline", "save", "main", FIRST, "--replace")
    assert f"noise: 3.0% of the cases flip, by run {SECOND} of the same weights" in result.output
    store(8, "20261122-080000-dddd", weights="b" * 64)
    result = harness("gate", "main", "20261122-080000-dddd")
    assert "Noise: 3.0% of the cases flip" in result.output
    Path("pyproject.toml").write_text("[tool.harness.gate]\nnoise_floor = 0.0\n")
    assert "Noise:" not in harness("gate", "main", "20261122-080000-dddd").output


def test_noise_that_was_asked_for_takes_the_place_of_what_the_run_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = store(0, FIRST)
    again = run_of([i >= 9 for i in range(300)], FIRST)
    sides = (Side(run, ADAPTER), Side(again, ADAPTER))
    write_run(replace(run, noise=(batch_noise(*sides),)), Path("reports/runs"))
    said = "noise: 3.0% of the cases flip, by its second answers in other batches"
    assert said in harness("baseline", "save", "main").output
    store(8, SECOND, weights="b" * 64)
    assert "Noise: 3.0% of the cases flip" in harness("gate", "main", SECOND).output
    asked = MeasuredNoise("asking again", {ADAPTER: 0.01})
    monkeypatch.setattr(baseline_noise, "noise_again", lambda *arguments: asked)
    harness("baseline", "save", "main", FIRST, "--replace", "--again")
    assert "Noise: 1.0% of the cases flip" in harness("gate", "main", SECOND).output


def test_asked_again_a_model_that_is_gone_is_a_line_and_no_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    run = store(0, FIRST)
    task = Path("fixtures/tasks/json_extraction")
    task.mkdir(parents=True)
    task.joinpath("task.yaml").write_text(
        'description: d\nprompt: "Echo {word}."\noutput: {format: json}\n'
    )
    case = {"id": run.samples[0].case_id, "variables": {"word": "w"}}
    task.joinpath("cases.jsonl").write_text(json.dumps(case) + "\n")
    result = harness("baseline", "save", "main", "--again")
    assert result.exit_code == 0
    again = harness("baseline", "save", "main", "--again")
    assert (again.exit_code, "noise" in again.output) == (2, False)
    assert "noise: not asked again: out/json_extraction: is not on this machine" in result.output
    assert "noise: not known" in result.output
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_small_losses_on_many_changes_are_red_against_the_anchor() -> None:
    store(0, FIRST, weights="0" * 64)
    assert harness("baseline", "save", "main").exit_code == 0
    first, run_id = "20261121-080000-eeee", "20261122-080000-eeee"
    store(3, first, weights="1" * 64)
    assert harness("gate", "main", first).exit_code == 10
    assert harness("baseline", "save", "main", first, "--replace").exit_code == 0
    store(6, run_id, weights="2" * 64)
    result = harness("gate", "main", run_id)
    assert result.exit_code == 1
    assert result.output.startswith("REGRESSION: against the anchor main (saved 20")
    assert "INCONCLUSIVE: against the baseline main (saved 20" in result.output
    assert harness("gate", "main", run_id, "--anchor-margin", "0.2").exit_code == 10
    assert harness("baseline", "anchor", "main").exit_code == 0
    assert harness("gate", "main", run_id).exit_code == 10


def test_the_anchor_is_set_to_a_run() -> None:
    store(0, FIRST)
    assert harness("baseline", "anchor", "main", FIRST).exit_code == 2
    assert harness("baseline", "save", "main", FIRST).exit_code == 0
    store(9, SECOND, weights="b" * 64)
    result = harness("baseline", "anchor", "main", SECOND)
    assert result.exit_code == 0
    assert result.output.startswith("anchor: reports/baselines/main.anchor.json (")
    assert "saved 20" in harness("baseline", "list").output
    assert "anchored 20" in harness("baseline", "list").output
    assert [e.event for e in read_ledger(BASELINES).entries] == ["baseline", "anchor"]


def test_attempts_are_counted_where_the_runs_of_other_machines_are_not() -> None:
    store(0, FIRST)
    harness("baseline", "save", "main")
    for number in range(2):
        store(0, f"2026112{number}-080000-ffff", weights=f"{number}" * 64)
        result = harness("gate", "main", f"2026112{number}-080000-ffff", "--report-dir",
                         "reports/runs")  # fmt: skip
    assert "Attempt 2 against this baseline, 1 of them of other weights" in result.output
    before = (BASELINES / "ledger.jsonl").read_bytes()
    store(0, SECOND, weights="9" * 64)
    result = harness("gate", "main", SECOND, "--no-ledger", "--json")
    assert json.loads(result.output)["attempts"] == {"number": 3, "of_other_weights": 2}
    assert (BASELINES / "ledger.jsonl").read_bytes() == before


def test_two_runs_and_a_baseline_s_file_enter_nothing() -> None:
    store(0, FIRST)
    store(0, SECOND)
    harness("baseline", "save", "main", FIRST)
    before = (BASELINES / "ledger.jsonl").read_bytes()
    assert harness("gate", FIRST, SECOND).exit_code == 0
    assert harness("gate", str(BASELINES / "main.json"), SECOND).exit_code == 0
    assert (BASELINES / "ledger.jsonl").read_bytes() == before


def test_an_anchor_of_other_cases_is_said_when_the_baseline_moves() -> None:
    store(0, FIRST)
    harness("baseline", "save", "main")
    write_run(replace(store(0, SECOND), plan_fingerprint="e" * 64), Path("reports/runs"))
    result = harness("baseline", "save", "main", "--replace")
    assert "anchor: has other cases, set it anew: harness baseline anchor main" in result.output
    harness("baseline", "anchor", "main")
    assert "other cases" not in harness("baseline", "save", "main", "--replace").output


def test_a_report_says_what_the_gate_says_and_enters_nothing() -> None:
    store(0, FIRST, weights="0" * 64)
    harness("baseline", "save", "main", "--texts")
    store(14, "20261121-080000-eeee", weights="1" * 64)
    harness("baseline", "save", "main", "20261121-080000-eeee", "--replace", "--texts")
    store(15, "20261122-080000-eeee", weights="2" * 64)
    before = (BASELINES / "ledger.jsonl").read_bytes()
    for kind in ("markdown", "html", "json"):
        result = harness(
            "report", "main", "20261122-080000-eeee", "--format", kind, "-o", f"page.{kind}"
        )
        assert result.exit_code == 0
        text = Path(f"page.{kind}").read_text("utf-8")
        assert "against the anchor main (saved 20" in text
        assert "100.0% to 95.0%" in text
    assert (BASELINES / "ledger.jsonl").read_bytes() == before
