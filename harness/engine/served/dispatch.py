"""Keeps requests in flight at several servers: threads for each, one queue for all."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.core.completion import Completion
from harness.core.errors import HarnessError, one_line
from harness.core.plan import Request, failed
from harness.engine.served.client import Server
from harness.engine.served.retries import GivenUp

Ask = Callable[[Server, Request], Completion]
Answer = tuple[Request, Completion]


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
    is_stopped: threading.Event = field(default_factory=threading.Event)
    """Set when nobody wants the answers any more."""
    _waiting: "queue.SimpleQueue[Request]" = field(default_factory=queue.SimpleQueue)
    _answers: "queue.SimpleQueue[Answer]" = field(default_factory=queue.SimpleQueue)

    def answers(self, requests: Sequence[Request]) -> Iterator[Answer]:
        """Each request with its completion or its error, in the order of the answers."""
        for request in requests:
            self._waiting.put(request)
        for _ in range(min(self.concurrency, len(requests))):
            for server in self.servers:
                # A daemon, since a request that hangs must not keep the session from ending.
                threading.Thread(target=self._work, args=(server,), daemon=True).start()
        try:
            for _ in requests:
                yield self._answers.get()
        finally:
            self.is_stopped.set()

    def _work(self, server: Server) -> None:
        while not self.is_stopped.is_set():
            try:
                request = self._waiting.get(timeout=0.2)
            except queue.Empty:
                continue
            if answer := self._answer(server, request):
                self._answers.put(answer)
            if server.is_lost and any(not s.is_lost for s in self.servers):
                return

    def _answer(self, server: Server, request: Request) -> Answer | None:
        """The answer, or ``None`` where the request goes to another server."""
        try:
            if server.is_lost:
                raise HarnessError(f"{server.url}: cannot be reached any more")
            return request, self.ask(server, request)
        except GivenUp as error:
            server.is_lost = server.is_lost or error.is_unreachable
            if error.is_unreachable and any(not s.is_lost for s in self.servers):
                self._waiting.put(request)
                return None
            return request, failed(request, one_line(error))
        except Exception as error:
            return request, failed(request, one_line(error))
