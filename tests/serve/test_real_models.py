"""``harness serve`` as a user starts it, over the bundled adapter: answers, loss, shutdown."""

import http.client
import json
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psutil
import pytest

from harness import backends
from harness.core.modelref import ModelRef
from harness.engine.events import Answered
from harness.tasks.task import load_task
from tests.export.exporting import export_gguf
from tests.fork_server import end_with_parent
from tests.models import ROOT, TASKS, TINY_QWEN2
from tests.patience import PATIENCE
from tests.project import Project, clean_environment
from tests.serve.running import TEXT, Running

ADAPTER = f"adapter:{ROOT}/fixtures/models/tiny-qwen2-adapter+base={TINY_QWEN2}"
pytestmark = pytest.mark.slow


class Served(Running):
    """A server in a process of its own."""

    def __init__(self, process, port, lines):
        super().__init__(None, port, None, lines)
        self.process = process


@pytest.fixture
def serve():
    processes = []

    def start(*options, model=("--model", ADAPTER), **environment):
        command = [sys.executable, "-m", "harness", "serve", *model, "--port", "0"]
        command += ["--tasks-dir", str(TASKS), "--task", "json_extraction", *options]
        process = subprocess.Popen(
            command,
            env=clean_environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=end_with_parent,
        )
        opens, ready = process.stderr.readline(), process.stderr.readline()
        assert "serves" in ready, opens + ready
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True)
        reader.start()
        processes.append((process, reader))
        port = int(opens.partition("/v1")[0].rpartition(":")[2])
        return Served(process, port, lines)

    yield start
    for process, reader in processes:
        process.kill()
        process.wait()
        reader.join()
        process.stderr.close()
        process.stdout.close()


def test_a_run_over_the_server_has_the_answers_of_the_model_itself(serve, tmp_path):
    one = serve(HARNESS_SERVE_KEY="sk-1")
    project = Project(tmp_path)
    project.bundled_suite("test_json_validity.py")
    (tmp_path / "tasks/json_extraction").symlink_to(TASKS / "json_extraction")
    pattern = ["suites", "--task", "json_extraction", "-k", "json_validity", "-q", "--limit", "24"]
    for model in (ADAPTER, f"endpoint:{one.url}/v1"):
        project.pytest(*pattern, "--model", model, HARNESS_API_KEY="sk-1")
    own, served = (
        {s.case_id: (s.completion.text, s.completion.finish_reason, s.prompt_sha256)
         for s in run.samples}
        for run in project.runs()
    )  # fmt: skip
    assert len(own) == 24
    assert served == own


@pytest.mark.parametrize("engine", ["transformers", "llama.cpp"])
def test_answers_of_a_task_asked_together_are_those_of_the_suites(serve, tmp_path, engine):
    model = ADAPTER
    if engine == "llama.cpp":
        export_gguf(ADAPTER, tmp_path / "model.gguf", "f32")
        model = f"gguf:{tmp_path / 'model.gguf'}"
    task = load_task(TASKS / "json_extraction")
    cases = task.cases[:32]
    host = backends.host()
    own = {
        e.request.case_id: e.completion.text
        for e in host.answers(ModelRef.parse(model), task.requests(cases))
        if isinstance(e, Answered)
    }
    host.close()
    one = serve(model=("--model", model))

    def asked(case):
        body = {"variables": dict(case.variables)}
        return case.id, one.post("/v1/tasks/json_extraction", body)[1]["raw"]

    with ThreadPoolExecutor(8) as pool:
        assert dict(pool.map(asked, cases)) == own
    body = {"variables": dict(cases[0].variables), "policy": "constrained"}
    status, answer = one.post("/v1/tasks/json_extraction", body)
    assert (status, answer["verdicts"]["schema_types"]["outcome"]) == (200, "passed")


def test_a_process_that_dies_while_nothing_is_asked_is_not_ready_and_replaced(serve):
    one = serve()
    (worker,) = psutil.Process(one.process.pid).children()
    worker.kill()
    while (answer := one.get("/readyz"))[0] == 200:
        pass
    assert answer[0] == 503
    assert "was killed (SIGKILL)" in answer[1]["error"]["message"]
    while one.get("/readyz")[0] != 200:
        pass
    assert one.chat("Hello", max_tokens=4)[0] == 200


LONG = {
    "messages": [{"role": "user", "content": "Count."}],
    "max_tokens": 1500,
    "temperature": 3.0,
    "seed": 1,
    "stream": True,
}
"""Asks for an answer that takes some time."""


@contextmanager
def streaming(one):
    """The response to ``LONG``, once its text has begun."""
    connection = http.client.HTTPConnection("127.0.0.1", one.port, timeout=PATIENCE)
    headers = {"Content-Type": "application/json"}
    with closing(connection):
        connection.request("POST", "/v1/chat/completions", json.dumps(LONG), headers)
        response = connection.getresponse()
        assert response.status == 200
        assert b"content" in response.readline()
        yield response


def test_a_killed_process_is_told_and_the_next_request_is_answered(serve):
    one = serve()
    with streaming(one) as response:
        (worker,) = psutil.Process(one.process.pid).children()
        worker.kill()
        rest = response.read().decode()
    assert "was killed (SIGKILL)" in json.loads(rest.split("data: ")[-1])["error"]["message"]
    assert "[DONE]" not in rest
    assert one.chat("Hello", max_tokens=4)[0] == 200


def test_an_experiments_arms_are_two_processes_whose_answers_are_gated(serve, tmp_path):
    arms = ("--ab", f"baseline={ADAPTER}", f"candidate=base:{TINY_QWEN2}")
    one = serve("--log", str(tmp_path / "log"), model=arms)
    workers = psutil.Process(one.process.pid).children()
    assert len(workers) == 2
    workers[0].kill()
    keyed = [{"X_Harness_Key": f"u{number}"} for number in range(20)]
    arms = {ask(one, **key) for key in keyed}
    assert arms == {("baseline", 200), ("candidate", 422)}
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(60) == 0
    gate = ["gate", "--log", str(tmp_path / "log"), "--key-hours", "1e-6", "--min-cases", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "harness", *gate],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("REGRESSION: format_success_rate fell from 100.0% to 0.0%")
    assert done.returncode == 1


def ask(one, **headers):
    """The arm and the status of an answer."""
    body = json.dumps({"variables": {"text": TEXT}})
    status, said, _ = one.send("POST", "/v1/tasks/json_extraction", body, **headers)
    return said["x-harness-arm"], status


def test_sigterm_answers_what_was_asked_and_ends_with_exit_code_0(serve):
    one = serve()
    with streaming(one) as response:
        one.process.send_signal(signal.SIGTERM)
        assert response.read().endswith(b"data: [DONE]\n\n")
    assert one.process.wait(60) == 0


def test_a_streamed_answer_is_the_whole_one(serve):
    one = serve()
    body = {"messages": [{"role": "user", "content": "Name a color."}], "max_tokens": 300}
    whole = one.post("/v1/chat/completions", body)[1]["choices"][0]["message"]["content"]
    raw = one.send("POST", "/v1/chat/completions", json.dumps({**body, "stream": True}))[2]
    parts = [json.loads(p[6:]) for p in raw.decode().split("\n\n") if p and "[DONE]" not in p]
    assert "".join(p["choices"][0]["delta"].get("content", "") for p in parts) == whole


def test_a_prompt_longer_than_the_context_is_400(serve):
    one = serve()
    status, body = one.chat("word " * 20_000)
    assert status == 400
    assert "tokens, the model holds" in body["error"]["message"]


def test_a_model_that_does_not_open_ends_the_server_with_its_reason(tmp_path):
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    done = subprocess.run(
        [sys.executable, "-m", "harness", "serve", "--model", f"adapter:{folder}", "--port", "0"],
        env=clean_environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "harness: --model adapter:" in done.stderr
    assert "Traceback" not in done.stderr
