"""Which models are open when: one at a time, beside each other to be timed, none in the end."""

from dataclasses import replace

import pytest

from harness import backends
from harness.core.case import Message
from harness.core.completion import FinishReason
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.engine.events import Answered, ModelClosed, ModelOpened
from harness.engine.fake_host import FakeHost
from harness.engine.model import EngineSettings
from tests.models import TINY_QWEN2

A, B = (ModelRef("base", name) for name in "ab")


def requests(cases: int) -> list[Request]:
    return [
        Request("t", f"case-{i}", (Message("user", str(i)),), Sampling(), timed=True)
        for i in range(cases)
    ]


def echo(ref: ModelRef, request: Request) -> str:
    return f"{ref.location} {request.case_id}"


def completions(events) -> list:
    return [event.completion for event in events if isinstance(event, Answered)]


# One at a time


def test_a_stream_opens_answers_and_closes():
    events = list(FakeHost(echo).answers(A, requests(2)))
    kinds = [type(event) for event in events]
    assert kinds == [ModelOpened, Answered, Answered, ModelClosed]
    assert [c.text for c in completions(events)] == ["a case-0", "a case-1"]
    assert all(event.ref == A for event in events)
    assert events[-1].model.generate_seconds is not None


def test_a_model_closes_with_its_answers_unless_it_is_kept_open():
    host = FakeHost(echo)
    list(host.answers(A, requests(1)))
    assert not host.is_open(A)
    for _ in range(2):
        list(host.answers(A, requests(1), keep_open=True))
    assert host.is_open(A)
    assert host.opened == [A, A]


def test_the_model_that_is_open_ends_before_another_opens():
    host = FakeHost(echo)
    list(host.answers(A, requests(1), keep_open=True))
    stream = host.answers(B, requests(1), keep_open=True)
    next(stream)
    assert (host.is_open(A), host.is_open(B)) == (False, True)


def test_answers_that_nobody_waits_for_close_the_model():
    host = FakeHost(echo)
    stream = host.answers(A, requests(3))
    next(stream)
    assert host.is_open(A)
    stream.close()
    assert not host.is_open(A)


def test_a_model_that_does_not_open_says_why_when_it_closes():
    (event,) = FakeHost(echo, {A: "no weights"}).answers(A, requests(2))
    assert isinstance(event, ModelClosed)
    assert (event.model.ref, event.model.error) == ("base:a", "no weights")


def test_release_ends_all_but_those_to_keep():
    host = FakeHost(echo)
    list(host.answers(A, requests(1), keep_open=True))
    host.release(keep={A})
    assert host.is_open(A)
    host.release(keep={B})
    assert not host.is_open(A)


# In turns


def test_models_are_open_beside_each_other_while_they_are_timed():
    host = FakeHost(echo)
    (request,) = requests(1)
    both = []
    for event in host.time([(A, request), (B, request), (A, request)]):
        if isinstance(event, Answered):
            both.append((host.is_open(A), host.is_open(B)))
    assert both == [(True, False), (True, True), (True, True)]
    assert host.opened == [A, B]
    assert not host.is_open(A)
    assert not host.is_open(B)


def test_each_timed_model_closes_with_all_of_its_measurements():
    host = FakeHost(echo)
    list(host.answers(A, requests(1)))
    *_, closed = host.answers(A, requests(1))
    *_, timed = host.time([(A, requests(1)[0])])
    assert timed.model.load_seconds == closed.model.load_seconds
    assert timed.model.generate_seconds > closed.model.generate_seconds


def test_the_model_that_waits_is_not_opened_again_to_be_timed():
    host = FakeHost(echo)
    list(host.answers(A, requests(1)))
    list(host.answers(B, requests(1), keep_open=True))
    list(host.time([(A, requests(1)[0]), (B, requests(1)[0])]))
    assert host.opened == [A, B, A]


def test_a_model_that_fails_its_turns_is_asked_no_more_and_costs_the_others_nothing():
    host = FakeHost(echo, {A: "no weights"})
    turns = [(ref, request) for request in requests(4) for ref in (A, B)]
    events = list(host.time(turns))
    answered = {
        r: [e.completion for e in events if e.ref == r and hasattr(e, "request")] for r in (A, B)
    }
    assert [c.error for c in answered[A]] == [
        *["no weights"] * 2,
        *["it died before when it was to be timed"] * 2,
    ]
    assert [c.finish_reason for c in answered[B]] == [FinishReason.STOP] * 4


# Real models


def test_prompts_that_do_not_fit_are_no_reason_to_stop_asking() -> None:
    """Two in a row are longer than the model's context; the one after them is answered."""
    ref = ModelRef("base", str(TINY_QWEN2))
    host = backends.host(EngineSettings(device="cpu", threads=1))
    long = [replace(r, messages=(Message("user", "a b " * 9000),)) for r in requests(3)[:2]]
    found = completions(host.time([(ref, r) for r in (*long, requests(3)[2])]))
    assert [c.finish_reason is FinishReason.ERROR for c in found] == [True, True, False]


@pytest.mark.slow
def test_a_real_model_that_cannot_be_opened_is_given_up_after_two_turns(tmp_path) -> None:
    missing = ModelRef("merged", str(tmp_path / "missing"))
    found = completions(backends.host().time([(missing, r) for r in requests(4)]))
    assert [c.finish_reason for c in found] == [FinishReason.ERROR] * 4
    reasons = [c.error or "" for c in found]
    assert all("missing" in reason for reason in reasons[:2])
    assert reasons[2:] == ["it died before when it was to be timed"] * 2
