"""``pytest -n`` over behaviors: one line and exit code 4, whatever else was asked."""

import subprocess
import sys

import psutil
import pytest

from tests.project import FENCED, Project, clean_environment, json_project

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


STUCK = """
import os, pathlib, subprocess, sys
from harness.core import child_python

def test_stuck():
    waiting = "import time; time.sleep(600)"
    pathlib.Path("wait_for_ever.py").write_text(waiting)
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    child = subprocess.Popen(
        child_python.command("wait_for_ever"), env=child_python.environment(environment)
    )
    pathlib.Path("noted.txt").write_text(f"{os.getpid()} {child.pid}\\n")
    while True:
        child.wait()
"""


@pytest.mark.slow
def test_workers_and_their_children_end_with_a_controller_that_is_killed(tmp_path):
    """xdist's worker waits some seconds for its test, and our child half a second for the worker's
    end."""
    project = Project(tmp_path)
    project.suite(STUCK)
    arguments = ("suites", "-n", "1", "-p", "harness.pytest_plugin")
    with (tmp_path / "out.txt").open("w") as out:
        controller = subprocess.Popen(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=project.root,
            env=clean_environment(),
            stdout=out,
            stderr=out,
        )
    noted = tmp_path / "noted.txt"
    while not (noted.is_file() and noted.read_text().endswith("\n")):
        assert controller.poll() is None, (tmp_path / "out.txt").read_text()
    processes = [psutil.Process(int(number)) for number in noted.read_text().split()]
    controller.kill()
    controller.wait()
    assert psutil.wait_procs(processes, timeout=60)[1] == []
