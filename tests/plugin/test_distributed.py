"""``pytest -n`` over behaviors: one record, equal to the one without it, whatever else is asked."""

import re
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from harness.files.cache_folder import STORE_VARIABLE
from harness.plugin.distributed import named_tests
from tests.models import TINY_QWEN2
from tests.patience import PATIENCE
from tests.project import FENCED, GOOD, Outcome, Project, clean_environment, json_project
from tests.same_record import comparable_runs

TWO = ("-n", "2")
ANSWERS = {"ant": GOOD, "bee": FENCED, "cat": GOOD, "dog": GOOD}
OWN = """
import os
import pytest

IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ

@pytest.mark.parametrize("n", range(6))
def test_sum(n):
    with open("workers.txt", "a") as file:
        file.write(f"{os.environ.get('PYTEST_XDIST_WORKER')}\\n")
    assert n + n == 2 * n

def test_place(completion):
    assert not IS_WORKER
"""
HOOK = """
def pytest_harness_run_finished(record):
    with open("finished.txt", "a") as file:
        file.write(record.status + chr(10))
"""


@pytest.fixture
def project(tmp_path):
    """Two bundled behaviors and one of the user's own, beside six tests that are none."""
    project = json_project(tmp_path)
    project.suite(OWN)
    project.write("conftest.py", HOOK)
    return project


def run(project: Project, *arguments: str, **environment: str) -> Outcome:
    return project.pytest("suites", *arguments, **environment)


def tables(outcome: Outcome) -> list[str]:
    """The terminal's lines from the table of behaviors on, without the run's id."""
    lines = re.sub(r"\b[0-9]{8}-[0-9]{6}-[0-9a-f]{4}\b", "ID", outcome.out).splitlines()
    first = next(i for i, line in enumerate(lines) if " behaviors " in line)
    return lines[first:-1]


def test_the_record_and_the_terminal_are_those_without_workers(project):
    model = project.store(ANSWERS)
    alone = run(project, "--model", model)
    (project.root / "workers.txt").unlink()
    distributed = run(project, "--model", model, *TWO)
    assert alone.code == distributed.code == 0, distributed.out
    assert alone.counts() == distributed.counts() == {"passed": 9}
    assert tables(alone) == tables(distributed)
    one, two = comparable_runs(project.root)
    assert one == two
    assert {*(project.root / "workers.txt").read_text().split()} == {"gw0", "gw1"}
    assert (project.root / "finished.txt").read_text() == "complete\ncomplete\n"


def test_a_mistake_is_told_once_and_no_test_runs(project):
    outcome = run(project, "--model", "record:stored/none", *TWO)
    assert outcome.code == 4
    told = [line for line in (outcome.out + outcome.err).splitlines() if "stored/none" in line]
    assert len(told) == 1, outcome.out + outcome.err
    assert "Traceback" not in outcome.out + outcome.err
    assert not (project.root / "workers.txt").exists()
    assert project.runs() == []


@pytest.mark.slow
def test_a_session_without_a_behavior_is_left_to_xdist(tmp_path):
    project = Project(tmp_path)
    project.suite("def test_sum():\n    assert 1 + 1 == 2\n")
    outcome = run(project, *TWO)
    assert outcome.code == 0
    assert outcome.counts() == {"passed": 1}
    assert "collected" not in outcome.out
    ungated = run(project, *TWO, "--baseline", "main")
    assert ungated.code == 4
    assert ungated.err.count("no behavior was collected") == 1


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("-n", "0"), ("-p", "no:xdist")])
def test_zero_workers_and_no_xdist_are_no_workers(project, arguments):
    assert run(project, "--model", project.store(), *arguments).code == 0
    assert "worker" not in (project.root / "workers.txt").read_text()
    assert len(project.runs()) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("-n", "1"),
        ("-n", "auto"),
        *(("-n", "3", "--dist", how) for how in ("loadscope", "loadfile", "loadgroup")),
        ("-n", "3", "--dist", "worksteal"),
        (*TWO, "--per-case"),
        (*TWO, "-k", "record and place"),
        (*TWO, "--case", "ant", "-v"),
        (*TWO, "-q", "-s"),
    ],
)
def test_each_way_to_distribute_and_to_choose_makes_the_same_record(project, arguments):
    model = project.store(ANSWERS)
    chosen = arguments[arguments.index("-n") + 2 :]
    alone = run(project, "--model", model, *(() if "--dist" in chosen else chosen))
    distributed = run(project, "--model", model, *arguments)
    assert (alone.code, alone.counts()) == (distributed.code, distributed.counts())
    one, two = comparable_runs(project.root)
    assert one == two


@pytest.mark.slow
def test_a_behavior_is_chosen_by_its_whole_id(project):
    ids = ["suites/test_own.py::test_place[echo-record:stored/stored]"]
    ids += ["suites/test_own.py::test_sum[3]"]
    project.store()
    model = ("--model", "record:stored/stored")
    outcome = project.pytest(*ids, *model, *TWO)
    assert outcome.code == 0, outcome.out + outcome.err
    assert outcome.counts() == {"passed": 2}
    assert {r.behavior for r in project.run().results} == {"place"}
    wrong = project.pytest(ids[0] + "x", *model, *TWO)
    assert wrong.code == 4
    assert (wrong.out + wrong.err).count("not found: ") == 1


def item(node_id: str, name: str, *fixtures: str) -> pytest.Item:
    """A collected test as far as a worker looks at it."""
    found: Any = SimpleNamespace(
        nodeid=node_id, name=name, parent=SimpleNamespace(nodeid="t.py"), fixturenames=fixtures
    )
    return found


def test_a_worker_keeps_the_named_tests_and_loses_none():
    """``--dist loadgroup`` adds a group to ids; a test without a name ran under another one."""
    behavior = item("t.py::test_b", "test_b", "completion", "harness_subject")
    one, two = item("t.py::test_1@group", "test_1"), item("t.py::test_2", "test_2")
    assert named_tests([behavior, one, two], ["t.py::test_1"]) == [one]
    assert named_tests([behavior, one, two], ["t.py::test_1", "t.py::test_3"]) == [one, two]


@pytest.mark.slow
def test_a_plan_is_written_once_and_no_test_runs(project):
    model, plan = ("--model", "endpoint:#some"), ("--plan-out", "plan.jsonl")
    outcome = run(project, *model, *plan, *TWO)
    assert outcome.code == 0
    assert outcome.out.count("plan: 4 requests in plan.jsonl") == 1
    assert len((project.root / "plan.jsonl").read_text().splitlines()) == 4
    assert not (project.root / "workers.txt").exists()


@pytest.mark.slow
def test_the_last_failed_are_those_that_failed_here_and_there(project):
    model = ("--model", project.store(FENCED))
    project.suite(OWN + "def test_never():\n    assert not IS_WORKER\n")
    assert run(project, *model, *TWO).counts() == {"failed": 3, "passed": 7}
    assert run(project, *model, *TWO, "--lf").counts() == {"failed": 3}
    project.suite(OWN)
    assert run(project, *model, *TWO, "--lf").counts() == {"failed": 2}
    (project.root / "workers.txt").unlink()
    project.store(GOOD)
    assert run(project, *model, *TWO, "--lf").counts() == {"passed": 2}
    assert not (project.root / "workers.txt").exists()


@pytest.mark.slow
def test_a_session_stops_at_its_first_failure_wherever_that_is(project):
    model = ("--model", project.store(FENCED))
    assert run(project, *model, *TWO, "-x").counts() == {"failed": 1, "passed": 6}
    assert project.run().status == "partial"
    project.suite(OWN + "@pytest.mark.parametrize('n', range(2))\ndef test_no(n):\n    assert 0\n")
    assert run(project, *model, *TWO, "-x").code == 2
    assert len(project.runs()) == 1
    stopped = run(project, *model, *TWO, "--maxfail", "3")
    assert stopped.counts()["failed"] == 3
    assert "stopping after 3 failures" in stopped.out
    assert len(project.runs()) == 2


@pytest.mark.slow
def test_what_cannot_be_collected_is_reported_once(project):
    project.suite("import pytest\npytest.skip('none', allow_module_level=True)\n", "test_skip.py")
    model = ("--model", project.store())
    assert run(project, *model, *TWO).counts() == {"passed": 9, "skipped": 1}
    project.suite("def test_x(:\n", "test_wrong.py")
    outcome = run(project, *model, *TWO)
    assert (outcome.code, outcome.counts()) == (2, {"skipped": 1, "error": 1})
    outcome = run(project, *model, *TWO, "--continue-on-collection-errors")
    assert (outcome.code, outcome.counts()) == (1, {"passed": 9, "skipped": 1, "error": 1})
    assert len(project.runs()) == 2


def junit_cases(project: Project, name: str) -> list[tuple[str, list[tuple[str, str]]]]:
    root = ElementTree.parse(project.root / name).getroot()
    cases = (
        (
            str(case.get("name")),
            [(p.attrib["name"], p.attrib["value"]) for p in case.iter("property")],
        )
        for case in root.iter("testcase")
    )
    return sorted(cases)


@pytest.mark.slow
def test_the_gate_decides_and_junit_is_whole(project):
    project.write(
        "conftest.py",
        HOOK + "import pytest\n@pytest.fixture(autouse=True)\ndef noted(record_property):\n"
        "    record_property('place', 'here')\n",
    )
    run(project, "--model", project.store(GOOD), "--run-id", "good")
    saved = subprocess.run(
        [sys.executable, "-m", "harness", "baseline", "save", "main", "good"],
        cwd=project.root,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert saved.returncode == 0, saved.stdout + saved.stderr
    gated = ("--model", project.store(ANSWERS, run="worse"), "--baseline", "main", "--no-ledger")
    alone = run(project, *gated, "--junitxml", "alone.xml")
    distributed = run(project, *gated, *TWO, "--junitxml", "distributed.xml")
    assert alone.code == distributed.code != 0
    assert tables(alone) == tables(distributed)
    assert "gate against main" in distributed.out
    assert junit_cases(project, "alone.xml") == junit_cases(project, "distributed.xml")


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_its_test_and_no_behavior(project):
    project.suite(OWN + "def test_dies():\n    os.kill(os.getpid(), 9)\n")
    model = ("--model", project.store())
    for restarts in ((), ("--max-worker-restart", "0")):
        outcome = run(project, *model, *TWO, *restarts)
        assert outcome.code == 1, outcome.out
        assert "crashed while running 'suites/test_own.py::test_dies'" in outcome.out
        assert outcome.counts()["failed"] == 1
    one, two = comparable_runs(project.root)
    assert one == two
    assert one["status"] == "complete"
    assert [r["behavior"] for r in one["results"]][-3:] == [
        "json_validity",
        "no_extra_text",
        "place",
    ]


COUNTED = """
import os, pathlib
from harness.engine.worker_process import WorkerProcess

start, messages, answered = WorkerProcess.__init__, WorkerProcess.messages, []

def counted(self, *arguments, **named):
    start(self, *arguments, **named)
    with open("opened.txt", "a") as file:
        file.write(f"{self.popen.pid}\\n")

def killing(self):
    for message in messages(self):
        yield message
        if message["kind"] == "answered":
            answered.append(message)
            if len(answered) == 3 and pathlib.Path("kill").exists():
                os.kill(os.getpid(), 9)

WorkerProcess.__init__, WorkerProcess.messages = counted, killing
"""


@pytest.mark.slow
def test_a_model_is_opened_once_and_a_killed_session_goes_on(project):
    shutil.copytree(TINY_QWEN2, project.root / "model")
    project.task("echo", words=[f"word{n}" for n in range(40)])
    project.write("conftest.py", COUNTED)
    model = ("--model", "base:model", "--device", "cpu", "--threads", "1", "--batch-tokens", "400")
    store = {STORE_VARIABLE: str(project.root / "cache")}
    opened, kill = project.root / "opened.txt", project.root / "kill"
    run(project, *model)
    opened.unlink()
    kill.touch()
    assert run(project, *model, *TWO, **store).code == -signal.SIGKILL
    kill.unlink()
    resumed = run(project, *model, *TWO, **store)
    assert "of 40 answers from the store" in resumed.out
    models = [int(number) for number in opened.read_text().split()]
    assert len(models) == 2
    assert not any(map(psutil.pid_exists, models))
    stored = run(project, *model, *TWO, **store)
    assert "40 of 40 answers from the store" in stored.out
    assert len(opened.read_text().split()) == 2
    runs = comparable_runs(project.root)
    whole = [r for r in runs if r["status"] == "complete"]
    assert len(whole) == 3
    assert whole[0] == whole[1] == whole[2]


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
    assert psutil.wait_procs(processes, timeout=PATIENCE)[1] == []
