"""What a session runs, and how it goes along with pytest's own options."""

import xml.etree.ElementTree as ET

import pytest

from tests.project import FENCED, GOOD, WORDS, json_project

SHOUTS = """
def test_is_short(completion):
    assert len(completion.text) < 9, "longer than 8 characters"
"""


@pytest.fixture
def project(tmp_path):
    return json_project(tmp_path)


# Choosing


def test_limit_case_and_task_choose(project):
    project.task("other")
    model = project.store()
    assert len(_samples(project, model, "--task", "echo", "--limit", "3")) == 3
    assert _samples(project, model, "--task", "echo", "--case", "bee") == ["bee"]
    assert all(run.tasks[0].selected for run in project.runs())


def _samples(project, model, *arguments):
    before = len(project.runs())
    outcome = project.pytest("suites", "--model", model, *arguments)
    assert outcome.code == 0, outcome.out + outcome.err
    return [s.case_id for s in project.runs()[before].samples]


def test_what_templates_are_told_is_the_tasks_and_the_command_line_goes_before(project):
    file = project.root / "tasks/echo/task.yaml"
    file.write_text(file.read_text() + "template: {enable_thinking: true, effort: low}\n")
    project.pytest("suites", "--model", project.store(), "--template-arg", "enable_thinking=false")
    (run,) = project.runs()
    assert run.tasks[0].template == {"enable_thinking": False, "effort": "low"}
    assert "answered another prompt" in run.samples[0].completion.error, "it belongs to the hash"


def test_an_argument_that_is_none_is_a_mistake_in_the_call(project):
    outcome = project.pytest("suites", "--model", project.store(), "--template-arg", "thinking")
    assert outcome.code == 4
    assert "ERROR: --template-arg thinking: expected name=value" in outcome.err


def test_without_a_model_the_settings_models_are_run_and_said_so(project):
    project.write(
        "pyproject.toml",
        f'[tool.harness]\ntasks_dir = "tasks"\nmodels = ["{project.store()}"]\n',
    )
    outcome = project.pytest("suites")
    assert outcome.counts() == {"passed": 2}
    assert "No --model: the models of [tool.harness] were run: record:stored/stored" in outcome.out


def test_a_setting_may_keep_a_model_to_some_tasks(project):
    project.task("other")
    setting = f'models = [{{ref = "{project.store()}", tasks = ["echo"]}}]'
    project.write("pyproject.toml", f'[tool.harness]\ntasks_dir = "tasks"\n{setting}\n')
    assert project.pytest("suites").counts() == {"passed": 2}


def test_per_case_is_one_test_for_each_case(project):
    answers = {**dict.fromkeys(WORDS, GOOD), "bee": FENCED}
    model = project.store(answers)
    outcome = project.pytest("suites", "--per-case", "--model", model)
    assert outcome.counts() == {"failed": 2, "passed": 6}
    assert f"test_no_extra_text[echo-{model}-bee]" in outcome.out
    (rate,) = [r for r in project.run().results if r.behavior == "no_extra_text"]
    assert (rate.passed, rate.failed) == (3, 1)
    again = project.pytest("suites", "--per-case", "--model", model, "--lf")
    assert again.counts() == {"failed": 2}
    assert len(project.runs()[1].samples) == 1


def test_the_report_dir_is_where_the_record_goes(project):
    project.pytest("suites", "--model", project.store(), "--report-dir", "elsewhere")
    assert not (project.root / "reports").exists()
    assert len([*(project.root / "elsewhere").iterdir()]) == 1


# Like any pytest project


def test_keywords_select_behaviors_and_the_composite_needs_all_that_are_required(project):
    outcome = project.pytest("suites", "--model", project.store(), "-k", "json_validity")
    assert outcome.counts() == {"passed": 1, "deselected": 1}
    assert [r.behavior for r in project.run().results] == ["json_validity"]


def test_exitfirst_stops_and_the_record_is_partial(project):
    outcome = project.pytest("suites", "-x", "--model", project.store("no json"))
    assert outcome.counts() == {"failed": 1}
    assert project.run().status == "partial"


def test_last_failed_runs_what_failed(project):
    model = project.store(FENCED)
    project.pytest("suites", "--model", model, "-k", "no_extra_text")
    assert project.pytest("suites", "--model", model, "--lf").counts()["failed"] == 1


def test_junit_has_the_numbers_of_a_behavior(project):
    project.pytest("suites", "--model", project.store(), "--junitxml", "junit.xml")
    root = ET.parse(project.root / "junit.xml").getroot()
    found = [
        {p.get("name"): float(p.get("value")) for p in case.iter("property")}
        for case in root.iter("testcase")
    ]
    low = found[0]["interval_low"]
    numbers = {"rate": 1.0, "interval_low": low, "interval_high": 1.0}
    assert found == [{**numbers, "n": 4, "errors": 0, "budget": 0.75}] * 2
    assert 0.3 < low < 0.5


@pytest.mark.slow
def test_a_session_without_pytests_own_output_is_judged_and_recorded(project):
    outcome = project.pytest("suites", "--model", project.store(FENCED), "-p", "no:terminal")
    assert outcome.code == 1, outcome.err
    assert {r.failed for r in project.run().results} == {4}


SLOW_MODEL = """
import time
from harness.run.session import Run

answer = Run.answer

def slow_answer(run, ref):
    if not run.answers.models:
        time.sleep(3)
    return answer(run, ref)

Run.answer = slow_answer
"""


@pytest.mark.slow
def test_the_time_of_answering_is_nobodys_set_up(project):
    (project.root / "conftest.py").write_text(SLOW_MODEL)
    project.pytest("suites", "--model", project.store(), "--junitxml", "junit.xml")
    root = ET.parse(project.root / "junit.xml").getroot()
    assert float(root.find("testsuite").get("time")) > 3
    assert all(float(case.get("time")) < 3 for case in root.iter("testcase"))


def test_junit_has_the_reason(project):
    project.pytest("suites", "--model", project.store(FENCED), "--junitxml", "junit.xml")
    root = ET.parse(project.root / "junit.xml").getroot()
    failure = root.find(".//testcase[@classname='suites.test_no_extra_text']/failure")
    assert failure is not None
    assert failure.get("message", "").startswith("no_extra_text: 0 of 4 completions pass")


def test_an_xfail_is_an_xfail(project):
    project.suite("import pytest\n@pytest.mark.xfail(strict=True)\n" + SHOUTS.strip())
    outcome = project.pytest("suites/test_own.py", "--model", project.store())
    assert outcome.counts() == {"xfailed": 1}


def test_no_summary_leaves_out_the_table(project):
    outcome = project.pytest("suites", "--no-summary", "--model", project.store())
    assert "json_validity  " not in outcome.out
    assert outcome.counts() == {"passed": 2}


def test_quiet_is_quiet(project):
    outcome = project.pytest("suites", "-q", "--model", project.store())
    assert outcome.err == ""
    assert outcome.out.startswith("..")
