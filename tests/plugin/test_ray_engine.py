"""``--engine ray``: what the command line may say, and whole runs on real clusters."""

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from harness import backends
from harness.core import extras
from harness.core.errors import HarnessError
from harness.core.extras import install
from harness.core.modelref import ModelRef
from harness.engine.model import EngineSettings, RaySettings
from harness.plugin import ray_engine
from tests.models import TINY_QWEN2
from tests.patience import PATIENCE
from tests.project import clean_environment, json_project
from tests.same_record import comparable_runs

NO_RAY = """
import sys


def pytest_unconfigure():
    assert "ray" not in sys.modules
"""
TINY = ("--model", "base:model", "--device", "cpu", "--threads", "1", "--batch-tokens", "200")
RAY = ("--engine", "ray", "--fresh", "--workers")
OPEN = {"RAY_AUTH_MODE": "disabled"}
"""A cluster without a token, which would be kept in the user's home."""
NOTED = """
import os
import signal
import psutil
from harness.engine.ray.workers import RayWorker

ask, batches = RayWorker.ask, []


def noted(self, method, *arguments):
    future = ask(self, method, *arguments)
    if method == "answer":
        batches.append(arguments[0])
        with open("asked.txt", "a") as file:
            file.writelines(request.key + chr(10) for request in arguments[0])
        if len(batches) == 4 and "KILL" in os.environ:
            node = psutil.Process(int(os.environ["KILL"]))
            for process in (*node.children(recursive=True), node):
                process.kill()
        if len(batches) == 4 and "CRASH" in os.environ:
            ours = psutil.Process().children(recursive=True)
            models = [p for p in ours if "harness.engine.worker" in p.cmdline()]
            models[0].send_signal(signal.SIGSEGV)
    return future


RayWorker.ask = noted
"""
INTERRUPTED = """
import os
import signal
from harness.engine.ray.workers import RayWorker

ask = RayWorker.ask


def interrupted(self, method, *arguments):
    if method == "answer":
        os.kill(os.getpid(), signal.SIGINT)
    return ask(self, method, *arguments)


RayWorker.ask = interrupted
"""
CLUSTER = """
import logging
import sys
from ray.cluster_utils import Cluster

logging.disable()
node = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
cluster = Cluster(initialize_head=True, head_node_args=node)
second = cluster.add_node(**node).all_processes["raylet"][0].process.pid
print(cluster.address, second, flush=True)
sys.stdin.read()
cluster.shutdown()
"""
NOTHING = dict.fromkeys(["engine", "workers", "ray_address", "device"])


def config(**options):
    named = (NOTHING | options).items()
    given = {f"--harness-{name.replace('_', '-')}": value for name, value in named}
    return SimpleNamespace(getoption=given.__getitem__)


@pytest.mark.parametrize(
    ("options", "mistakes"),
    [
        ({}, []),
        ({"engine": "ray", "workers": 2}, []),
        ({"workers": 2}, ["--workers: add --engine ray"]),
        ({"ray_address": "h:1"}, ["--ray-address: add --engine ray"]),
        (
            {"engine": "ray"},
            ["--engine ray: say how many copies of a model answer with --workers N"],
        ),
        (
            {"engine": "ray", "workers": 1, "device": "cuda:1"},
            ["--device cuda:1: Ray chooses the GPU of each worker, say --device cuda"],
        ),
        (
            {"engine": "ray", "workers": 1, "ray_address": "nowhere"},
            ["--ray-address nowhere: write HOST:PORT, as ray start prints it"],
        ),
    ],
)
def test_a_mistake_is_one_line(options, mistakes):
    assert [*ray_engine.mistakes(config(**options))] == mistakes


def test_without_ray_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert [*ray_engine.mistakes(config(engine="ray", workers=1, ray_address="h:1"))] == [
        f"--engine ray: ray is not installed, {install('ray')}"
    ]


def test_workers_are_a_setting_of_the_engine():
    assert ray_engine.settings_of(config()) is None
    found = ray_engine.settings_of(config(engine="ray", workers=2, ray_address="h:1"))
    assert found == RaySettings(2, "h:1")


def test_a_served_model_has_its_own_machines():
    pytest.importorskip("httpx2")
    settings = EngineSettings(ray=RaySettings(2))
    with pytest.raises(HarnessError, match="--engine ray is for models that are opened"):
        backends.preflight(ModelRef.parse("endpoint:http://localhost:1/v1#m"), settings)


def test_a_stored_run_joins_no_cluster(tmp_path):
    project = json_project(tmp_path)
    project.write("conftest.py", NO_RAY)
    done = project.pytest("suites", "--model", project.store(), "--engine", "ray", "--workers", "2")
    assert done.code == 0, done.out + done.err
    assert project.run().environment["engine"] == {"name": "ray", "workers": 2}


@pytest.mark.slow
def test_a_mistake_is_a_usage_error(tmp_path):
    project = json_project(tmp_path)
    done = project.pytest("suites", "--model", project.store(), "--workers", "2")
    assert done.code == 4
    assert done.err.strip() == "ERROR: --workers: add --engine ray"


@pytest.fixture
def project(tmp_path):
    """Forty cases in some ten batches, and the record of a run without Ray."""
    pytest.importorskip("ray")
    project = json_project(tmp_path)
    project.task("echo", words=[f"word{n}" for n in range(40)])
    shutil.copytree(TINY_QWEN2, tmp_path / "model")
    project.pytest("suites", *TINY)
    project.write("conftest.py", NOTED)
    return project


@pytest.fixture
def folder():
    """Where a local cluster has its files; the paths of its sockets must be short."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def cluster():
    """The address of a cluster of two nodes with a core each, and the process of the second."""
    pytest.importorskip("ray")
    command = [sys.executable, "-c", CLUSTER]
    environment = clean_environment(**OPEN)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            *_, address, node = process.stdout.readline().split()
            yield address, node
        finally:
            process.communicate(timeout=PATIENCE)


def records(project):
    """The runs, and what each says of Ray."""
    runs = comparable_runs(project.root)
    return runs, [run["environment"].pop("engine", None) for run in runs]


@pytest.mark.slow
def test_the_record_of_workers_is_that_of_a_process(project, folder):
    for workers in ("1", "2"):
        project.pytest("suites", *TINY, *RAY, workers, RAY_TMPDIR=str(folder))
    (alone, one, two), said = records(project)
    assert len(alone["samples"]) == 40
    assert alone["models"][0]["error"] is None
    assert one == alone
    assert two == alone
    assert said == [None, {"name": "ray", "workers": 1}, {"name": "ray", "workers": 2}]
    assert not [*folder.iterdir()]
    assert not processes_of(folder)


@pytest.mark.slow
def test_a_killed_node_loses_no_answer_and_only_its_batch_is_asked_again(project, cluster):
    address, node = cluster
    project.pytest("suites", *TINY, *RAY, "2", "--ray-address", address, KILL=node, **OPEN)
    (alone, killed), _ = records(project)
    assert not psutil.pid_exists(int(node)) or psutil.Process(int(node)).status() == "zombie"
    assert killed == alone
    asked = Counter((project.root / "asked.txt").read_text().split())
    assert len(asked) == 40
    assert max(asked.values()) == 2
    again = {key for key, times in asked.items() if times == 2}
    assert len(again) <= 8


@pytest.mark.slow
def test_a_model_that_crashes_in_a_worker_costs_no_more_than_its_batch(project, folder):
    project.pytest("suites", *TINY, *RAY, "2", CRASH="1", RAY_TMPDIR=str(folder))
    (alone, crashed), _ = records(project)
    assert len(crashed["samples"]) == 40
    errors = [s["completion"]["error"] for s in crashed["samples"] if s["completion"]["error"]]
    assert len(errors) <= 8
    assert all("crashed (SIGSEGV)" in error for error in errors)
    equal = [a == b for a, b in zip(alone["samples"], crashed["samples"], strict=True)]
    assert sum(equal) == 40 - len(errors)


@pytest.mark.slow
def test_an_interrupted_session_leaves_no_process(project, folder):
    project.write("conftest.py", INTERRUPTED)
    done = project.pytest("suites", *TINY, *RAY, "2", RAY_TMPDIR=str(folder))
    assert done.code == 2
    assert "KeyboardInterrupt" in done.out
    assert not [*folder.iterdir()]
    assert not processes_of(folder)


def processes_of(folder):
    """Processes of a local cluster that has its files in the folder."""
    found = psutil.process_iter(["cmdline"])
    return [p for p in found if str(folder) in " ".join(p.info["cmdline"] or ())]
