"""``harness gate --self-test``, as a user types it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.records.runs import write_run
from tests.gating import FIRST, SECOND, of_templates, pair

FEW = ("--draws", "4")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stored(**flips: int) -> None:
    for run in pair(160, **flips):
        write_run(of_templates(run, 40), Path("reports/runs"))


def self_test(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["gate", "--self-test", *arguments])


def test_two_runs_trade_places_and_the_table_has_a_row_for_each_loss() -> None:
    stored(broke=1, fixed=1)
    result = self_test(FIRST, SECOND, *FEW)
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert lines[0] == "json_extraction: 160 cases, 40 wordings"
    assert lines[1] == "What flips: two runs, which trade places wording by wording."
    assert "1 2 3 5 7 10" in lines
    for row in ("cases skipped ", "cases with errors "):
        (cells,) = (line.removeprefix(row).split() for line in lines if line.startswith(row))
        assert len(cells) == 6
        assert all(cell.endswith("/100") for cell in cells)
    (never,) = (line for line in lines if line.startswith("false pass: skips, errors "))
    assert " 0.0% " in never
    assert never.endswith("none")
    assert max(map(len, result.output.splitlines())) <= 80


def test_the_same_seed_gives_the_same_numbers_as_json() -> None:
    stored(broke=2, fixed=2)
    first, again, other = (
        json.loads(self_test(FIRST, SECOND, "--draws", "10", "--seed", seed, "--json").stdout)
        for seed in "112"
    )
    assert first == again
    assert first["cells"] != other["cells"]
    assert first["unchanged"]["draws"] == 30
    assert {c["drop"] for c in first["cells"]} == {0.01, 0.02, 0.03, 0.05, 0.07, 0.1}
    assert first["tasks"] == [
        {"task": "json_extraction", "cases": 160, "wordings": 40, "kept": False}
    ]


def test_kept_skills_have_a_table_of_their_own() -> None:
    for run in pair(160, broke=1, fixed=1):
        other = [replace(s, task="kept_plain") for s in run.samples[:60]]
        tasks = (*run.tasks, replace(run.tasks[0], name="kept_plain", kept=True))
        write_run(replace(run, samples=(*run.samples, *other), tasks=tasks), Path("reports/runs"))
    result = self_test(FIRST, SECOND, *FEW)
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert "kept_plain: 60 cases, 60 wordings, a kept skill" in lines
    assert "kept skills 1 2 3 5 7 10" in lines
    assert len([line for line in lines if line.startswith("cases fail ")]) == 2
    assert "where a kept skill loses" in lines
    assert max(map(len, result.output.splitlines())) <= 80
    found = json.loads(self_test(FIRST, SECOND, *FEW, "--json").stdout)
    assert {c["kept"] for c in found["cells"]} == {True, False}


def test_one_run_flips_at_an_assumed_rate_or_that_of_the_policy_or_of_the_flag() -> None:
    stored()
    for flags, rate in (((), "2%"), (("--noise-floor", "0.03"), "3%"), (("--flips", "0.1"), "10%")):
        assert (
            f"\n{rate} of the cases flip with nothing changed"
            in self_test(FIRST, *flags, *FEW).output
        )


def test_a_run_with_two_answers_a_case_is_split() -> None:
    first, second = pair(160, broke=2)
    again = tuple(replace(s, repeat=1) for s in second.samples)
    write_run(replace(first, samples=(*first.samples, *again)), Path("reports/runs"))
    assert "half of each case's answers against the others" in " ".join(
        self_test(FIRST, *FEW).output.split()
    )


def test_runs_of_other_weights_are_named() -> None:
    first, second = pair(160, broke=2)
    model = replace(second.models[-1], weights_sha256="9" * 64)
    for run in (first, replace(second, models=(model,))):
        write_run(run, Path("reports/runs"))
    assert "of other weights" in " ".join(self_test(FIRST, SECOND, *FEW).output.split())


def test_the_margin_of_the_settings_is_among_the_sizes(project: Path) -> None:
    stored()
    (project / "pyproject.toml").write_text("[tool.harness.gate]\nmargin = 0.04\n")
    found = json.loads(self_test(FIRST, *FEW, "--json").stdout)
    assert 0.04 in {c["drop"] for c in found["cells"]}
    assert found["policy"]["margin"] == 0.04


def test_runs_that_the_gate_refuses_are_a_mistake() -> None:
    first, second = pair(160)
    task = replace(second.tasks[0], schema_sha256="0" * 64)
    for run in (first, replace(second, tasks=(task,))):
        write_run(run, Path("reports/runs"))
    result = self_test(FIRST, SECOND)
    assert result.exit_code == 2
    assert "the JSON Schema is another one" in result.output
    assert self_test(FIRST, SECOND, "--allow", "schema", *FEW).exit_code == 0


@pytest.mark.parametrize("flags", [("--draws", "4"), ("--seed", "1"), ("--flips", "0.1")])
def test_its_options_need_it(flags: tuple[str, str]) -> None:
    stored()
    result = CliRunner().invoke(main, ["gate", FIRST, SECOND, *flags])
    assert result.exit_code == 2
    assert f"{flags[0]}: only --self-test takes it" in result.output


def test_files_of_a_decision_are_not_written() -> None:
    stored()
    result = self_test(FIRST, "--junit", "cases.xml", *FEW)
    assert result.exit_code == 2
    assert "--self-test decides nothing" in result.output
    assert not Path("cases.xml").exists()
