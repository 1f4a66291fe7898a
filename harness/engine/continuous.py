"""A batch that requests enter and leave while it is decoded, in the backend's process."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, Protocol, runtime_checkable

from harness.core.completion import Completion
from harness.core.errors import one_line
from harness.core.plan import Request, failed
from harness.core.values import value_of
from harness.engine.model import OnStep
from harness.engine.row import Row


class OpenBatch:
    """Requests in their order of arrival: those that wait, and those that are decoded. Any thread
    may call it."""

    def __init__(
        self,
        requests: Iterable[Request],
        receive: Callable[[], Iterable[Mapping[str, Any]]],
        entered: Callable[[Request], None],
        answered: Callable[[Sequence[tuple[Request, Completion]]], None],
    ) -> None:
        """
        Args:
            requests: those that wait at the beginning.
            receive: gives the messages ``enter`` and ``leave`` that have come since its last call.
            entered: called with each request that is about to be decoded.
            answered: called with requests and their answers as soon as these are there.
        """
        self._waiting = deque(requests)
        self._receive = receive
        self._entered = entered
        self._answered = answered
        self._inside: dict[str, tuple[Request, Row]] = {}
        self._lock = Lock()

    @property
    def inside(self) -> int:
        """Requests that are decoded."""
        return len(self._inside)

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        with self._lock:
            self._take_messages()
            return len(self._waiting)

    def first(self) -> Request | None:
        """The request that has waited longest."""
        return self._waiting[0] if self.waiting else None

    def enter(
        self,
        most: int,
        read: Callable[[Request], Row | Completion],
        fits: Callable[[Request, Row], bool],
    ) -> list[Row]:
        """Rows of at most ``most`` waiting requests. The first that does not fit ends them, so that
        none is overtaken for ever.

        Args:
            most: see above.
            read: the row of a request, or its answer where it cannot be decoded.
            fits: may the row be decoded beside the others; called in turn.
        """
        rows: list[Row] = []
        with self._lock:
            self._take_messages()
            while self._waiting and len(rows) < most:
                request = self._waiting.popleft()
                row = _read(request, read)
                if isinstance(row, Completion):
                    self._answered([(request, row)])
                elif fits(request, row):
                    self._inside[request.key] = request, row
                    self._entered(request)
                    rows.append(row)
                else:
                    self._waiting.appendleft(request)
                    break
        return rows

    def leave(self, rows: Iterable[Row], completion: Callable[[Request, Row], Completion]) -> None:
        """Answer the requests of rows that are no longer open, where they are still wanted."""
        with self._lock:
            over = [(row, self._inside.get(row.key)) for row in rows]
            done = [found for row, found in over if found is not None and found[1] is row]
            for request, _ in done:
                del self._inside[request.key]
            if done:
                self._answered([(request, completion(request, row)) for request, row in done])

    def abandon(self) -> list[Request]:
        """The requests that are decoded, which leave without an answer."""
        with self._lock:
            left, self._inside = [request for request, _ in self._inside.values()], {}
            return left

    def _take_messages(self) -> None:
        for message in self._receive():
            if message["kind"] == "enter":
                self._waiting += (value_of(Request, r) for r in message["requests"])
                continue
            for key in message["keys"]:
                self._drop(key)

    def _drop(self, key: str) -> None:
        self._waiting = deque(r for r in self._waiting if r.key != key)
        if key in self._inside:
            _, row = self._inside.pop(key)
            row.is_dropped = True


@runtime_checkable
class ContinuousModel(Protocol):
    """An ``OpenModel`` whose batch requests enter and leave while it is decoded."""

    def generate_continuously(self, batch: OpenBatch, on_step: OnStep) -> None:
        """Answer the requests of a batch until none waits and none is decoded."""
        ...


def _read(request: Request, read: Callable[[Request], Row | Completion]) -> Row | Completion:
    try:
        return read(request)
    except Exception as error:
        return failed(request, one_line(error))
