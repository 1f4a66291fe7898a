"""The queue in front of a model: what is answered together, refused, cancelled, lost."""

import queue
import threading
from concurrent.futures import CancelledError

import pytest

from harness.core.case import Message
from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling, failed
from harness.core.record import ModelRecord
from harness.engine.events import Answered, ModelClosed, ModelOpened, Stepped
from harness.engine.fake_host import FakeHost
from harness.serve.batching import WARM_UP, Batching, QueueFull, Unavailable
from tests.patience import PATIENCE

REF = ModelRef.parse("base:tiny")


def request(name: str, **changes) -> Request:
    return Request("chat", name, (Message("user", name),), Sampling(8), **changes)


class ControlledHost:
    """A host whose batches wait for ``go`` and whose answers are a function."""

    def __init__(self, answer=lambda request: f"re: {request.case_id}"):
        self.fake = FakeHost(lambda ref, asked: answer(asked))
        self.batches = []
        self.entered = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.is_closed = False
        self.dies = set()
        self.is_up = False
        self.ended = None
        """Why the process ended while nothing was asked."""
        self.holds_after_text = False
        """A streamed answer waits for ``go`` once more, after its first text."""

    def answers(self, ref, requests, *, keep_open=False, arrivals=None):
        requests = list(requests)
        if requests[0].key != WARM_UP.key:
            self.batches.append([r.case_id for r in requests])
            self.entered.release()
            assert self.go.acquire(timeout=PATIENCE)
        self.is_up, self.ended = True, None
        yield ModelOpened(ref, ModelRecord(str(ref), ref.kind, ref.name))
        for asked in requests:
            if asked.case_id in self.dies:
                self.is_up = False
                yield Answered(ref, asked, failed(asked, "the backend's process was killed"))
                continue
            if asked.streamed:
                yield Stepped(ref, 1, 0, {asked.key: "re"})
                if self.holds_after_text:
                    assert self.go.acquire(timeout=PATIENCE)
            yield from (
                e for e in self.fake.answers(ref, [asked], keep_open=True)
                if isinstance(e, Answered)
            )  # fmt: skip
        yield ModelClosed(ref, ModelRecord(str(ref), ref.kind, ref.name), None)

    def end_reason(self, ref):
        return self.ended

    def is_open(self, ref):
        return self.is_up

    def close(self):
        self.is_closed = True


@pytest.fixture
def host():
    return ControlledHost()


@pytest.fixture
def batching(host):
    one = Batching(host, REF, max_waiting=3)
    one.start()
    yield one
    host.go.release(100)
    one.close()


def busy(host, batching, name="first"):
    """A request that is in a batch, which waits for ``go``."""
    future = batching.submit(request(name))
    assert host.entered.acquire(timeout=PATIENCE)
    return future


def test_requests_that_wait_while_a_batch_runs_are_the_next_batch(host, batching):
    first = busy(host, batching)
    others = [batching.submit(request(name)) for name in "abc"]
    host.go.release(2)
    assert [f.result(PATIENCE).text for f in (first, *others)] == [
        "re: first", "re: a", "re: b", "re: c",
    ]  # fmt: skip
    assert host.batches == [["first"], ["a", "b", "c"]]


def test_equal_requests_of_a_batch_are_answered_once(host, batching):
    busy(host, batching)
    pair = [batching.submit(request("same")) for _ in range(2)]
    host.go.release(2)
    assert [f.result(PATIENCE).text for f in pair] == ["re: same"] * 2
    assert host.batches[1] == ["same"]


def test_a_full_queue_refuses_with_a_time_to_wait(host, batching):
    busy(host, batching)
    waiting = [batching.submit(request(name)) for name in "abc"]
    with pytest.raises(QueueFull) as refused:
        batching.submit(request("d"))
    assert refused.value.retry_after_seconds >= 1
    assert waiting[0].cancel()
    batching.submit(request("d"))


def test_a_cancelled_request_is_never_asked(host, batching):
    busy(host, batching)
    lost, kept = batching.submit(request("lost")), batching.submit(request("kept"))
    assert lost.cancel()
    host.go.release(2)
    assert kept.result(PATIENCE).text == "re: kept"
    assert host.batches == [["first"], ["kept"]]
    with pytest.raises(CancelledError):
        lost.result(0)


def test_a_process_that_dies_is_unavailable_with_its_reason_and_the_next_is_answered():
    deaths, host = [], ControlledHost()
    batching = Batching(host, REF, on_death=deaths.append)
    batching.start()
    host.dies = {"a"}
    host.go.release(10)
    with pytest.raises(Unavailable, match="the backend's process was killed"):
        batching.submit(request("a")).result(PATIENCE)
    assert deaths == ["the backend's process was killed"]
    assert batching.submit(request("b")).result(PATIENCE).text == "re: b"
    assert batching.is_ready
    batching.close()


def test_an_exception_of_the_host_fails_its_batch_alone(host, batching):
    host.fake.answers = None  # A bug: not callable.
    host.go.release(10)
    with pytest.raises(TypeError):
        batching.submit(request("a")).result(PATIENCE)
    del host.fake.answers
    assert batching.submit(request("b")).result(PATIENCE).text == "re: b"


def test_closing_answers_what_was_taken_and_takes_nothing_more(host):
    batching = Batching(host, REF)
    batching.start()
    first = busy(host, batching)
    second = batching.submit(request("second"))
    closing = threading.Thread(target=batching.close)
    closing.start()
    host.go.release(2)
    closing.join(PATIENCE)
    assert [first.result(0).text, second.result(0).text] == ["re: first", "re: second"]
    assert host.is_closed
    with pytest.raises(Unavailable, match="shutting down"):
        batching.submit(request("late"))


def test_a_model_that_does_not_open_is_a_problem_with_its_reason():
    batching = Batching(FakeHost(lambda ref, r: "", unopened={REF: "no weights there"}), REF)
    batching.start()
    with pytest.raises(Unavailable, match="no weights there"):
        batching.submit(request("a")).result(PATIENCE)
    assert (batching.is_ready, batching.problem) == (False, "no weights there")
    batching.close()


def test_the_text_of_a_streamed_answer_is_passed_on_as_it_grows(host, batching):
    pieces = []
    host.go.release(1)
    batching.submit(request("a"), pieces.append).result(PATIENCE)
    assert pieces == ["re"]


def test_requests_enter_and_leave_while_the_model_answers(host):
    batching, woken, told = Batching(host, REF), [], []
    batching.listen(lambda: woken.append(1))
    first, same, other = (batching.submit(request(name)) for name in ("a", "a", "b"))
    entered = batching.entering()
    assert [r.case_id for r in entered] == ["a", "b"]
    assert (batching.entering(), batching.leaving(), len(woken)) == ([], [], 4)
    assert first.cancel()
    assert other.cancel()
    assert (batching.leaving(), len(woken)) == ([entered[1].key], 6)
    late = batching.submit(request("a"), told.append)
    assert batching.entering() == []
    batching._take(Stepped(REF, 1, 0, {entered[0].key: "begun"}))
    batching._take(Answered(REF, entered[0], Completion("whole")))
    assert (same.result(0).text, late.result(0).text, told) == ("whole", "whole", [])
    assert first.cancelled()


def test_a_request_that_was_given_up_is_asked_again_by_the_next(host):
    batching = Batching(host, REF)
    given_up = batching.submit(request("a"))
    (asked,) = batching.entering()
    given_up.cancel()
    again = batching.submit(request("a"))
    assert batching.leaving() == [asked.key]
    assert batching.entering() == [asked]
    batching._take(Answered(REF, asked, Completion("whole")))
    assert again.result(0).text == "whole"


def test_a_process_that_ends_while_nothing_is_asked_is_told_and_replaced(host, monkeypatch):
    monkeypatch.setattr("harness.serve.batching.WATCH_SECONDS", 0.001)
    told = queue.SimpleQueue()
    batching = Batching(host, REF, on_death=lambda reason: told.put((reason, batching.is_ready)))
    batching.start()
    assert batching.opened.result(PATIENCE) is None
    host.ended = "it was killed"
    assert told.get(timeout=PATIENCE) == ("it was killed", False)
    batching.close()
    assert (host.ended, batching.problem) == (None, None)
