"""A served model: what is sent, what is believed, and how servers fail."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness import backends
from harness.core.case import Message
from harness.core.completion import FinishReason
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.core.tools import tools_text
from harness.engine.events import Answered, ModelClosed, Stepped
from harness.engine.model import INTERRUPTED, EngineSettings
from harness.engine.served import retries
from tests.faulty_server import (
    cut,
    cut_after,
    dripping,
    hanging,
    honest,
    raw,
    serving,
    status,
    streamed,
    with_body,
    with_choice,
)
from tests.models import TINY_QWEN2

KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(retries, "FIRST_SECONDS", 0.0)
    monkeypatch.delenv("HARNESS_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with serving() as running:
        yield running


def requests(count=1, **changes):
    return [
        Request("echo", f"case-{n}", (Message("user", f"word {n}"),), Sampling(16), **changes)
        for n in range(count)
    ]


def ask(server, asked=None, *, options="", urls=None, **settings):
    """Completions by case id, and the model's record."""
    location = ",".join(urls or [server.url])
    ref = ModelRef.parse(f"endpoint:{location}#{server.name}{options}")
    chosen = EngineSettings(**{"stall_seconds": 20.0, "concurrency": 4} | settings)
    backends.preflight(ref, chosen)
    events = list(backends.host(chosen).answers(ref, requests() if asked is None else asked))
    assert isinstance(events[-1], ModelClosed)
    found = {e.request.case_id: e.completion for e in events if isinstance(e, Answered)}
    return found, events[-1].model


def error_of(server, **more):
    found, record = ask(server, **more)
    return record.error or found["case-0"].error


def test_answers_come_raw_with_their_finish_reason_and_prompt_tokens(server):
    server.answer = lambda body: ' \n{"a": 1}<|x|>\u00e9 '
    found, record = ask(server, requests(3))
    assert [c.text for c in found.values()] == [' \n{"a": 1}<|x|>é '] * 3
    assert {c.finish_reason for c in found.values()} == {FinishReason.STOP}
    assert found["case-0"].prompt_tokens == 1
    assert (record.name, record.weights_sha256, record.peak_memory_mb) == ("tiny", None, None)
    assert record.is_served
    assert record.error is None


def test_every_request_is_answered_once_and_no_more_than_the_concurrency_at_a_time(server):
    found, _ = ask(server, requests(40), concurrency=3)
    assert {i: c.text for i, c in found.items()} == {
        f"case-{n}": f"re: word {n}" for n in range(40)
    }
    assert len(server.bodies) == 40
    assert server.most_in_flight <= 3


def test_decoding_is_said_in_every_request_whatever_the_server_defaults_to(server):
    sampling = Sampling(7, 0.5, 0.9, 5, 1.1, seed=3)
    [request] = [replace(r, sampling=sampling) for r in requests()]
    ask(server, [request])
    body = server.bodies[0]
    assert body["messages"] == [{"role": "user", "content": "word 0"}]
    wanted = {"max_tokens": 7, "temperature": 0.5, "top_p": 0.9, "top_k": 5, "min_p": 0.0}
    assert wanted.items() <= body.items()
    assert body["repetition_penalty"] == body["repeat_penalty"] == 1.1
    assert body["seed"] == request.seed % 2**31
    assert body["skip_special_tokens"] is False


def test_a_field_that_the_server_does_not_know_is_left_out_where_it_changes_nothing(server):
    refusal = status(400, {"error": {"message": "Unrecognized argument: min_p, top_k"}})
    server.replies.append(refusal)
    found, _ = ask(server)
    assert found["case-0"].error is None
    assert {"min_p", "top_k"}.isdisjoint(server.bodies[1])
    [asked] = [replace(r, sampling=Sampling(16, 0.7, top_k=4)) for r in requests()]
    server.replies.append(status(400, {"error": {"message": "Unrecognized argument: top_k"}}))
    found, _ = ask(server, [asked])
    assert "Unrecognized argument: top_k" in found["case-0"].error


def test_completions_are_sent_the_text_that_the_folders_template_renders(server):
    ask(server, options="+api=completions")
    assert server.bodies[0]["prompt"] == "word 0\n"
    ask(server, options=f"+api=completions+tokenizer={TINY_QWEN2}")
    body = server.bodies[-1]
    assert body["prompt"].endswith("<|im_start|>user\nword 0<|im_end|>\n<|im_start|>assistant\n")
    assert body["add_special_tokens"] is False


@pytest.mark.parametrize(
    "reply",
    [status(429, Retry_After="0"), status(503), status(500), status(502), status(408), cut],
    ids=["429", "503", "500", "502", "408", "cut"],
)
def test_a_fault_that_passes_is_asked_again(server, reply):
    server.replies += [reply, reply]
    found, _ = ask(server)
    assert found["case-0"].text == "re: word 0"
    assert len(server.bodies) == 3


def test_a_storm_of_429_is_waited_out_by_every_request(server):
    server.replies += [status(429, Retry_After="0")] * 30
    found, _ = ask(server, requests(12))
    assert [c.error for c in found.values()] == [None] * 12


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (status(500, {"error": "out of\nmemory \x1b[31m"}), "fails (500): out of␊memory ␛[31m"),
        (status(429), "is busy (429), 12 times in a row"),
        (status(429, Retry_After="3600"), "asks to wait 3,600 s"),
        (status(400, {"error": {"message": "context is full"}}), "(400): context is full"),
        (status(404, {"error": {"message": "no model"}}), "no such model or path (404): no model"),
        (status(401, {"error": "bad key"}), "refuses a request without a key, set HARNESS_API_KEY"),
        (status(418), "status 418"),
        (cut, "the connection broke"),
        (raw(b"{'a': 1}"), "is no JSON"),
        (raw(b'{"a": NaN}'), "is no JSON"),
        (raw(b"[" * 100_000), "is no JSON"),
        (raw(b"\xff\xfe"), "is no JSON"),
        (raw(b"[1]"), "is no JSON object"),
        (raw(b"<!DOCTYPE html><html>no</html>"), "a web page, correct the URL"),
        (raw(gzip.compress(b"{}"), Content_Encoding="gzip"), "compresses"),
        (with_body(model="other"), "under the name other and not tiny"),
        (with_body(model=None), "under the name None and not tiny"),
        (with_body(choices=[]), "does not hold one choice"),
        (with_body(choices={"0": {}}), "does not hold one choice"),
        (with_body(choices=["text"]), "does not hold one choice"),
        (with_choice(message=["x"]), "holds no message"),
        (with_choice(message={"content": None}), "content is None"),
        (with_choice(message={"content": [{"text": "x"}]}), "holds no text"),
        (with_choice(message={"content": "\ud800"}), "half a character"),
        (with_choice(message={"content": "4", "reasoning_content": "2+2"}), "reasoning_content"),
        (with_choice(message={"content": "", "tool_calls": [{}]}), "tool_calls"),
        (with_choice(finish_reason="content_filter"), "finish_reason content_filter"),
        (with_choice(finish_reason="abort"), "finish_reason abort"),
        (with_choice(finish_reason=None), "finish_reason None"),
        (with_choice(finish_reason=["stop"]), "finish_reason ['stop']"),
        (status(307, Location="http://elsewhere.example/v1/"), "to http://elsewhere.example/v1/"),
        (status(307, Location="http://["), "which is not followed"),
        (status(302, Location="/v1/chat/completions"), "redirects (302)"),
        (status(307, Location="/v1/chat/completions"), "redirects more than 3 times"),
    ],
)
def test_a_fault_is_an_error_of_the_request_in_one_line(server, reply, reason):
    server.replies += [reply] * 100
    error = error_of(server)
    assert reason in error
    assert "\n" not in error


def test_a_finish_reason_of_length_and_text_generation_inferences_words_are_understood(server):
    server.replies += [with_choice(finish_reason=r) for r in ("length", "eos_token")]
    found, _ = ask(server, requests(2), concurrency=1)
    assert [c.finish_reason for c in found.values()] == [FinishReason.LENGTH, FinishReason.STOP]


def test_an_answer_of_any_size_is_read_no_further_than_the_limit(server, monkeypatch):
    monkeypatch.setattr("harness.engine.served.client.MAX_BYTES", 100_000)
    server.replies.append(raw(b" " * 1_000_000))
    assert "larger than 0 MB" in error_of(server)


@pytest.mark.parametrize("reply", [hanging, dripping])
def test_a_server_that_never_ends_its_answer_is_given_up_once(server, reply):
    server.replies.append(reply)
    assert "no whole answer within 0.3 s" in error_of(server, stall_seconds=0.3)
    assert len(server.bodies) == 1


def test_a_redirect_on_the_same_host_is_followed(server):
    server.replies.append(status(307, Location="/v1/chat/completions"))
    found, _ = ask(server)
    assert found["case-0"].text == "re: word 0"


def test_a_redirect_never_carries_the_key_to_another_host(server, monkeypatch):
    monkeypatch.setenv("HARNESS_API_KEY", KEY)
    with serving() as other:
        server.replies.append(status(307, Location=f"{other.url}/chat/completions"))
        assert "not followed" in error_of(server)
        assert other.bodies == []


def escaped(text):
    """The text as a JSON string may also write it."""
    return "".join(f"\\u{ord(c):04x}" for c in text)


def not_http(text):
    """A response that is no HTTP, which the client's own error repeats."""

    def reply(handler, body):
        handler.wfile.write(f"{text}\r\n\r\n".encode())
        handler.close_connection = True

    return reply


def test_the_key_is_sent_and_appears_nowhere_else(server, monkeypatch):
    monkeypatch.setenv("HARNESS_API_KEY", KEY)
    found, record = ask(server)
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in repr((found, record))
    for reply in (
        status(401, {"error": f"bad key {KEY}"}),
        status(400, {"error": f"bad key {KEY}"}),
        status(500, {"error": f"bad key {KEY}"}),
        with_choice(KEY),
        raw(f"not JSON {KEY}".encode()),
        status(307, Location=f"http://elsewhere.example/{KEY}"),
        raw(json.dumps({"model": "x"}).replace("x", escaped(KEY)).encode()),
        not_http(KEY),
    ):
        server.replies += [reply] * retries.TRIES
        found, record = ask(server)
        assert found["case-0"].error
        assert KEY not in repr((found, record))
        server.replies.clear()


def test_the_key_of_openai_goes_to_no_other_host(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    ask(server)
    assert "Authorization" not in server.headers[0]


def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(server, monkeypatch):
    monkeypatch.setenv("HARNESS_API_KEY", "sk-\nsecret")
    _, record = ask(server)
    assert "HARNESS_API_KEY holds characters" in record.error
    assert "secret" not in record.error


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://user:hunter2@host/v1#m", "a user name or a password"),
        ("http://host/v1?key=hunter2#m", "holds a query"),
        ("ftp://host/hunter2#m", "expected the base URL"),
        ("http://host:hunter2/v1#m", "cannot be read"),
        ("http://a/v1,http://a/v1#m", "named twice"),
        ("http://a/v1#", "no name after #"),
    ],
)
def test_a_location_that_cannot_be_asked_is_refused_without_being_shown(location, reason):
    with pytest.raises(HarnessError) as refused:
        backends.preflight(ModelRef.parse(f"endpoint:{location}"))
    assert reason in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "settings", "reason"),
    [
        ("+lora=x", {}, "unknown option"),
        ("+api=responses", {}, "expected one of chat, completions"),
        ("+schema_by=json_object", {}, "add +schema=FILE"),
        ("+schema=missing.json", {}, "missing.json is not there"),
        ("+tokenizer=missing", {}, "has no chat template"),
        ("", {"quantize": "nf4"}, "--quantize is decided where its server is started"),
        ("", {"dtype": "float32"}, "--dtype is decided"),
    ],
)
def test_what_a_served_model_cannot_be_told_is_refused_before_it_is_asked(
    options, settings, reason
):
    ref = ModelRef.parse(f"endpoint:http://127.0.0.1:1/v1#m{options}")
    with pytest.raises(HarnessError, match=reason.replace("+", r"\+")):
        backends.preflight(ref, EngineSettings(**settings))


def test_the_name_is_checked_against_the_servers_list(server):
    server.models = ["tinyy", "other"]
    assert "has no model 'tiny', did you mean 'tinyy'?" in error_of(server)
    server.models = ["tiny:latest"]
    assert error_of(server) is None
    server.models = None
    assert error_of(server) is None


def test_the_only_model_of_a_server_needs_no_name(server):
    ref = ModelRef.parse(f"endpoint:{server.url}")
    events = list(backends.host().answers(ref, requests()))
    assert events[-1].model.name == "tiny"
    server.models = ["a", "b"]
    events = list(backends.host().answers(ref, requests()))
    assert "add the model's name after #, it has a, b" in events[-1].model.error


def test_a_server_that_is_not_there_is_said_at_once(server):
    url = server.url
    server.http.server_close()
    error = error_of(server, urls=[url])
    assert "no connection" in error
    assert "times in a row" not in error


def test_several_servers_share_the_requests_each_with_its_own_concurrency(server):
    with serving() as other:
        found, _ = ask(server, requests(60), urls=[server.url, other.url], concurrency=2)
        assert len(found) == 60
        assert len(server.bodies) + len(other.bodies) == 60
        assert server.bodies
        assert other.bodies
        assert max(server.most_in_flight, other.most_in_flight) <= 2


def test_requests_of_a_server_that_is_lost_go_to_the_others(server):
    with serving() as other:

        def dying(handler, body):
            other.http.socket.close()
            cut(handler, body)

        other.replies += [dying] * 100
        found, _ = ask(server, requests(20), urls=[other.url, server.url], concurrency=1)
        assert [c.error for c in found.values()] == [None] * 20


def test_timed_requests_go_alone_after_a_warm_up_and_have_a_first_token(server):
    found, _ = ask(server, requests(3, timed=True))
    assert server.most_in_flight == 1
    assert len(server.bodies) == 4
    assert all(body["stream"] for body in server.bodies)
    for completion in found.values():
        assert completion.timing.batch_rows == 1
        assert 0 < completion.timing.first_token_seconds <= completion.timing.seconds


def test_a_stream_without_an_end_is_an_error(server):
    server.replies += [streamed(["a", "b"], end=None)]
    assert "finish_reason None" in error_of(server, asked=requests(timed=True))
    server.replies.append(raw(b'data: {"error": {"message": "overloaded"}}\n\n'))
    assert "ends its streamed answer with an error" in error_of(server, asked=requests(timed=True))


def test_a_streamed_answer_comes_in_pieces_with_its_times_and_prompt_tokens(server):
    asked = requests(2, streamed=True)
    server.replies += [streamed(["He", "llo", ""])] * 2
    ref = ModelRef.parse(f"endpoint:{server.url}#tiny")
    model = backends.connect(ref, EngineSettings(concurrency=2))
    events = list(model.events(asked))
    model.close()
    for request in asked:
        pieces = [e.texts[request.key] for e in events if request.key in getattr(e, "texts", {})]
        assert pieces == ["He", "llo"]
    for completion in (e.completion for e in events if isinstance(e, Answered)):
        assert (completion.text, completion.prompt_tokens) == ("Hello", 3)
        assert completion.timing.first_token_seconds <= completion.timing.seconds
    assert all(body["stream_options"] == {"include_usage": True} for body in server.bodies)


def test_a_server_that_counts_no_tokens_of_a_stream_is_not_asked_to(server):
    server.replies.append(status(400, {"error": {"message": "unknown field stream_options"}}))
    found, _ = ask(server, requests(streamed=True))
    assert found["case-0"].text == "re: word 0"
    assert "stream_options" not in server.bodies[-1]


def test_a_piece_is_told_once_where_the_answer_is_asked_for_again(server):
    server.replies.append(cut_after("re: "))
    ref = ModelRef.parse(f"endpoint:{server.url}#tiny")
    model = backends.connect(ref, EngineSettings(concurrency=1))
    events = list(model.events(requests(streamed=True)))
    model.close()
    assert len(server.bodies) == 2
    pieces = [text for e in events if isinstance(e, Stepped) for text in e.texts.values()]
    assert pieces == ["re: ", "word 0"]
    assert [e.completion.error for e in events if isinstance(e, Answered)] == [None]


@pytest.fixture
def schema(tmp_path) -> Path:
    path = tmp_path / "schema.json"
    path.write_text('{"type": "object"}')
    return path


def obeys(body):
    """A server that holds answers to a schema in ``response_format``."""
    given = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    marks = given.get("properties", {}).get("mark", {}).get("enum")
    return json.dumps({"mark": marks[0]}) if marks else "{}"


def test_a_schema_is_sent_once_it_was_proven_to_be_in_force(server, schema):
    server.answer = obeys
    found, record = ask(server, options=f"+schema={schema}")
    assert found["case-0"].text == "{}"
    sent = server.bodies[-1]["response_format"]["json_schema"]
    assert sent["schema"] == {"type": "object"}
    assert list(record.files) == ["schema.json"]


@pytest.mark.parametrize("by", ["response_format", "json_object", "structured_outputs"])
def test_a_server_that_takes_a_schema_and_ignores_it_is_not_believed(server, schema, by):
    error = error_of(server, options=f"+schema={schema}+schema_by={by}")
    assert f"takes a schema in {by} and does not hold answers to it" in error


def test_template_arguments_are_sent_where_the_server_obeys_them(server):
    asked = requests(template=(("enable_thinking", False),))
    found, _ = ask(server, asked)
    assert found["case-0"].error is None
    assert server.bodies[-1]["chat_template_kwargs"] == {"enable_thinking": False}


def test_a_template_argument_that_the_server_ignores_is_refused_by_its_name(server):
    server.completion = lambda body, text=None: {
        "model": "tiny",
        "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9},
    }
    error = error_of(server, asked=requests(template=(("enable_thinking", False),)))
    assert "ignores the template argument enable_thinking" in error


def rendered(body):
    """As the template of the tiny model does."""
    turns = [f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in body["messages"]]
    return "".join(turns) + "<|im_start|>assistant\n"


def tokens(body):
    return {"tokens": list((rendered(body) if "messages" in body else body["prompt"]).encode())}


TOKENIZER = f"+tokenizer={TINY_QWEN2}"


def test_the_servers_template_is_compared_with_the_folders(server):
    server.paths["apply-template"] = lambda body: {"prompt": rendered(body)}
    assert error_of(server, options=TOKENIZER) is None
    server.paths["apply-template"] = lambda body: {"prompt": rendered(body).replace("\n", " ")}
    assert "renders another prompt than the folder's" in error_of(server, options=TOKENIZER)


def test_the_servers_template_is_compared_by_tokens_where_it_only_tokenizes(server):
    server.paths["tokenize"] = tokens
    assert error_of(server, options=TOKENIZER) is None
    server.paths["tokenize"] = lambda body: {
        "tokens": [1, *tokens(body)["tokens"]][: len(body) * 7]
    }
    assert "renders another prompt" in error_of(server, options=TOKENIZER)


def test_a_template_that_cannot_be_compared_is_not_believed(server):
    assert "neither renders prompts" in error_of(server, options=TOKENIZER)


def test_answers_that_are_stopped_are_errors_and_the_next_ones_are_not(server):
    server.replies += [hanging, hanging]
    ref = ModelRef.parse(f"endpoint:{server.url}#tiny")
    model = backends.connect(ref, EngineSettings(concurrency=3))
    found = {}
    for event in model.events(requests(3)):
        if isinstance(event, Answered):
            found[event.request.case_id] = event.completion.error
            model.interrupt()
    assert sorted(map(str, found.values())) == ["None", INTERRUPTED, INTERRUPTED]
    again = [e for e in model.events(requests(2)) if isinstance(e, Answered)]
    assert [e.completion.error for e in again] == [None, None]
    model.close()


def test_answers_that_nobody_waits_for_leave_the_next_ones_alone(server):
    server.replies.append(hanging)
    ref = ModelRef.parse(f"endpoint:{server.url}#tiny")
    model = backends.connect(ref, EngineSettings(concurrency=2))
    events = model.events(requests(5))
    assert isinstance(next(e for e in events if isinstance(e, Answered)), Answered)
    events.close()
    assert not model.is_open
    again = [e for e in model.events(requests(2)) if isinstance(e, Answered)]
    assert [e.completion.error for e in again] == [None, None]
    model.close()


ONE = [{"token": "a", "logprob": -0.5, "top_logprobs": [{"token": "b", "logprob": -1.0}]}]
WITH_LOGPROBS = with_choice("a", logprobs={"content": ONE})


def ask_logprobs(server, *replies, count=1):
    """The answers to requests with log-probabilities, the first reply being that to the probe."""
    server.replies.extend(replies)
    return ask(server, requests(count, has_logprobs=True), concurrency=1)[0]


def test_log_probabilities_are_taken_where_the_server_gives_them(server):
    found = ask_logprobs(server, WITH_LOGPROBS, WITH_LOGPROBS)["case-0"].logprobs
    assert (found.lengths, found.logprobs, found.runner_ups) == ((1,), (-0.5,), ("b",))
    assert [(b["logprobs"], b["top_logprobs"]) for b in server.bodies] == [(True, 2)] * 2


@pytest.mark.parametrize(
    "reply",
    [
        with_choice("a"),
        with_choice("a", logprobs=None),
        status(400, {"error": {"message": "logprobs is not supported"}}),
        status(400, {"error": {"message": "no"}}),
    ],
    ids=["none", "null", "named", "refused"],
)
def test_a_server_without_log_probabilities_is_asked_once_and_answers_without(server, reply):
    found = ask_logprobs(server, reply, count=3)
    assert [(c.logprobs, c.error) for c in found.values()] == [(None, None)] * 3
    assert ["logprobs" in body for body in server.bodies[-3:]] == [False] * 3


def test_a_server_that_fails_on_log_probabilities_is_asked_without(server):
    failing = [status(500, {"error": {"message": "logits_all=False"}})] * retries.TRIES
    assert ask_logprobs(server, *failing)["case-0"].text == "re: word 0"


def test_log_probabilities_are_not_asked_for_unasked(server):
    ask(server)
    assert not any("logprobs" in body for body in server.bodies)


WEATHER = tools_text([{"type": "function", "function": {"name": "get_weather"}}])
MESSAGE = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "x", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    ],
}


def telling(server):
    """Have the server count the tools among the prompt's tokens, as one that writes them does."""
    honest = server.completion

    def completion(body, *arguments, **choice):
        answer = honest(body, *arguments, **choice)
        answer["usage"] = {"prompt_tokens": len(json.dumps(body.get("tools", [])))}
        return answer

    server.completion = completion


def test_tools_are_sent_and_the_calls_of_an_answer_are_its_text(server):
    telling(server)
    asked = requests(tools=WEATHER)
    calls = with_choice(message=MESSAGE, finish_reason="tool_calls")
    server.replies.extend([honest, honest, calls])
    found, record = ask(server, asked)
    assert record.error is None
    answer = found["case-0"]
    assert json.loads(answer.text) == {"tool_calls": MESSAGE["tool_calls"]}
    assert (answer.tool_form, answer.finish_reason) == ("openai", FinishReason.STOP)
    assert server.bodies[-1]["tools"] == json.loads(WEATHER)


def test_a_server_that_ignores_tools_is_refused(server):
    assert "ignores tools, its prompts are the same without" in error_of(
        server, asked=requests(tools=WEATHER)
    )


def test_a_server_without_a_parser_of_calls_says_how_to_start_it(server):
    server.replies.append(status(400, '"auto" tool choice requires a parser'))
    assert "start the server with a parser of calls" in error_of(
        server, asked=requests(tools=WEATHER)
    )


def test_calls_that_nobody_asked_for_are_no_answer(server):
    server.replies.append(with_choice(message=MESSAGE, finish_reason="tool_calls"))
    assert "puts a part of the answer into tool_calls" in error_of(server)
