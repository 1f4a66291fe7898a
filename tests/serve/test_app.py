"""The routes over real HTTP: OpenAI's protocol, tasks, errors in one shape, hostile bodies."""

import contextlib
import json
import socket

import pytest

from harness.core.completion import Completion, FinishReason
from harness.engine.fake_host import FakeHost
from harness.serve.guard import Access
from harness.serve.limits import Limits
from tests.patience import PATIENCE
from tests.serve.running import extract, running

KEY = "sk-serve-0123456789"


def test_a_chat_is_answered_in_openais_shape(server, answers):
    status, body = server.chat("word", max_tokens=12, seed=3)
    assert status == 200
    assert (body["object"], body["model"]) == ("chat.completion", "tiny")
    assert body["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "re: word", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    assert body["usage"] == {"prompt_tokens": 0, "completion_tokens": 8, "total_tokens": 8}
    (request,) = answers.requests
    assert request.sampling.max_new_tokens == 12
    assert request.sampling.temperature == 0


def test_a_completion_continues_a_text_that_no_template_renders(server, answers):
    status, body = server.post("/v1/completions", {"prompt": "once", "model": "tiny"})
    assert (status, body["choices"][0]["text"]) == (200, "re: once")
    assert answers.requests[0].is_rendered


def test_a_truncated_answer_says_so(server, answers):
    answers.texts = [Completion("abc", FinishReason.LENGTH)]
    assert server.chat()[1]["choices"][0]["finish_reason"] == "length"


def content(value):
    return {"messages": [{"role": "user", "content": value}]}


def test_a_message_may_be_parts_of_text(server, answers):
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert server.chat(**content(parts))[1]["choices"][0]["message"]["content"] == "re: one\ntwo"


@pytest.mark.parametrize("stop", ["word", ["x", "word"]])
def test_an_answer_ends_before_a_stop(server, answers, stop):
    answers.texts = [Completion("one word two", FinishReason.LENGTH)]
    choice = server.chat(stop=stop)[1]["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("one ", "stop")
    assert answers.requests[0].stop == tuple([stop] if isinstance(stop, str) else stop)


def with_schema(schema):
    return {"response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}


@pytest.mark.parametrize(
    ("asked", "schema"),
    [
        (with_schema({"type": "object", "title": "z"}), '{"type":"object","title":"z"}'),
        ({"response_format": {"type": "json_object"}}, '{"type":"object"}'),
        ({"response_format": {"type": "text"}}, None),
    ],
)
def test_a_response_format_is_the_grammar_of_its_answer(server, answers, asked, schema):
    pytest.importorskip("llguidance")
    assert server.chat(**asked)[0] == 200
    (request,) = answers.requests
    assert (request.grammar and request.grammar.schema) == schema


def test_equal_conversations_under_other_schemas_are_two_requests(server, answers):
    pytest.importorskip("llguidance")
    server.chat()
    server.chat(response_format={"type": "json_object"})
    assert len({request.key for request in answers.requests}) == 2


def test_a_model_that_is_not_decoded_here_takes_no_schema():
    with running(FakeHost(lambda ref, r: "{}"), is_constrainable=False) as one:
        status, body = one.chat(response_format={"type": "json_object"})
        assert (status, body["error"]["param"]) == (400, "response_format")
        assert "is not decoded here" in body["error"]["message"]


def events(raw):
    parts = [part.removeprefix("data: ") for part in raw.decode().split("\n\n") if part]
    assert parts.pop() == "[DONE]"
    return [json.loads(part) for part in parts]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
def test_an_answer_is_streamed(server, path):
    is_chat = "chat" in path
    asked = {"messages": [{"role": "user", "content": "é"}]} if is_chat else {"prompt": "é"}
    body = {**asked, "stream": True, "stream_options": {"include_usage": True}}
    status, headers, raw = server.send("POST", path, json.dumps(body))
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/event-stream")
    *parts, usage = events(raw)
    choices = [part["choices"][0] for part in parts]
    texts = [c["delta"].get("content", "") if is_chat else c["text"] for c in choices]
    assert "".join(texts) == "re: é"
    assert [c["finish_reason"] for c in choices] == [None] * (len(choices) - 1) + ["stop"]
    assert usage["usage"]["completion_tokens"] == 5


@pytest.mark.parametrize(
    ("change", "status", "reason", "param"),
    [
        ({"n": 2}, 400, "n is not supported", "n"),
        ({"logprobs": True}, 400, "logprobs is not supported", "logprobs"),
        ({"tools": [{"type": "function"}]}, 400, "tools is not supported", "tools"),
        ({"stop": ""}, 400, "at least 1 character", "stop.0"),
        ({"stop": ["a"] * 17}, 400, "at most 16", "stop"),
        ({"stop": [1]}, 400, "valid string", "stop.0"),
        ({"stop": {"a": 1}}, 400, "valid list", "stop"),
        ({"response_format": {"type": "grammar"}}, 400, "'json_object'", "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, 400, "belongs to", "response_format"),
        (with_schema({"uniqueItems": True}), 400, '"uniqueItems"', "response_format"),
        (with_schema({"$ref": "http://127.0.0.1:9/x"}), 400, "no grammar", "response_format"),
        (with_schema({"enum": ["\x00"] * 3_000}), 413, "more than", None),
        ({"presence_penalty": 0.5}, 400, "not supported", "presence_penalty"),
        ({"colour": 1}, 400, "colour is not supported", "colour"),
        ({"model": "gpt-4"}, 404, "this server has tiny", "model"),
        ({"max_tokens": 301}, 400, "above this server's limit of 300", "max_tokens"),
        ({"max_tokens": 0}, 400, "max_tokens", "max_tokens"),
        ({"max_tokens": "12"}, 400, "valid integer", "max_tokens"),
        ({"max_tokens": True}, 400, "valid integer", "max_tokens"),
        ({"max_tokens": 5, "max_completion_tokens": 6}, 400, "differ", None),
        ({"repetition_penalty": 1.1, "repeat_penalty": 1.2}, 400, "differ", None),
        ({"temperature": -1}, 400, "greater than or equal", "temperature"),
        ({"top_p": 0}, 400, "greater than", "top_p"),
        ({"seed": 2**70}, 400, "seed", "seed"),
        ({"messages": []}, 400, "at least 1 item", "messages"),
        ({"messages": "hi"}, 400, "valid list", "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400, "role", "messages.0.role"),
        (content(["x"]), 400, "part of type None", "messages.0.content"),
        (
            content([{"type": "image_url", "image_url": {}}]),
            400,
            "'image_url' is not supported",
            "messages.0.content",
        ),
        (content([{"type": "text", "text": 1}]), 400, "has a text", "messages.0.content"),
        (content([{"type": "text", "text": "x", "more": 1}]), 400, "nothing else", None),
        (content(None), 400, "valid string", "messages.0.content"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 400, "user's", "messages"),
        ({"chat_template_kwargs": {"messages": []}}, 400, "set by the harness", None),
    ],
)
def test_what_is_not_obeyed_is_refused_by_its_name(server, change, status, reason, param):
    found, body = server.chat(**change)
    error = body["error"]
    assert (found, set(error)) == (status, {"message", "type", "param", "code"})
    assert reason in error["message"]
    assert param is None or error["param"] == param


def test_a_whole_number_may_be_written_as_a_float(server, answers):
    assert server.chat(max_tokens=12.0)[0] == 200
    assert answers.requests[0].sampling.max_new_tokens == 12


def test_a_method_that_a_path_does_not_take_gets_those_that_it_takes(server):
    for method in ("PUT", "POST"):
        status, headers, _ = server.send(method, "/v1/models")
        assert (status, headers["allow"]) == (405, "GET")


def test_the_openapi_document_names_the_tasks_and_the_kinds_of_responses(server):
    paths = server.get("/openapi.json")[1]["paths"]
    (task,) = paths["/v1/tasks/{task}"]["post"]["parameters"]
    assert task["schema"]["enum"] == ["json_extraction"]
    chat = paths["/v1/chat/completions"]["post"]["responses"]["200"]["content"]
    assert {*chat} == {"application/json", "text/event-stream"}
    assert {*paths["/metrics"]["get"]["responses"]["200"]["content"]} == {"text/plain"}


def test_fields_that_change_nothing_are_accepted(server):
    neutral = {"n": 1, "min_p": 0.0, "top_k": 0, "repetition_penalty": 1.0, "logprobs": False}
    neutral |= {"repeat_penalty": 1.0, "skip_special_tokens": False, "stop": None, "tools": []}
    neutral |= {"reasoning_format": "none", "separate_reasoning": False, "logit_bias": None}
    assert server.chat(**neutral)[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"messages": NaN}',
        b'{"messages": 1e999}',
        b"[" * 10_000,
        b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
        b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
        b"9" * 5_000,
        b'{"messages": [], "messages": []}',
        b'{"stop": {"$ref": "x"}, "seed": -Infinity}',
    ],
    ids=range(14),
)
@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/v1/completions", "/v1/tasks/json_extraction"]
)
def test_a_hostile_body_is_400(server, path, body):
    status, answer = server.post(path, body)
    assert status == 400
    assert "error" in answer
    assert not any("Traceback" in str(entry) for entry in server.log)


def test_a_huge_body_is_413_before_it_is_read(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as one:
        one.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{"
        )
        assert one.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_huge_body_of_unstated_length_is_413(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as one:
        one.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            + (b"1000\r\n" + b" " * 4096 + b"\r\n")
            * 6
        )
        assert one.recv(4096).startswith(b"HTTP/1.1 413 ")


def spoken(server, sent: bytes, *, then_ends: bool = False) -> bytes:
    """All that the server says to raw bytes, until it closes the connection or has answered."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as one:
        with contextlib.suppress(OSError):  # It closed the connection already.
            one.sendall(sent)
            if then_ends:
                one.shutdown(socket.SHUT_WR)
        said = b""
        while b"\r\n\r\n" not in said and (more := one.recv(4096)):
            said += more
        return said


POST = b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        POST + b"X-Long: " + b"a" * 200_000 + b"\r\n\r\n",
        POST + b"X-Many: 1\r\n" * 20_000 + b"\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 1e3\r\n\r\n",
        POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n{}",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n",
        b"POST /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
        b"\x00" * 5_000,
    ],
    ids=range(10),
)
def test_bytes_that_are_no_request_are_400(server, sent):
    assert b" 400 " in spoken(server, sent).partition(b"\r\n")[0]
    assert server.get("/healthz")[0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        POST,
        POST + b"Content-Length: 50\r\n\r\n{",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}",
    ],
    ids=range(3),
)
def test_a_request_that_breaks_off_harms_nobody(server, sent):
    spoken(server, sent, then_ends=True)
    assert server.chat()[0] == 200


def test_a_body_that_comes_too_slowly_is_408():
    limits = Limits(body_seconds=0.05)
    with running(FakeHost(lambda ref, r: "x"), limits=limits) as one:
        assert spoken(one, POST + b"Content-Length: 50\r\n\r\n{").startswith(b"HTTP/1.1 408 ")


def test_headers_that_come_too_slowly_close_the_connection():
    limits = Limits(body_seconds=0.05)
    with running(FakeHost(lambda ref, r: "x"), limits=limits) as one:
        assert spoken(one, b"POST /v1/completions HTTP/1.1\r\nX-Slow: ") == b""
        whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        with socket.create_connection(("127.0.0.1", one.port), timeout=PATIENCE) as kept:
            kept.sendall(whole)
            said = b""
            while not said.endswith(b"}"):
                said += kept.recv(4096)
            kept.sendall(b"GET /heal")
            assert kept.recv(4096) == b""


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1/chat/completions", 405),
        ("GET", "/../../etc/passwd", 404),
        ("GET", "/v1/%2e%2e/%2e%2e/etc/passwd", 404),
        ("POST", "/v1/tasks/..%2fjson_extraction", 404),
        ("POST", "/v1/tasks/json_extraction%00", 404),
        ("POST", "/v1/tasks/other", 404),
        ("DELETE", "/v1/models", 405),
    ],
)
def test_a_path_that_is_none_is_an_error_in_the_same_shape(server, method, path, status):
    found, _, body = server.send(method, path, "{}" if method == "POST" else None)
    assert found == status
    assert json.loads(body)["error"]["message"]


def test_the_model_is_listed_and_the_server_is_ready(server):
    assert [m["id"] for m in server.get("/v1/models")[1]["data"]] == ["tiny"]
    assert server.get("/healthz")[0] == 200
    assert server.get("/readyz") == (200, {"status": "ready", "model": "tiny"})


def test_no_page_of_another_name_reaches_a_server_on_loopback():
    with running(FakeHost(lambda ref, r: "x"), access=Access(hosts=("127.0.0.1",))) as one:
        assert one.get("/v1/models")[0] == 200
        assert one.get("/v1/models", Host="evil.example:80")[0] == 403


def test_without_the_key_nothing_is_answered_but_the_two_probes():
    with running(FakeHost(lambda ref, r: "x"), access=Access(KEY)) as one:
        for path in ("/v1/models", "/metrics", "/openapi.json"):
            for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": KEY}):
                status, _, body = one.send("GET", path, **given)
                assert status == 401
                assert KEY not in body.decode()
        assert one.get("/healthz")[0] == one.get("/readyz")[0] == 200
        assert one.get("/v1/models", Authorization=f"Bearer {KEY}")[0] == 200


def test_the_numbers_hold_latency_tokens_rates_and_codes(server, answers):
    answers.texts = ["no JSON"]
    extract(server)
    numbers = server.send("GET", "/metrics")[2].decode()
    assert 'harness_request_seconds_count{route="/v1/tasks/{task}"}' in numbers
    assert 'harness_tokens_total{kind="completion"}' in numbers
    failed = 'behavior="json_validity",code="no_json",outcome="failed",task="json_extraction"'
    assert f"harness_verdicts_total{{{failed}}}" in numbers
    assert "harness_ready 1.0" in numbers


def test_the_log_has_no_prompts_unless_asked_for(server):
    path = "/v1/chat/completions"
    count = len(server.log.of(path, 0))
    server.chat("my secret word")
    assert server.log.of(path, count + 1)[-1]["status"] == 200
    assert "secret" not in json.dumps(server.log)
    with running(FakeHost(lambda ref, r: "said"), logs_prompts=True) as one:
        one.chat("my secret word")
    assert one.log[-1]["messages"] == [["user", "my secret word"]]
    assert one.log[-1]["answer"] == "said"
