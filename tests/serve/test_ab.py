"""Two models over real HTTP: who answers whom, what is logged, and what is never given away."""

import json
from contextlib import contextmanager
from dataclasses import replace

import pytest

from harness.ab.experiment import ARMS, Experiment
from harness.ab.log_folder import LogFolder, LogSettings
from harness.ab.reading import read_log
from harness.core.completion import Completion, FinishReason
from harness.core.modelref import ModelRef
from harness.engine.fake_host import FakeHost
from harness.serve.ab import AbServer
from harness.serve.app import Server, ServerSettings
from harness.tasks.task import load_task
from tests.models import TASKS
from tests.serve.running import GOOD, TEXT, LogLines, extract, serving

EXPERIMENT = Experiment("ab", ModelRef.parse("base:old"), ModelRef.parse("base:new"), split=50)
TASK = load_task(TASKS / "json_extraction")
BY_ARM = {
    arm: next(f"u{i}" for i in range(99) if EXPERIMENT.arm_of(f"u{i}") == arm) for arm in ARMS
}


@contextmanager
def experiment(folder, **settings):
    """A running experiment, and what each of its models says, by name."""
    said = {"old": GOOD, "new": '{"name": 1}'}
    lines = LogLines()
    arms = {
        arm: Server(
            ServerSettings(EXPERIMENT.ref(arm), tasks=[TASK], names=("old",)),
            FakeHost(lambda ref, request: said[ref.location]),
            lines.add,
        )
        for arm in ARMS
    }
    log = LogFolder(LogSettings(folder, **settings), lines.add)
    with serving(AbServer(EXPERIMENT, arms, log, lines.add), lines) as one:
        one.said = said
        yield one


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with experiment(tmp_path_factory.mktemp("ab")) as one:
        yield one


def logged(server, folder, *paths):
    """The log, once the requests to these paths have ended."""
    for path in {*paths}:
        server.log.of(path, paths.count(path))
    server.server.log.close()
    return read_log([folder]).entries


def chat(server, **headers):
    body = {"messages": [{"role": "user", "content": "hello"}]}
    return server.send("POST", "/v1/chat/completions", json.dumps(body), **headers)


@pytest.mark.parametrize("arm", ARMS)
def test_a_key_is_answered_by_its_arm_which_the_response_names(server, arm):
    for _ in range(3):
        status, headers, raw = chat(server, X_Harness_Key=BY_ARM[arm])
        assert (status, headers["x-harness-arm"], headers["x-harness-drawn-by"]) == (
            200,
            arm,
            "key",
        )
        assert json.loads(raw)["model"] == EXPERIMENT.ref(arm).name
    status, body = server.chat(user=BY_ARM[arm])
    assert body["model"] == EXPERIMENT.ref(arm).name


def test_without_a_key_each_request_is_drawn(server):
    drawn = [chat(server)[1] for _ in range(30)]
    assert {h["x-harness-drawn-by"] for h in drawn} == {"request"}
    assert {h["x-harness-arm"] for h in drawn} == {*ARMS}


def test_clients_ask_for_the_baselines_name_whichever_arm_answers(server):
    for arm in ARMS:
        assert server.chat(user=BY_ARM[arm], model="old")[0] == 200
        assert server.chat(user=BY_ARM[arm], model="new")[0] == 404
    assert [m["id"] for m in server.get("/v1/models")[1]["data"]] == ["old"]


CHAT, ASKED = "/v1/chat/completions", "/v1/tasks/json_extraction"


def ask(server, arm):
    body = json.dumps({"variables": {"text": TEXT}})
    return server.send("POST", ASKED, body, X_Harness_Key=BY_ARM[arm])


def test_the_log_has_a_line_for_each_answer_without_texts_and_keys(tmp_path):
    with experiment(tmp_path) as server:
        ask(server, "baseline")
        ask(server, "candidate")
        server.chat(user=BY_ARM["baseline"], n=2)
        extract(server, policy="never")
        body = {"prompt": "x", "stream": True, "user": "u"}
        server.send("POST", "/v1/completions", json.dumps(body))
        old, new, streamed = logged(server, tmp_path, ASKED, ASKED, ASKED, CHAT, "/v1/completions")
    assert (old.arm, old.status, old.model, old.task) == ("baseline", 200, "base:old", TASK.name)
    assert old.required == TASK.required
    assert old.outcome().value == "passed"
    assert (new.arm, new.status, new.outcome().value) == ("candidate", 422, "failed")
    assert (old.weights, old.finish_reason, old.policy) == ("0" * 64, "stop", "raw")
    assert None not in (old.key, new.key)
    assert old.key != new.key
    assert (streamed.status, streamed.finish_reason, streamed.task) == (200, "stop", "")
    raw = b"".join(f.read_bytes() for f in tmp_path.glob("*.jsonl"))
    assert not any(s.encode() in raw for s in (*BY_ARM.values(), "Ada", TEXT))


def test_a_log_with_texts_has_prompt_and_answer(tmp_path):
    with experiment(tmp_path, has_texts=True) as server:
        ask(server, "baseline")
        (line,) = logged(server, tmp_path, ASKED)
    assert line.text == GOOD
    assert TEXT in line.messages[-1].content


def test_a_dead_arm_answers_none_of_its_keys_and_neither_does_the_other(tmp_path):
    with experiment(tmp_path) as server:
        error = Completion("", FinishReason.ERROR, error="the process was killed")
        server.said["new"] = error
        status, headers, _ = chat(server, X_Harness_Key=BY_ARM["candidate"])
        assert (status, headers["x-harness-arm"]) == (500, "candidate")
        assert chat(server, X_Harness_Key=BY_ARM["baseline"])[0] == 200
        new, old = logged(server, tmp_path, CHAT, CHAT)
    assert (new.arm, new.status, new.is_owed) == ("candidate", 500, True)
    assert new.error == "the process was killed"
    assert not old.is_owed


@pytest.mark.parametrize("is_required", [True, False])
def test_while_the_log_cannot_be_written_a_required_one_stops_answers(server, is_required):
    log = server.server.log
    kept, log.settings = log.settings, replace(log.settings, is_required=is_required)
    log.problem = "No space left on device"
    status, body = server.chat()
    log.settings, log.problem = kept, None
    assert status == (503 if is_required else 200)
    if is_required:
        assert "log of the experiment cannot be written (No space" in body["error"]["message"]


def test_numbers_have_the_arm_as_a_label(server):
    before = len(server.log)
    chat(server, X_Harness_Key=BY_ARM["candidate"])
    server.post(CHAT, b"{")
    server.log.reach(before + 2)
    text = server.send("GET", "/metrics")[2].decode()
    counted = 'harness_requests_total{arm="candidate",route="/v1/chat/completions",status="200"}'
    assert counted in text
    assert 'harness_requests_total{arm="",route="other",status="400"}' in text
    assert 'harness_ready{arm="baseline"} 1.0' in text
    assert 'harness_ready{arm=""}' not in text
    status, ready = server.get("/readyz")
    assert (status, ready["baseline"], ready["candidate"]) == (200, "old", "new")


@pytest.mark.parametrize("key", ["x" * 513])
def test_a_long_key_is_refused(server, key):
    assert chat(server, X_Harness_Key=key)[0] == 400
    assert server.chat(user=key)[0] == 400
