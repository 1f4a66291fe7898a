"""What a session leaves behind when it is interrupted or its backend dies.

Real models, real signals: a conftest in the project sends the signal when the model is at its
second batch, so that it always lands in the middle of a generation.
"""

import json

import pytest

from harness.core.completion import FinishReason
from tests.models import TINY_QWEN2
from tests.project import GOOD, Project

SEND = """
import os, signal
import psutil
from harness.engine.worker_process import WorkerProcess

messages, started = WorkerProcess.messages, []

def then_send(self):
    for message in messages(self):
        if message["kind"] == "started":
            started.append(message)
            if len(started) == 2:
                {action}
        yield message

WorkerProcess.messages = then_send
"""
KILL_BACKEND = "psutil.Process().children()[0].send_signal(signal.SIGKILL)"
CTRL_C = "os.kill(os.getpid(), signal.SIGINT)"
TERMINATED = "os.kill(os.getpid(), signal.SIGTERM)"
CASES = 300
"""Enough that the model is still at work when the first answer has come."""
SMALL_BATCHES = ("--batch-tokens", "64", "--threads", "1", "--device", "cpu")


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    project.task("echo", words=[f"word{n}" for n in range(CASES)])
    project.bundled_suite("test_json_validity.py")
    return project


def test_a_killed_backend_fails_the_session_and_leaves_the_other_models_results(project):
    project.write("conftest.py", SEND.format(action=KILL_BACKEND))
    stored = project.store(GOOD)
    models = ("--model", f"base:{TINY_QWEN2}", "--model", stored)
    outcome = project.pytest("suites", *models, *SMALL_BATCHES)
    assert outcome.code == 1, outcome.out
    assert outcome.counts() == {"failed": 1, "passed": 1}
    assert "was killed (SIGKILL)" in outcome.out
    run = project.run()
    assert run.status == "complete"
    killed, whole = run.results
    assert 0 < killed.errors < CASES
    assert (whole.passed, whole.met) == (CASES, True)


@pytest.mark.parametrize(
    "action", [CTRL_C, pytest.param(TERMINATED, marks=pytest.mark.slow)], ids=["ctrl-c", "sigterm"]
)
def test_a_session_that_is_ended_leaves_a_valid_partial_record(project, action):
    project.write("conftest.py", SEND.format(action=action))
    outcome = project.pytest("suites", "--model", f"base:{TINY_QWEN2}", *SMALL_BATCHES)
    assert outcome.code == 2
    run = project.run()
    assert run.status == "partial"
    assert 0 < len(run.samples) < CASES
    assert all(s.completion.finish_reason is not FinishReason.ERROR for s in run.samples)
    assert all(not s.verdicts for s in run.samples)
    assert "This run was interrupted" in outcome.out
    again = f"pytest suites --model record:reports/runs/{run.id}"
    assert f"judge the answers it has: {again}" in outcome.out


@pytest.mark.slow
def test_what_an_interrupted_session_answered_is_judged_without_errors(project):
    project.write("conftest.py", SEND.format(action=CTRL_C))
    project.pytest("suites", "--model", f"base:{TINY_QWEN2}", *SMALL_BATCHES)
    run = project.run()
    again = project.pytest("suites", "--model", f"record:{run.id}")
    assert again.code == 1, "an untuned model answers no JSON"
    replay = project.runs()[-1]
    (result,) = replay.results
    assert (result.passed + result.failed, result.errors) == (len(run.samples), 0)
    assert replay.status == "partial"
    lacking = f"its run was ended early and has {len(run.samples)} of {CASES} cases of echo"
    assert replay.models[0].warnings == (lacking,)
    assert "judge the answers it has" not in again.out


def test_a_model_that_does_not_open_leaves_the_other_models_results(project):
    broken = project.root / "broken"
    broken.mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (broken / name).write_bytes((TINY_QWEN2 / name).read_bytes())
    (broken / "model.safetensors").write_bytes(b"not safetensors")
    outcome = project.pytest("suites", "--model", "base:broken", "--model", project.store(GOOD))
    assert outcome.code == 1
    assert outcome.counts() == {"error": 1, "passed": 1}
    assert "base:broken: " in outcome.out
    run = json.loads(next((project.root / "reports/runs").glob("*/run.json")).read_text())
    assert [bool(m["error"]) for m in run["models"]] == [True, False]
