"""``pytest -n`` over behaviors: one line and exit code 4, whatever else was asked."""

import pytest

from tests.project import FENCED, Project, json_project

LINE = "ERROR: run without -n: cases are batched already"


@pytest.mark.parametrize("arguments", [["-n", "2"], ["-n", "1"], ["-n", "2", "--dist", "loadfile"]])
def test_behaviors_are_refused_and_leave_no_record(tmp_path, arguments):
    project = json_project(tmp_path)
    outcome = project.pytest("suites", "--model", project.store(FENCED), *arguments)
    assert outcome.code == 4
    assert outcome.out.count(LINE) == 1
    assert "Traceback" not in outcome.out + outcome.err
    assert project.runs() == []


def test_a_gate_is_refused_and_not_lost(tmp_path):
    project = json_project(tmp_path)
    model = project.store(FENCED)
    outcome = project.pytest("suites", "--model", model, "-n", "2", "--baseline", "main")
    assert outcome.code == 4
    assert LINE in outcome.out


def test_a_session_without_a_behavior_is_distributed(tmp_path):
    project = Project(tmp_path)
    project.suite("def test_sum():\n    assert 1 + 1 == 2\n")
    outcome = project.pytest("suites", "-n", "2")
    assert outcome.code == 0
    assert outcome.counts() == {"passed": 1}
    assert LINE not in outcome.out


def test_zero_workers_are_no_workers(tmp_path):
    project = json_project(tmp_path)
    outcome = project.pytest("suites", "--model", project.store(), "-n", "0")
    assert outcome.code == 0
    assert len(project.runs()) == 1
