"""A server that is asked for more than it can do, loses its model, or is left by its clients."""

import json
import socket
import threading

import pytest

from harness.core.completion import Completion, FinishReason
from harness.engine.fake_host import FakeHost
from harness.serve.asking import Asking
from harness.serve.batching import WARM_UP
from harness.serve.limits import Limits
from tests.patience import PATIENCE
from tests.serve.running import REF, running
from tests.serve.test_batching import ControlledHost, request


def together(*acts):
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    return threads


def test_a_full_queue_is_429_with_retry_after():
    host = ControlledHost()
    with running(host, limits=Limits(max_waiting=1)) as one:
        found = []
        threads = together(lambda: found.append(one.chat("a")))
        assert host.entered.acquire(timeout=PATIENCE)
        held = one.server.batching.submit(request("b"))
        status, headers, body = one.send(
            "POST", "/v1/chat/completions", '{"messages":[{"role":"user","content":"c"}]}'
        )
        assert (status, json.loads(body)["error"]["code"]) == (429, "queue_full")
        assert int(headers["retry-after"]) >= 1
        host.go.release(2)
        for thread in threads:
            thread.join(20)
        assert found[0][0] == 200
        assert held.result(20).text


def test_an_answer_that_takes_too_long_is_504():
    host = ControlledHost()
    with running(host, limits=Limits(seconds=0.1)) as one:
        assert one.chat()[0] == 504
        host.go.release(1)


@pytest.mark.parametrize("is_chat", [True, False])
def test_a_stream_that_takes_too_long_ends_with_an_error_and_no_done(is_chat, monkeypatch):
    left = iter([20.0])  # For the first text; none is left for the second.
    monkeypatch.setattr(Asking, "_seconds_left", lambda asking, entry: next(left, 0.0))
    host = ControlledHost()
    host.holds_after_text = True
    host.go.release(1)
    path = "/v1/chat/completions" if is_chat else "/v1/completions"
    asked = {"messages": [{"role": "user", "content": "x"}]} if is_chat else {"prompt": "x"}
    with running(host, limits=Limits(seconds=0.2)) as one:
        status, _, raw = one.send("POST", path, json.dumps({**asked, "stream": True}))
        *parts, last = [
            json.loads(p.removeprefix("data: ")) for p in raw.decode().split("\n\n")[:-1]
        ]
        host.go.release(1)
    assert status == 200
    choice = parts[0]["choices"][0]
    assert (choice["delta"]["content"] if is_chat else choice["text"]) == "re"
    assert last["error"]["message"] == "no whole answer within 0.2 s"


def test_a_model_that_is_lost_is_503_with_the_reason_and_the_next_request_is_answered():
    host = ControlledHost(lambda request: "fine")
    host.go.release(9)
    with running(host) as one:
        host.dies = _All()
        status, body = one.chat("a")
        assert status == 503
        assert body["error"]["message"] == "the backend's process was killed"
        host.dies = set()
        assert one.chat("b")[0] == 200
        numbers = one.send("GET", "/metrics")[2].decode()
        assert "harness_model_deaths_total 1.0" in numbers
        assert one.log[0] == {"event": "model_died", "reason": "the backend's process was killed"}


class _All:
    def __contains__(self, name):
        return name != WARM_UP.case_id


def test_a_prompt_that_does_not_fit_is_400_and_a_fault_of_the_model_500(server, answers):
    reason = "the prompt has 900 tokens, the model holds 64"
    answers.texts = [Completion("", FinishReason.ERROR, error=reason)]
    assert server.chat("long")[1]["error"]["message"] == reason
    assert server.chat("long")[0] == 400
    assert server.chat("long", stream=True)[0] == 400
    answers.texts = [Completion("", FinishReason.ERROR, error="RuntimeError: no")]
    assert server.chat("long")[0] == 500


def test_a_client_that_leaves_takes_its_request_out_of_the_queue():
    host = ControlledHost()
    with running(host) as one:
        threads = together(lambda: one.chat("first"))
        assert host.entered.acquire(timeout=PATIENCE)
        body = b'{"messages":[{"role":"user","content":"left"}]}'
        with socket.create_connection(("127.0.0.1", one.port), timeout=PATIENCE) as leaving:
            leaving.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json"
                b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
            while not one.server.batching.waiting:
                pass
        while one.server.batching.waiting:
            pass
        host.go.release(9)
        for thread in threads:
            thread.join(20)
        assert len(host.batches) == 1
        statuses = [e["status"] for e in one.log.of("/v1/chat/completions", 2)]
        assert statuses == [499, 200]


def test_a_shutdown_answers_what_it_began():
    host, found = ControlledHost(), []
    with running(host) as one:
        threads = together(lambda: found.append(one.chat("first")))
        assert host.entered.acquire(timeout=PATIENCE)
        one.uvicorn.should_exit = True
        host.go.release(1)
        for thread in threads:
            thread.join(20)
    assert [status for status, _ in found] == [200]
    assert host.is_closed


def test_a_model_that_does_not_open_is_not_ready_and_says_why():
    with running(FakeHost(lambda ref, r: "", unopened={REF: "no weights there"})) as one:
        status, body = one.get("/readyz")
        assert (status, body["error"]["message"]) == (503, "no weights there")
        assert one.get("/healthz")[0] == 200
        assert one.chat()[0] == 503
