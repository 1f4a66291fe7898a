"""``harness runs``, and what counts as ``latest`` and as one line of a history."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.core.record import RunRecord
from harness.records.runs import write_run
from tests.synthetic import ADAPTER, BASE, BEHAVES, record

WHOLE, PART, OLD = "20261121-000000-aaaa", "nightly", "20261119-000000-cccc"


@pytest.fixture(autouse=True)
def runs(folder_outside_ci: Path) -> Path:
    root = folder_outside_ci / "reports/runs"
    write_run(made(OLD, 19), root)
    write_run(made(WHOLE, 21), root)
    part = made(PART, 22)
    tasks = (replace(part.tasks[0], selected=True),)
    write_run(replace(part, tasks=tasks, plan_fingerprint="part"), root)
    return root


def made(run_id: str, day: int) -> RunRecord:
    run = record(12, [(ADAPTER, BEHAVES)], run_id=run_id)
    return replace(run, created=f"2026-11-{day}T10:00:00Z")


def harness(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_the_newest_is_first_and_a_part_is_said() -> None:
    lines = harness("runs").output.splitlines()
    assert lines[0] == f"{PART} (2026-11-22 10:00)  json_extraction, cases: 12 selected"
    assert lines[1].endswith(f"- right  {ADAPTER}")
    assert [line[:20] for line in lines[2:6:2]] == [WHOLE, OLD]
    assert lines[6].startswith(f"{PART} asked 12 selected cases of json_extraction: against a")
    assert harness("runs", "--last", "1").output.splitlines()[2] == (
        "and 2 older runs: --last 3 shows all"
    )


def test_runs_are_filtered_and_a_name_that_none_has_is_answered(runs: Path) -> None:
    write_run(replace(record(4), id="20261118-000000-dddd", created="2026-11-18T00:00:00Z"), runs)
    assert "20261118-000000-dddd" in harness("runs", "--model", BASE).output
    assert WHOLE not in harness("runs", "--model", BASE).output
    result = harness("runs", "--task", "json_extractoin")
    assert result.exit_code == 2
    assert "did you mean 'json_extraction'?" in result.output
    found = json.loads(harness("runs", "--json", "--last", "1").output)
    assert (found["count"], found["runs"][0]["id"]) == (4, PART)
    assert found["runs"][0]["part"] == "asked 12 selected cases of json_extraction"


def test_a_damaged_run_is_told_and_an_empty_folder_too(runs: Path) -> None:
    (runs / OLD / "run.json").write_text(
        (runs / OLD / "run.json").read_text().replace('"seconds"', '"second"', 1)
    )
    result = CliRunner().invoke(main, ["runs"])
    assert "left out: reports/runs" in result.stderr
    assert WHOLE in result.stdout
    result = CliRunner().invoke(main, ["history"])
    assert result.exit_code == 0
    assert "left out: reports/runs" in result.stderr
    assert "format_success_rate" in result.stdout
    assert "no run yet" in harness("runs", "--report-dir", "none").output


def test_a_history_has_a_line_for_each_selection() -> None:
    lines = harness("history").output.splitlines()
    assert lines[0].endswith("format_success_rate")
    assert "(2 runs, latest" in lines[1]
    assert lines[2].endswith("format_success_rate  cases: 12 selected")
    found = json.loads(harness("history", "--json").output)["series"]
    assert [(len(s["points"]), s["selection"]) for s in found] == [(2, None), (1, "12 selected")]


def test_a_part_is_no_latest_for_a_gate_but_against_the_same_part(runs: Path) -> None:
    result = harness("gate", OLD, "latest")
    assert result.exit_code == 2
    assert result.output.startswith(f"harness: latest: run {PART} asked 12 selected cases of json")
    assert f"name {WHOLE}, the last whole run" in result.output
    assert harness("gate", OLD, PART).exit_code == 10
    assert harness("gate", PART, "latest").exit_code != 2
    harness("baseline", "save", "main", PART)
    assert harness("gate", "main", "latest").exit_code != 2
    said = harness("baseline", "save", "other", PART).output
    assert f"note: run {PART} asked 12 selected cases of json_extraction; a gate compares" in said
