"""Keeps requests in flight at several servers: threads for each, one queue for all."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from harness.core.completion import Completion
from harness.core.errors import HarnessError, one_line
from harness.core.plan import Request, failed
from harness.engine.model import INTERRUPTED
from harness.engine.served.client import Server
from harness.engine.served.retries import GivenUp

Answer = tuple[Request, Completion]
WAIT_SECONDS = 0.2
"""Seconds between looks at whether the answers are still wanted."""


@dataclass(frozen=True, slots=True)
class Said:
    """Text that was appended to a streamed answer."""

    request: Request
    text: str


OnText = Callable[[str], None]
"""Called with all of a streamed answer's text so far."""
Ask = Callable[[Server, Request, OnText], Completion]


@dataclass
class Dispatch:
    """Has servers answer requests, each with a bounded number in flight.

    The requests of a server that cannot be reached go to the others; once there is none left, they
    are errors.
    """

    servers: Sequence[Server]
    concurrency: int
    """Requests in flight at each server."""
    ask: Ask
    is_interrupted: threading.Event = field(default_factory=threading.Event)
    """Set by whoever asks when the answers that are not there yet are to be errors."""
    is_stopped: threading.Event = field(default_factory=threading.Event)
    """Set when nobody wants the answers any more."""
    _waiting: "queue.SimpleQueue[Request]" = field(default_factory=queue.SimpleQueue)
    _answers: "queue.SimpleQueue[Answer | Said]" = field(default_factory=queue.SimpleQueue)
    _said: dict[str, str] = field(default_factory=dict)
    """The text that was reported of a streamed answer, which goes on where it is asked again."""

    def answers(self, requests: Sequence[Request]) -> Iterator[Answer | Said]:
        """Each request with its completion or its error, in the order of the answers, and before it
        the text of a streamed one."""
        left = {request.key: request for request in requests}
        for request in requests:
            self._waiting.put(request)
        for _ in range(min(self.concurrency, len(requests))):
            for server in self.servers:
                # A daemon, since a request that hangs must not keep the session from ending.
                threading.Thread(target=self._work, args=(server,), daemon=True).start()
        try:
            while left and (answer := self._next()):
                if not isinstance(answer, Said):
                    left.pop(answer[0].key, None)
                yield answer
            yield from ((request, failed(request, INTERRUPTED)) for request in left.values())
        finally:
            self.is_stopped.set()

    def _work(self, server: Server) -> None:
        while not self.is_stopped.is_set():
            try:
                request = self._waiting.get(timeout=WAIT_SECONDS)
            except queue.Empty:
                continue
            if answer := self._answer(server, request):
                self._answers.put(answer)
            if server.is_lost and any(not s.is_lost for s in self.servers):
                return

    def _next(self) -> "Answer | Said | None":
        """What comes next; ``None`` once the answers are interrupted."""
        while not self.is_interrupted.is_set():
            try:
                return self._answers.get(timeout=WAIT_SECONDS)
            except queue.Empty:
                continue
        return None

    def _say(self, request: Request, text: str) -> None:
        if self.is_stopped.is_set():  # To close the connection lets the server end its work.
            raise HarnessError(INTERRUPTED)
        said = self._said.get(request.key, "")
        if len(text) > len(said) and text.startswith(said):
            self._said[request.key] = text
            self._answers.put(Said(request, text[len(said) :]))

    def _answer(self, server: Server, request: Request) -> Answer | None:
        """The answer, or ``None`` where the request goes to another server."""
        try:
            if server.is_lost:
                raise HarnessError(f"{server.url}: cannot be reached any more")
            return request, self.ask(server, request, partial(self._say, request))
        except GivenUp as error:
            server.is_lost = server.is_lost or error.is_unreachable
            if error.is_unreachable and any(not s.is_lost for s in self.servers):
                self._waiting.put(request)
                return None
            return request, failed(request, one_line(error))
        except Exception as error:
            return request, failed(request, one_line(error))
