"""OpenAI's own client over the server, as its users have it: nothing but another address."""

import pytest

from harness.core.completion import Completion, FinishReason
from harness.engine.fake_host import FakeHost
from harness.serve.guard import Access
from harness.serve.limits import Limits
from tests.patience import PATIENCE
from tests.serve.running import running
from tests.serve.test_batching import ControlledHost, request
from tests.serve.test_load import together

pytestmark = pytest.mark.slow
openai = pytest.importorskip("openai")
MESSAGES = [{"role": "user", "content": "word"}]


def client(one, key="none"):
    return openai.OpenAI(base_url=f"{one.url}/v1", api_key=key, max_retries=0)


@pytest.fixture
def ask(server):
    with client(server) as one:
        yield one


def test_a_chat(ask):
    answer = ask.chat.completions.create(model="tiny", messages=MESSAGES, max_tokens=9, stop=["z"])
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason) == ("re: word", "stop")
    assert answer.usage.completion_tokens == 8


def test_a_streamed_chat(ask):
    told = {"include_usage": True}
    *parts, last = ask.chat.completions.create(
        model="tiny", messages=MESSAGES, stream=True, stream_options=told
    )
    assert "".join(p.choices[0].delta.content or "" for p in parts) == "re: word"
    assert parts[-1].choices[0].finish_reason == "stop"
    assert last.usage.completion_tokens == 8


def test_a_chat_that_is_parsed_to_a_schema(ask, answers):
    pytest.importorskip("llguidance")
    pydantic = pytest.importorskip("pydantic")
    payment = pydantic.create_model("Payment", name=(str, ...), amount=(float, ...))
    answers.texts = ['{"name": "Ada", "amount": 4.5}']
    answer = ask.chat.completions.parse(model="tiny", messages=MESSAGES, response_format=payment)
    assert answer.choices[0].message.parsed == payment(name="Ada", amount=4.5)
    assert '"amount"' in answers.requests[0].grammar.schema


@pytest.mark.parametrize("stream", [False, True])
def test_a_completion(ask, stream):
    answer = ask.completions.create(model="tiny", prompt="once", stream=stream)
    parts = answer if stream else [answer]
    assert "".join(part.choices[0].text for part in parts) == "re: once"


def test_the_models(ask):
    assert [model.id for model in ask.models.list()] == ["tiny"]


def test_a_request_that_is_wrong_names_its_field(ask):
    with pytest.raises(openai.BadRequestError) as refused:
        ask.chat.completions.create(model="tiny", messages=MESSAGES, n=2)
    assert (refused.value.param, refused.value.code) == ("n", "unsupported_parameter")
    with pytest.raises(openai.NotFoundError):
        ask.chat.completions.create(model="gpt-4", messages=MESSAGES)


def test_a_fault_of_the_model(ask, answers):
    answers.texts = [Completion("", FinishReason.ERROR, error="RuntimeError: no")]
    with pytest.raises(openai.InternalServerError, match="RuntimeError: no"):
        ask.chat.completions.create(model="tiny", messages=MESSAGES)


def test_a_wrong_key():
    with running(FakeHost(lambda ref, r: "x"), access=Access("sk-right")) as one:
        with client(one, "sk-wrong") as ask, pytest.raises(openai.AuthenticationError):
            ask.models.list()
        with client(one, "sk-right") as ask:
            assert ask.models.list().data


def test_a_full_queue():
    host = ControlledHost()
    with running(host, limits=Limits(max_waiting=1)) as one, client(one) as ask:
        (first,) = together(lambda: one.chat("a"))
        assert host.entered.acquire(timeout=PATIENCE)
        one.server.batching.submit(request("b"))
        with pytest.raises(openai.RateLimitError) as refused:
            ask.chat.completions.create(model="tiny", messages=MESSAGES)
        assert int(refused.value.response.headers["retry-after"]) >= 1
        host.go.release(9)
        first.join(PATIENCE)
