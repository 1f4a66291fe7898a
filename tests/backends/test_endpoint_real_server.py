"""A served model over llama-cpp-python's own server, which the test starts on a GGUF file."""

import importlib.util
import socket
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from harness import backends
from harness.core.modelref import ModelRef
from harness.engine.events import Answered
from harness.engine.model import EngineSettings
from tests.fork_server import end_with_parent
from tests.project import clean_environment

PACKAGES = ("fastapi", "uvicorn", "sse_starlette", "starlette_context", "pydantic_settings")
KEY = "sk-local-0123456789"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(importlib.util.find_spec(name) for name in PACKAGES),
        reason="llama-cpp-python's server is not there, pip install 'llama-cpp-python[server]'",
    ),
]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def file(gguf_file):
    return gguf_file("merged", "q8_0")


@pytest.fixture(scope="module")
def url(file):
    port = free_port()
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(file)]
    command += ["--model_alias", "tiny", "--port", str(port), "--n_ctx", "2048"]
    command += ["--api_key", KEY, "--n_threads", "1"]
    with subprocess.Popen(
        command,
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=end_with_parent,
    ) as process:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "Uvicorn running" in line:
                break
        else:
            pytest.fail("".join(lines[-20:]))
        # The rest of its log is read, or the pipe would fill up and stop it.
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield f"http://127.0.0.1:{port}/v1"
        process.terminate()


@pytest.fixture
def asked(task):
    return list(task.requests(task.cases[:6]))


def completions(ref, requests, settings):
    ref = ModelRef.parse(ref)
    backends.preflight(ref, settings)
    events = list(backends.host(settings).answers(ref, requests))
    found = {e.request.key: e.completion for e in events if isinstance(e, Answered)}
    return found, events[-1].model


def served(url, requests, options=""):
    settings = EngineSettings(concurrency=2)
    return completions(f"endpoint:{url}#tiny{options}", requests, settings)


def test_greedy_answers_are_those_of_the_file(url, asked, file, monkeypatch):
    monkeypatch.setenv("HARNESS_API_KEY", KEY)
    found, record = served(url, asked)
    own, _ = completions(f"gguf:{file}", asked, EngineSettings())
    assert record.error is None
    assert {k: (c.text, c.finish_reason) for k, c in found.items()} == {
        k: (c.text, c.finish_reason) for k, c in own.items()
    }
    assert {k: c.prompt_tokens for k, c in found.items()} == {
        k: c.prompt_tokens for k, c in own.items()
    }


def test_a_timed_answer_is_streamed(url, asked, monkeypatch):
    monkeypatch.setenv("HARNESS_API_KEY", KEY)
    found, _ = served(url, [replace(asked[0], timed=True)])
    [completion] = found.values()
    assert completion.error is None
    assert 0 < completion.timing.first_token_seconds < completion.timing.seconds


def test_a_schema_is_believed_where_this_server_takes_it(url, asked, tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_API_KEY", KEY)
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object", "properties": {}, "additionalProperties": false}')
    found, record = served(url, asked[:1], f"+schema={schema}+schema_by=json_object")
    assert record.error is None
    assert [c.text.split() for c in found.values()] in ([["{}"]], [["{", "}"]])
    _, record = served(url, asked[:1], f"+schema={schema}")
    assert "try another +schema_by=" in record.error


def test_a_template_argument_is_refused_since_this_server_ignores_it(url, asked, monkeypatch):
    monkeypatch.setenv("HARNESS_API_KEY", KEY)
    told = [replace(r, template=(("enable_thinking", False),)) for r in asked]
    _, record = served(url, told)
    assert "ignores the template argument enable_thinking" in record.error


def test_without_the_key_the_server_refuses(url, asked, monkeypatch):
    monkeypatch.delenv("HARNESS_API_KEY", raising=False)
    found, record = served(url, asked)
    assert "set HARNESS_API_KEY" in (record.error or next(iter(found.values())).error)
