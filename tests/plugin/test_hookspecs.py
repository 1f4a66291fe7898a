"""``pytest_harness_run_finished``: how a user's own plugin logs a run elsewhere."""

import json

import pytest

from tests.project import FENCED, GOOD, Project, json_project

LOG = """
import json

def pytest_harness_run_finished(config, record):
    rates = {r.behavior: r.rate for r in record.results}
    with open(config.rootpath / "log.jsonl", "a") as file:
        print(json.dumps([record.id, record.status, rates]), file=file)
"""


@pytest.fixture
def project(tmp_path) -> Project:
    project = json_project(tmp_path)
    project.write("conftest.py", LOG)
    return project


def logged(project: Project) -> list:
    file = project.root / "log.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_conftest_is_handed_the_record_that_is_written(project):
    done = project.pytest("suites", "--model", project.store())
    assert done.code == 0, done.out
    rates = {"format_success_rate": 1.0, "json_validity": 1.0, "no_extra_text": 1.0}
    assert logged(project) == [[project.run().id, "complete", rates]]


def test_it_is_handed_a_part_of_a_run_as_such(project):
    done = project.pytest("suites", "--model", project.store(FENCED), "-x")
    assert done.code == 1
    ((_, status, rates),) = logged(project)
    assert (status, rates) == ("partial", {"json_validity": 0.0})


def test_it_is_not_called_without_a_run(project):
    project.write("plain/test_plain.py", "def test_plain(): pass\n")
    for arguments in (
        ["plain"],
        ["suites", "--model", project.store(GOOD), "--collect-only"],
        ["suites", "--model", "bse:x"],
    ):
        project.pytest(*arguments)
    assert logged(project) == []


def test_an_error_in_it_ends_the_session_with_an_error_and_leaves_the_record(project):
    project.write("conftest.py", "def pytest_harness_run_finished(record):\n    1 / 0\n")
    done = project.pytest("suites", "--model", project.store())
    assert done.code not in (0, 5)
    assert "ZeroDivisionError" in done.out + done.err
    assert project.run().status == "complete"


def test_a_name_that_no_hook_has_is_told(project):
    project.write("conftest.py", "def pytest_harness_run_finishd(record): pass\n")
    done = project.pytest("suites", "--model", project.store())
    assert "unknown hook 'pytest_harness_run_finishd'" in done.out + done.err
