"""``harness gate``, ``compare``, ``baseline`` and ``history``, as a user types them."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.cli._sides import ALLOWABLE, SCOPES
from harness.core.record import RunRecord
from harness.gate.policy import ALLOWABLE as OF_THE_POLICY
from harness.gate.policy import SCOPES as SCOPES_OF_THE_POLICY
from harness.records.runs import write_run
from tests.gating import FIRST, SECOND, pair
from tests.synthetic import ADAPTER, BASE, record


@pytest.fixture(autouse=True)
def project(folder_outside_ci: Path) -> Path:
    return folder_outside_ci


def store(*runs: RunRecord) -> None:
    for run in runs:
        write_run(run, Path("reports/runs"))


def harness(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


@pytest.mark.parametrize(
    ("flips", "code", "first"),
    [
        ({"broke": 14, "fixed": 4}, 1, "REGRESSION: format_success_rate fell from 98.7% to 95.3%"),
        ({"fixed": 200}, 0, "PASS: format_success_rate rose from 33.3% to 100.0%"),
        ({"broke": 3, "fixed": 1}, 10, "INCONCLUSIVE: format_success_rate fell"),
    ],
)
def test_the_exit_code_and_the_first_sentence(flips: dict[str, int], code: int, first: str) -> None:
    store(*pair(300, **flips))
    result = harness("gate", FIRST, SECOND)
    assert result.exit_code == code
    assert result.output.startswith(first)
    assert "The smallest drop that 300 cases show with 80% power" in result.output


def test_thirty_cases_with_no_flip_say_that_149_are_needed() -> None:
    store(*pair(30))
    result = harness("gate", FIRST, SECOND)
    assert result.exit_code == 10
    assert "149 cases with no flip would decide it, 119 more" in result.output


def test_unlike_runs_are_refused_and_may_be_allowed() -> None:
    before, after = pair(300)
    task = replace(after.tasks[0], schema_sha256="0" * 64)
    store(before, replace(after, tasks=(task,)))
    result = harness("gate", FIRST, SECOND)
    assert result.exit_code == 11
    assert result.output == (
        "NOT COMPARABLE: json_extraction: the JSON Schema is another one.\n"
        '  To compare all the same: --allow schema, or allow = ["schema"] in [tool.harness.gate]\n'
    )
    assert harness("compare", FIRST, SECOND).exit_code == 11
    allowed = harness("gate", FIRST, SECOND, "--allow", "schema")
    assert allowed.exit_code == 0
    assert "Allowed to differ: json_extraction: the JSON Schema" in allowed.output


def test_a_partial_run_is_refused() -> None:
    before, after = pair(300)
    store(before, replace(after, status="partial"))
    assert harness("gate", FIRST, SECOND).exit_code == 11


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument"),
        (["a", "b", "c"], "3 runs: name two"),
        (["nothing", SECOND], "run 'nothing': neither a folder"),
        ([SECOND], "holds one model, name what to compare it with"),
        ([FIRST, SECOND, "--margin", "2"], "2.0 is not in the range"),
        ([FIRST, SECOND, "--margin", "0"], "--margin: Input should be greater than 0"),
        ([FIRST, SECOND, "--allow", "all"], "'all' is not one of"),
        ([FIRST, SECOND, "--after", "else"], "model 'else' is not in run"),
    ],
)
def test_mistakes_are_exit_code_2(arguments: list[str], message: str) -> None:
    store(*pair(30))
    result = harness("gate", *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_the_policy_comes_from_the_project_and_flags_go_before() -> None:
    store(*pair(100))
    Path("pyproject.toml").write_text("[tool.harness.gate]\nmargin = 0.05\n")
    assert harness("gate", FIRST, SECOND).exit_code == 0
    assert harness("gate", FIRST, SECOND, "--margin", "0.01").exit_code == 10
    Path("pyproject.toml").write_text("[tool.harness.gate]\nmargn = 0.05\n")
    result = harness("gate", FIRST, SECOND)
    assert result.exit_code == 2
    assert "gate.margn: unknown key, did you mean 'margin'?" in result.output


def test_the_flags_name_what_the_policy_knows() -> None:
    assert (ALLOWABLE, SCOPES) == (OF_THE_POLICY, SCOPES_OF_THE_POLICY)


def test_noise_is_measured_by_a_run_of_the_same_model() -> None:
    """Five cases broke where nine flip with nothing changed: as if two more flipped each way."""
    before, after = pair(300, broke=5)
    store(before, after)
    assert harness("gate", FIRST, SECOND).exit_code == 1
    again = pair(300, broke=9, fixed=0)[1]
    store(replace(again, id="20261118-080000-cccc"))
    result = harness("gate", FIRST, SECOND, "--noise", "20261118")
    assert result.exit_code == 10
    assert result.output.startswith("INCONCLUSIVE: format_success_rate fell from 100.0% to 98.3%")
    assert "Noise: 3.0% of the cases flip" in result.output
    assert harness("gate", FIRST, SECOND, "--noise", "nothing").exit_code == 2


def test_two_models_of_one_run() -> None:
    store(record(60))
    assert harness("gate", "latest").exit_code == 0
    assert harness("gate", "latest", "--before", ADAPTER, "--after", BASE).exit_code == 1


def test_causes_come_before_the_statistics_and_the_ids() -> None:
    store(*pair(300, broke=14, fixed=4, failing=2))
    lines = harness("gate", FIRST, SECOND).output.splitlines()
    assert lines[0].startswith("REGRESSION: format_success_rate fell")
    assert lines[1] == "  14 broke:"
    assert lines[2].startswith("    14 do not parse  pay-00")
    assert lines[3] == "  2 still fail:"
    names = next(i for i, line in enumerate(lines) if line.startswith("  broke (14): "))
    assert names > next(i for i, line in enumerate(lines) if "smallest drop" in line) > 4
    [task] = json.loads(harness("gate", FIRST, SECOND, "--json").output)["tasks"]
    [causes] = task["causes"]
    assert causes["behavior"] == "format_success_rate"
    [broke] = causes["broke"]
    assert broke["count"] == len(broke["cases"]) == 14
    assert broke["example"] == broke["cases"][0]
    assert (broke["words"], broke["code"], broke["path"]) == ("do not parse", "syntax", None)
    assert broke["behaviors"] == ["json_validity"]


def test_a_run_against_itself_is_a_mistake() -> None:
    store(*pair(300, broke=14))
    itself = harness("gate", FIRST, FIRST)
    assert itself.exit_code == 2
    assert f"run {FIRST}: run the suites on what changed" in itself.output
    assert "same answers" not in harness("gate", FIRST, SECOND).output
    assert harness("baseline", "save", "main", SECOND).exit_code == 0
    ledger = sorted(Path("reports").rglob("*"))
    not_run_again = harness("gate", "main", "latest")
    assert (not_run_again.exit_code, "same answers" in not_run_again.output) == (2, True)
    assert sorted(Path("reports").rglob("*")) == ledger, "no decision was entered"


def test_a_file_that_could_not_be_written_is_found_before_the_decision() -> None:
    store(*pair(40, broke=1))
    for option in ("--comment", "--junit"):
        result = harness("gate", FIRST, SECOND, option, "no/where")
        assert (result.exit_code, result.output) == (
            2, f"harness: {option} no/where: there is no folder no, make it first\n",
        )  # fmt: skip


def test_the_decision_as_json() -> None:
    store(*pair(300, broke=14, fixed=4))
    found = json.loads(harness("gate", FIRST, SECOND, "--json").output)
    assert (found["outcome"], found["exit_code"]) == ("regression", 1)
    (task,) = found["tasks"]
    assert task["composite"]["broke"] == 14
    assert len(task["regressed"]) == 14
    assert found["policy"]["margin"] == 0.02
    assert (task["new_wordings"], task["unjudged"], found["all_tasks"]) == (None, [], None)


def test_what_a_pipeline_reads(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project / "summary.md"))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    store(*pair(300, broke=14, fixed=4))
    cases = project / "fixtures/tasks/json_extraction/cases.jsonl"
    cases.parent.mkdir(parents=True)
    cases.write_text("".join(json.dumps({"id": f"pay-{i:04}"}) + "\n" for i in range(1, 301)))
    result = harness("gate", FIRST, SECOND, "--comment", "comment.md", "--junit", "junit.xml")
    assert result.exit_code == 1
    assert "REGRESSION" in (project / "summary.md").read_text("utf-8")
    assert len((project / "comment.md").read_text("utf-8")) < 65_536
    suites = ElementTree.parse(project / "junit.xml").getroot()
    assert suites.get("failures") == "15"
    commands = [line for line in result.stderr.splitlines() if line.startswith("::")]
    assert len(commands) == 10
    assert commands[0].startswith("::error title=harness gate::REGRESSION: ")
    for command in commands[1:]:
        number = int(command.partition("title=json_extraction pay-")[2][:4])
        place = f"file=fixtures/tasks/json_extraction/cases.jsonl,line={number},"
        assert command.startswith(f"::error {place}")


def test_compare_lists_every_change_and_decides_nothing() -> None:
    before, after = pair(40, broke=3, fixed=2)
    store(before, after)
    result = harness("compare", FIRST, SECOND)
    assert result.exit_code == 0
    assert "REGRESSION" not in result.output
    assert "broke (3): pay-0001, pay-0002, pay-0003" in result.output
    assert "fixed (2): pay-0004, pay-0005" in result.output
    assert "before  38 passed, 2 failed" in result.output
    assert "  3 broke:\n    3 do not parse  pay-00" in result.output
    content = json.loads(harness("compare", FIRST, SECOND, "--json").output)
    assert len(content["comparisons"][0]["cases"]) == 40


def test_missing_cases_are_listed() -> None:
    before, after = pair(40)
    store(before, replace(after, samples=after.samples[2:]))
    result = harness("compare", FIRST, SECOND, "--allow", "cases")
    assert "only before (2): pay-0001, pay-0002" in result.output


def test_baselines_are_saved_listed_shown_and_gated_against() -> None:
    before, after = pair(300, broke=14)
    again = replace(before, id="20261119-090000-cccc")
    store(before, after, again)
    result = harness("baseline", "save", "main", FIRST)
    assert result.exit_code == 0
    assert result.output.startswith("baseline: reports/baselines/main.json (")
    assert harness("baseline", "save", "main", FIRST).exit_code == 2
    assert harness("baseline", "save", "main", FIRST, "--replace").exit_code == 0
    listed = harness("baseline", "list").output
    assert listed.startswith("main  saved 20")
    assert ADAPTER in listed
    shown = harness("baseline", "show", "main").output
    assert "format_success_rate" in shown
    assert harness("gate", "main", SECOND).exit_code == 1
    assert harness("gate", "main", again.id).exit_code == 0
    assert harness("gate", again.id, "main").exit_code == 0
    assert harness("baseline", "show", "mian").exit_code == 2


def test_no_baselines() -> None:
    assert "make one: harness baseline save NAME" in harness("baseline", "list").output


def test_saving_an_unknown_model_is_a_mistake() -> None:
    store(record(12))
    result = harness("baseline", "save", "main", "--model", "else")
    assert result.exit_code == 2
    assert "--model else: not one model of run" in result.output
    assert harness("baseline", "save", "main", "--model", "tiny").exit_code == 0


def test_history_is_a_line_of_bars() -> None:
    before, after = pair(40, broke=4)
    store(before, after, replace(before, id="20261121-080000-cccc", status="partial"))
    result = harness("history")
    assert result.output.splitlines() == [
        "json_extraction  adapter:out/json_extraction  format_success_rate",
        f"  █▁  100.0% -> 90.0%  (2 runs, latest {SECOND})",
    ]
    assert "p95" not in harness("history", "latency_budget").output
    result = harness("history", "nothing")
    assert result.exit_code == 2
    assert "nothing: no run under reports/runs has it so" in result.output
