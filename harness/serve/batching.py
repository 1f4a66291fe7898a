"""Answers requests that come one at a time, together: one thread asks the model.

Requests that come while the model answers others enter its batch where it can take them, else they
are the next batch. Equal requests are answered once. Knows no HTTP.
"""

import math
import threading
import time
from collections.abc import Callable
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
"""Requests that the model has at once: as many are lost when it dies."""
WATCH_SECONDS = 0.5
"""Time after which an idle model's process is looked at."""
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
    since: float = field(default_factory=time.monotonic)

    def settle(self, result: Completion | Exception) -> None:
        """End the wait, unless nobody waits any more."""
        if not self.answer.set_running_or_notify_cancel():
            return
        if isinstance(result, Exception):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)


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
            on_batch: called with the number of requests that the model has, when some entered.
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
        self._asked: dict[str, list[Waiting]] = {}
        """Those whose requests the model has, by the request's key."""
        self._changed = threading.Condition(threading.RLock())
        self._wake: Callable[[], None] | None = None
        """Tells the model, while it answers, that requests come or leave."""
        self._is_closing = False
        self._answer_seconds = 1.0
        """Time that the last answer took, from its request on."""
        self._thread = threading.Thread(target=self._run, name="batching", daemon=True)

    def start(self) -> None:
        """Open the model in the background; requests may come at once."""
        self._thread.start()

    def submit(self, request: Request, on_text: OnText | None = None) -> "Future[Completion]":
        """Put a request in the queue. To cancel its future gives the request up: it is not asked,
        or leaves the model's batch.

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
                turns = math.ceil(len(self._queue) / MAX_BATCH)
                raise QueueFull(max(1, math.ceil(turns * self._answer_seconds)))
            self._queue.append(waiting)
            self._notify()
        waiting.answer.add_done_callback(self._given_up)
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

    def entering(self) -> list[Request]:
        """Requests for which the model has room, each once."""
        with self._changed:
            free = MAX_BATCH - len(self._asked)
            taken, self._queue = self._queue[:free], self._queue[free:]
            fresh: dict[str, list[Waiting]] = {}
            for one in taken:
                if not one.answer.cancelled():
                    self._join(one, fresh)
            self._asked |= fresh
        if fresh:
            self.on_batch(len(self._asked))
        return _once(fresh)

    def leaving(self) -> list[str]:
        """Keys of requests that nobody waits for any more, each once."""
        with self._changed:
            keys = [k for k, own in self._asked.items() if all(w.answer.cancelled() for w in own)]
            for key in keys:
                del self._asked[key]
        return keys

    def listen(self, wake: Callable[[], None] | None) -> None:
        """Have ``wake`` called when there are requests that enter or leave."""
        with self._changed:
            self._wake = wake
            self._notify()

    def _join(self, one: Waiting, fresh: dict[str, list[Waiting]]) -> None:
        """Add a request to an equal one. Where the model has that, its text has begun without this
        one, which gets the whole."""
        if own := self._asked.get(one.request.key):
            one.on_text = None
            own.append(one)
        else:
            fresh.setdefault(one.request.key, []).append(one)

    def _notify(self) -> None:
        self._changed.notify()
        if self._wake is not None:
            self._wake()

    def _given_up(self, answer: "Future[Completion]") -> None:
        if answer.cancelled():
            with self._changed:
                self._notify()

    def _run(self) -> None:
        try:
            self._open()
            self.opened.set_result(None if self.is_ready else self.problem or "it is not open")
            while self._await_requests():
                if requests := self.entering():
                    self._answer(requests)
                if not self.is_ready:
                    self._open()
        finally:
            self.is_ready = False
            self.host.close()

    def _open(self) -> None:
        """Have the model opened, so that nobody waits for it."""
        with self._changed:
            self._asked[WARM_UP.key] = [Waiting(WARM_UP, None)]
        self._answer([WARM_UP])

    def _await_requests(self) -> bool:
        """True once there are some; false when the queue is closed and empty. A process that dies
        meanwhile is replaced."""
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: self._queue or self._is_closing, WATCH_SECONDS):
                    return bool(self._queue)
            if self.is_ready and (reason := self.host.end_reason(self.ref)):
                self._died(reason)
                self._open()

    def _answer(self, requests: list[Request]) -> None:
        """Have requests answered, and those that come meanwhile; nobody waits for any of them
        afterwards."""
        problem: Exception = Unavailable("the model gave no answer")
        try:
            asked = self.host.answers(self.ref, requests, keep_open=True, arrivals=self)
            with closing(asked) as events:
                for event in events:
                    self._take(event)
                    if isinstance(event, ModelClosed) and not self.is_ready:
                        problem = Unavailable(self.problem or "the model is closed")
        except Exception as error:
            problem = error
            self.is_ready, self.problem = self.host.is_open(self.ref), one_line(error)
        with self._changed:
            left, self._asked = self._asked, {}
        for one in (w for own in left.values() for w in own):
            one.settle(problem)

    def _take(self, event: Event) -> None:
        match event:
            case ModelOpened(model=model):
                self.is_ready, self.problem, self.model = True, None, model
            case Stepped(texts=texts):
                for key, text in texts.items():
                    for one in self._asked.get(key, ()):
                        if one.on_text is not None:
                            one.on_text(text)
            case Answered(request=request, completion=completion):
                with self._changed:
                    asked = self._asked.pop(request.key, [])
                self._settle(asked, completion)
            case ModelClosed(model=model, available_mb=available):
                self.available_mb = available
                if model.error is None:
                    self.model = model
                self.is_ready = self.host.is_open(self.ref)
                self.problem = None if self.is_ready else model.error or self.problem

    def _settle(self, asked: list[Waiting], completion: Completion) -> None:
        """Give a completion to all who asked for it. An error is the process's own where the model
        is no longer open."""
        result: Completion | Exception = completion
        if completion.error is not None and not self.host.is_open(self.ref):
            self._died(completion.error)
            result = Unavailable(completion.error)
        for one in asked:
            self._answer_seconds = time.monotonic() - one.since
            one.settle(result)

    def _died(self, reason: str) -> None:
        was_ready, self.is_ready, self.problem = self.is_ready, False, reason
        if was_ready:
            self.on_death(reason)


def _once(waiting: dict[str, list[Waiting]]) -> list[Request]:
    """Each request once; its text is reported if anybody who asked wants it."""
    return [
        replace(own[0].request, streamed=any(w.request.streamed for w in own))
        for own in waiting.values()
    ]
