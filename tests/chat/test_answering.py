"""One model's answers: opening, Ctrl-C, and the death of its process."""

import queue
import threading
from dataclasses import replace

import pytest

from harness import backends
from harness.chat.answering import ChatModel
from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling, failed
from harness.core.record import ModelRecord
from harness.engine.events import Answered, ModelOpened, Stepped
from harness.engine.fake_host import FakeHost
from harness.engine.model import EngineSettings
from harness.serve.batching import WARM_UP
from tests.forked import own_children
from tests.models import TINY_QWEN2

REF = ModelRef.parse("base:tiny")
REQUEST = Request("chat", "chat-1", (Message("user", "Hi"),), Sampling())


class InterruptibleHost(FakeHost):
    """Tells two pieces of an answer, then waits until it is stopped."""

    def __init__(self):
        super().__init__(lambda ref, request: "whole")
        self.stopped = threading.Event()
        self.stops = 0

    def answers(self, ref, requests, *, keep_open=False, arrivals=None):
        (request,) = requests
        if request.key == WARM_UP.key or self.stopped.is_set():
            yield from super().answers(ref, requests, keep_open=keep_open)
            return
        yield ModelOpened(ref, ModelRecord(str(ref), ref.kind, ref.name))
        yield Stepped(ref, 1, 0, {request.key: "a"})
        yield Stepped(ref, 1, 0, {request.key: "b"})
        assert self.stopped.wait(20)
        yield Answered(ref, request, failed(request, "interrupted"))

    def interrupt(self, ref):
        self.stops += 1
        self.stopped.set()


def test_a_model_that_does_not_open_says_why():
    model = ChatModel(REF, FakeHost(lambda *_: "", {REF: "no such file"}))
    model.start()
    with pytest.raises(HarnessError, match="--model base:tiny: no such file"):
        model.wait_until_open()
    model.close()


def test_ctrl_c_stops_the_answer_and_the_model_answers_again():
    model = ChatModel(REF, host := InterruptibleHost())
    model.start()
    model.wait_until_open()

    def interrupt(text: str) -> None:
        if text == "b":
            raise KeyboardInterrupt

    answer = model.ask(REQUEST, interrupt)
    assert (answer.said, answer.is_stopped, answer.error) == ("ab", True, None)
    assert host.stops == 1
    assert model.ask(REQUEST, lambda text: None).text == "whole"
    assert host.opened == [REF]
    model.close()


@pytest.mark.slow
def test_an_answer_of_a_real_model_is_stopped_and_its_process_answers_again():
    ref = ModelRef("base", str(TINY_QWEN2))
    model = ChatModel(ref, backends.host(EngineSettings(threads=1)))
    model.start()
    model.wait_until_open()
    (process,) = own_children()

    def interrupt(text: str) -> None:
        raise KeyboardInterrupt

    # At this temperature the model all but never ends by itself.
    endless = replace(REQUEST, sampling=Sampling(1200, temperature=50.0))
    answer = model.ask(endless, interrupt)
    assert answer.is_stopped
    assert answer.said
    again = model.ask(replace(REQUEST, case_id="chat-2"), lambda text: None)
    assert again.error is None
    assert own_children() == [process]
    model.close()


def test_the_answer_is_that_of_the_model_where_it_ended_before_it_was_stopped():
    model = ChatModel(REF, FakeHost(lambda *_: "whole"))
    model.start()
    model.wait_until_open()
    pieces: queue.SimpleQueue[str] = queue.SimpleQueue()
    answer = model.ask(REQUEST, pieces.put)
    assert (answer.text, answer.is_stopped) == ("whole", False)
    model.close()
