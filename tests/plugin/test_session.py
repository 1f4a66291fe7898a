"""The process of the model that is asked first is there before collection has ended, if at all.

Every process that a session starts is written down by a hook of Python's own; what is left of them
is looked for by a variable of their environment.
"""

import signal

import psutil
import pytest

from tests.models import TINY_QWEN2
from tests.patience import PATIENCE
from tests.project import GOOD, Project

CONFTEST = """
import os, signal, sys, psutil, pytest

def note(text):
    with open("noted", "a") as file:
        file.write(text + "\\n")

def heard(event, arguments):
    if event == "subprocess.Popen" and "harness.engine.worker" in arguments[1]:
        note("process")

sys.addaudithook(heard)

@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems():
    note(f"collected beside {len(psutil.Process().children())}")
    ACTION
"""
MODEL = f"base:{TINY_QWEN2}"


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    project.bundled_suite("test_json_validity.py")
    project.write("conftest.py", CONFTEST.replace("ACTION", "pass"))
    return project


def run(project: Project, *arguments: str):
    """The session's outcome, what it noted, and its processes that are still there."""
    mark = str(project.root)
    outcome = project.pytest(*arguments, HARNESS_TEST_MARK=mark)
    noted = project.root / "noted"
    return outcome, noted.read_text().splitlines() if noted.is_file() else [], left(mark)


def left(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("HARNESS_TEST_MARK") == mark:
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_the_first_models_process_is_started_before_collection_ends_and_used(project):
    stored = project.store(GOOD)
    outcome, noted, alive = run(project, "suites", "--model", MODEL, "--model", stored)
    assert outcome.counts() == {"failed": 1, "passed": 1}
    # One process: the first answered for itself, and the stored run answers in pytest's own.
    assert noted == ["process", "collected beside 1"]
    assert alive == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("suites", "--model", MODEL, "--collect-only"),
        ("suites", "--model", MODEL, "--setup-plan"),
        ("suites", "--model", MODEL, "--fixtures"),
        ("suites", "--model", MODEL, "--help"),
        ("suites", "--model", MODEL, "--model", "base:none"),
        ("suites", "--model", MODEL, "--task", "none"),
        ("suites", "--model", MODEL, "--case", "none"),
        ("plain", "--model", MODEL),
    ],
    ids=" ".join,
)
def test_nothing_is_started_where_no_model_will_be_asked(project, arguments):
    project.write("plain/test_plain.py", "def test_plain(): pass")
    _, noted, alive = run(project, *arguments)
    assert "process" not in noted
    assert alive == []


def test_a_stored_run_needs_no_process(project):
    outcome, noted, alive = run(project, "suites", "--model", project.store(GOOD))
    assert outcome.counts() == {"passed": 1}
    assert noted == ["collected beside 0"]
    assert alive == []


def test_a_mistake_found_while_collecting_leaves_no_process(project):
    project.suite("import nonesuch")
    outcome, noted, alive = run(project, "suites", "--model", MODEL)
    assert (outcome.code, noted.count("process"), alive) == (2, 1, [])


def test_a_model_whose_tests_are_all_deselected_leaves_no_process(project):
    stored = project.store(GOOD)
    models = ("--model", MODEL, "--model", stored)
    outcome, noted, alive = run(project, "suites", *models, "-k", "record")
    assert outcome.counts() == {"passed": 1, "deselected": 1}
    assert noted == ["process", "collected beside 1"]
    assert alive == []


def test_ctrl_c_while_collecting_leaves_no_process(project):
    action = "os.kill(os.getpid(), signal.SIGINT)"
    project.write("conftest.py", CONFTEST.replace("ACTION", action))
    outcome, noted, alive = run(project, "suites", "--model", MODEL)
    assert (outcome.code, noted, alive) == (2, ["process", "collected beside 1"], [])


def test_a_prewarmed_process_ends_with_a_session_that_is_killed(project):
    action = "os.kill(os.getpid(), signal.SIGKILL)"
    project.write("conftest.py", CONFTEST.replace("ACTION", action))
    outcome, noted, alive = run(project, "suites", "--model", MODEL)
    assert (outcome.code, noted) == (-signal.SIGKILL, ["process", "collected beside 1"])
    # It ends itself when it finds that nobody is left to answer to, once an import lets it.
    assert psutil.wait_procs(alive, timeout=PATIENCE)[1] == []
