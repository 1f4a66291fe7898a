"""Answers requests that come one at a time, in batches: one thread asks the model.

Requests that wait while the model answers are its next batch. Equal requests of a batch are
answered once. Knows no HTTP.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field, replace

from harness.core.case import Message
from harness.core.completion import Completion
from harness.core.errors import one_line
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.core.record import ModelRecord
from harness.engine.events import Answered, Event, ModelClosed, ModelOpened, Stepped
from harness.engine.host import ModelHost
from harness.serve.limits import DEFAULTS

MAX_BATCH = 64
"""Requests handed to the model at once: as many wait for the slowest of them."""
WARM_UP = Request("warm-up", "", (Message("user", "Hello"),), Sampling(1))
"""Opens the model before anybody waits for it."""

OnText = Callable[[str], None]
"""Called in the batching thread with each piece of an answer's text."""


class QueueFull(Exception):
    """As many requests wait as may."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("too many requests wait")
        self.retry_after_seconds = retry_after_seconds


class Unavailable(Exception):
    """The model's process died with the request, or the model cannot be opened; the message is one
    line."""


@dataclass(eq=False)
class Waiting:
    """One request, and its answer to come."""

    request: Request
    on_text: OnText | None
    answer: "Future[Completion]" = field(default_factory=Future)


class Batching:
    """The queue of one model, and the thread that empties it."""

    def __init__(
        self,
        host: ModelHost,
        ref: ModelRef,
        *,
        max_waiting: int = DEFAULTS.max_waiting,
        on_batch: Callable[[int], None] = lambda rows: None,
        on_death: Callable[[str], None] = lambda reason: None,
    ) -> None:
        """
        Args:
            host: its models are asked and closed by the batching thread alone.
            ref: the model.
            max_waiting: more waiting requests are refused.
            on_batch: called with the number of requests of each batch.
            on_death: called with the reason when the model's process died.
        """
        self.host = host
        self.ref = ref
        self.max_waiting = max_waiting
        self.on_batch = on_batch
        self.on_death = on_death
        self.is_ready = False
        """The model is open."""
        self.model: ModelRecord | None = None
        """The model as it was opened last, with its measurements."""
        self.available_mb: float | None = None
        """Memory left beside the model after the last batch, where that is known."""
        self.problem: str | None = None
        """Why the model is not open, where that was tried."""
        self.opened: Future[str | None] = Future()
        """Done once the model was to be opened: the reason why it is not."""
        self._queue: list[Waiting] = []
        self._changed = threading.Condition()
        self._is_closing = False
        self._batch_seconds = 1.0
        """Duration of the last batch."""
        self._thread = threading.Thread(target=self._run, name="batching", daemon=True)

    def start(self) -> None:
        """Open the model in the background; requests may come at once."""
        self._thread.start()

    def submit(self, request: Request, on_text: OnText | None = None) -> "Future[Completion]":
        """Put a request in the queue. To cancel its future takes it out, unless it is in a batch.

        The future raises ``Unavailable`` where the model was lost.

        Raises:
            QueueFull: as many wait as may.
            Unavailable: the queue is closed.
        """
        waiting = Waiting(replace(request, streamed=on_text is not None), on_text)
        with self._changed:
            if self._is_closing:
                raise Unavailable("the server is shutting down")
            self._queue = [w for w in self._queue if not w.answer.cancelled()]
            if len(self._queue) >= self.max_waiting:
                batches = math.ceil(len(self._queue) / MAX_BATCH)
                raise QueueFull(max(1, math.ceil(batches * self._batch_seconds)))
            self._queue.append(waiting)
            self._changed.notify()
        return waiting.answer

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return sum(not w.answer.cancelled() for w in self._queue)

    def close(self) -> None:
        """Answer what waits, take nothing more, and close the model."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            self._answer([Waiting(WARM_UP, None)])
            self.opened.set_result(None if self.is_ready else self.problem or "it is not open")
            while batch := self._next_batch():
                self.on_batch(len(batch))
                started = time.monotonic()
                self._answer(batch)
                self._batch_seconds = time.monotonic() - started
                if not self.is_ready:
                    self._answer([Waiting(WARM_UP, None)])
        finally:
            self.is_ready = False
            self.host.close()

    def _next_batch(self) -> list[Waiting]:
        """The requests that wait, once there are any; none when the queue is closed and empty."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._is_closing)
                if not self._queue:
                    return []
                taken, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
            if batch := [w for w in taken if w.answer.set_running_or_notify_cancel()]:
                return batch

    def _answer(self, batch: Iterable[Waiting]) -> None:
        """Answer a batch; each of its futures has a result afterwards."""
        waiting: dict[str, list[Waiting]] = {}
        for one in batch:
            waiting.setdefault(one.request.key, []).append(one)
        problem: Exception = Unavailable("the model gave no answer")
        try:
            with closing(self.host.answers(self.ref, _once(waiting), keep_open=True)) as events:
                for event in events:
                    self._take(event, waiting)
                    if isinstance(event, ModelClosed) and not self.is_ready:
                        problem = Unavailable(self.problem or "the model is closed")
        except Exception as error:
            problem = error
            self.is_ready, self.problem = self.host.is_open(self.ref), one_line(error)
        for one in (w for own in waiting.values() for w in own):
            one.answer.set_exception(problem)

    def _take(self, event: Event, waiting: dict[str, list[Waiting]]) -> None:
        match event:
            case ModelOpened(model=model):
                self.is_ready, self.problem, self.model = True, None, model
            case Stepped(texts=texts):
                for key, text in texts.items():
                    for one in waiting.get(key, ()):
                        if one.on_text is not None:
                            one.on_text(text)
            case Answered(request=request, completion=completion):
                self._settle(waiting.pop(request.key), completion)
            case ModelClosed(model=model, available_mb=available):
                self.available_mb = available
                if model.error is None:
                    self.model = model
                self.is_ready = self.host.is_open(self.ref)
                self.problem = None if self.is_ready else model.error or self.problem

    def _settle(self, asked: list[Waiting], completion: Completion) -> None:
        """Give a completion to all who asked for it. An error is the process's own where the model
        is no longer open."""
        if completion.error is None or self.host.is_open(self.ref):
            for one in asked:
                one.answer.set_result(completion)
            return
        self.is_ready, self.problem = False, completion.error
        self.on_death(completion.error)
        for one in asked:
            one.answer.set_exception(Unavailable(completion.error))


def _once(waiting: dict[str, list[Waiting]]) -> list[Request]:
    """Each request once; its text is reported if anybody who asked wants it."""
    return [
        replace(own[0].request, streamed=any(w.request.streamed for w in own))
        for own in waiting.values()
    ]
