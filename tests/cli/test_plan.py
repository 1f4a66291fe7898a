"""``harness plan``, as a user types it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.records.runs import write_run
from tests.gating import FIRST, SECOND, of_templates, pair
from tests.models import ROOT


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def harness(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def planned(*arguments: str):
    result = harness("plan", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_guess_says_how_many_cases_and_wordings_and_what_each_size_shows() -> None:
    result = harness("plan", "--cases", "250", "--wordings", "18")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert "to pass an unchanged model 480 cases" in lines
    assert "to show a drop of 4 points 240 cases" in lines
    assert "to bound new wordings at 5 points 59 wordings, if none of them breaks" in lines
    assert "250 3.9 points 44% <- yours" in lines
    assert "300 3.5 points 58%" in lines
    assert "18 15.3 points <- yours" in lines
    assert "250 cases of one task, by its true drop:" in lines
    assert max(map(len, result.output.splitlines())) <= 80


def test_the_page_shows_what_is_printed() -> None:
    page = (ROOT / "docs/planning.md").read_text("utf-8")
    block = page.partition("```console\n$ harness ")[2].partition("...\n```")[0]
    command, _, shown = block.partition("\n")
    assert harness(*command.split()).output.startswith(shown)


def test_the_bars_are_as_long_as_the_shares_beside_them() -> None:
    found = harness("plan", "--cases", "250")
    rows = [line.split() for line in found.output.splitlines() if "▓" in line or "█" in line][:-1]
    assert len(rows) == 10
    for *_, passes, regressions, bar in rows:
        assert len(bar) == 40
        for mark, share in (("█", passes), ("▓", regressions)):
            assert abs(bar.count(mark) / 40 - float(share.strip("<>%")) / 100) < 0.03


def test_flags_change_the_plan() -> None:
    usual = planned()
    assert usual["cases_to_pass"] == 480
    assert usual["assumed"] == {"flips": 0.02, "tasks": 1, "repeats": 1, "power": 0.8}
    assert usual["flips_source"] == "assumed"
    assert planned("--margin", "0.05")["cases_to_pass"] < 480
    assert planned("--flips", "0.1")["cases_to_pass"] > 480
    assert planned("--power", "0.95")["cases_to_pass"] > 480
    assert planned("--tasks", "4")["cases_to_pass"] > 480
    assert planned("--repeats", "4")["cases_to_pass"] < 480
    assert planned("--confidence", "0.99")["wordings"] == 90
    assert planned("--wording-margin", "0.1")["wordings"] == 29
    assert planned("--drop", "0.05")["cases_to_see"] < usual["cases_to_see"]


def test_the_gates_settings_are_the_defaults(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.harness.gate]\nmargin = 0.05\n")
    assert planned()["policy"]["margin"] == 0.05
    assert planned()["drop"] == 0.1
    assert planned("--margin", "0.02")["policy"]["margin"] == 0.02


def test_two_runs_of_one_model_give_sizes_wordings_and_flips() -> None:
    for run in pair(200, broke=2, fixed=2):
        write_run(of_templates(run, 20), Path("reports/runs"))
    found = planned(FIRST, SECOND)
    assert found["own"] == [
        {"name": "json_extraction", "cases": 200, "wordings": 20, "kept": False}
    ]
    assert found["kept"] is None
    assert found["assumed"]["flips"] == pytest.approx(0.02)
    assert found["flips_source"] == "as recorded"
    assert found["curve_cases"] == 200
    given = planned(FIRST, SECOND, "--flips", "0.1", "--cases", "900")
    assert given["assumed"]["flips"] == 0.1
    assert given["own"][0]["cases"] == 900
    assert "<- json_extraction" in harness("plan", FIRST, SECOND).output


def test_kept_skills_of_a_run_are_planned_with_their_own_margin() -> None:
    for run in pair(200, broke=2, fixed=2):
        other = [replace(s, task="kept_plain") for s in run.samples[:60]]
        tasks = (*run.tasks, replace(run.tasks[0], name="kept_plain", kept=True))
        write_run(replace(run, samples=(*run.samples, *other), tasks=tasks), Path("reports/runs"))
    found = planned(FIRST, SECOND)
    assert [task["name"] for task in found["own"]] == ["json_extraction"]
    assert found["kept"]["own"] == [
        {"name": "kept_plain", "cases": 60, "wordings": 60, "kept": True}
    ]
    assert (found["policy"]["margin"], found["kept"]["policy"]["margin"]) == (0.02, 0.1)
    wider = planned(FIRST, SECOND, "--kept-margin", "0.15")["kept"]
    assert (wider["policy"]["margin"], wider["drop"]) == (0.15, 0.3)
    assert planned(FIRST, SECOND, "--margin", "0.2")["kept"]["policy"]["margin"] == 0.2
    shown = harness("plan", FIRST, SECOND).output
    first, _, second = shown.partition("\nKept skills: a margin of 10 points.\n")
    assert "<- json_extraction" in first
    assert "<- kept_plain" in second
    assert "to show a drop of 20 points" in second
    assert max(map(len, shown.splitlines())) <= 80


def test_one_run_gives_sizes_and_its_repeats_the_flips() -> None:
    first, second = pair(100, broke=4)
    write_run(first, Path("reports/runs"))
    assert planned(FIRST)["flips_source"] == "assumed"
    again = tuple(replace(s, repeat=1) for s in second.samples)
    write_run(replace(first, samples=(*first.samples, *again), id=SECOND), Path("reports/runs"))
    found = planned(SECOND)
    assert found["assumed"]["repeats"] == 2
    assert found["assumed"]["flips"] == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere"),
        (["a", "b", "c"], "3 runs: name two"),
        (["--margin", "2"], "--margin"),
        (["--confidence", "0.3"], "--confidence: "),
        (["--flips", "0.7"], "--flips"),
        (["--power", "1"], "--power"),
        (["--tasks", "0"], "--tasks"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments: list[str], message: str) -> None:
    result = harness("plan", *arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert len([line for line in result.output.splitlines() if message in line]) == 1


def test_a_drop_within_the_margin_passes() -> None:
    output = " ".join(harness("plan", "--drop", "0.01").output.split())
    assert "to show a drop of 1 point none: it is within the margin" in output


def test_extreme_sizes_and_margins_have_a_plan() -> None:
    assert planned("--margin", "0.9")["drop"] is None
    smallest = planned("--cases", "1", "--wordings", "1")
    assert smallest["sights"][0] == {"cases": 1, "smallest_drop": None, "unchanged_passes": 0.0}
    assert smallest["bounds"][0] == {"wordings": 1, "drop": pytest.approx(0.95)}
    assert planned("--repeats", "100", "--flips", "0.5")["cases_to_pass"] > 149
