"""Shares batches among workers, and gives those of a lost worker to the others.

Knows no Ray: a worker is an object that answers a batch in the background.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.core.plan import Request, failed
from harness.engine.ray.actor import Reply

MAX_LOSSES = 2
"""Workers that may be lost with the same batch before its requests are errors."""
MAX_DEATHS_IN_A_ROW = 2
"""Consecutive batches in which a model's process may die before its worker gets no more."""

Batch = list[Request]


class Worker(Protocol):
    """One copy of the model, perhaps on another machine."""

    node: str
    """Address of its machine."""

    def ask(self, method: str, *arguments: object) -> "Future[Any]":
        """Begin a method of ``ModelActor``. With an exception for a result the worker is lost."""
        ...

    def end(self) -> None:
        """End it, whatever it does."""
        ...


@dataclass
class Dispatch:
    """Workers, each with at most one batch at a time, so that a lost one loses little."""

    workers: list[Worker]
    """The living ones."""
    reason: str = "there is no worker"
    """Reason for the loss of the last worker that was lost."""
    _deaths: Counter[int] = field(default_factory=Counter)
    """Consecutive deaths of a model's process, by id of the worker."""

    def answers(self, batches: Sequence[Batch], most: int) -> Iterator[Reply]:
        """The reply to each batch, in the order in which they come; ``most`` are asked at once. A
        batch that no worker can answer has errors for answers."""
        waiting, losses = deque(batches), Counter[str]()
        running: dict[Future[Reply], tuple[Worker, Batch]] = {}
        while waiting or running:
            busy = [worker for worker, _ in running.values()]
            idle = [worker for worker in self.workers if worker not in busy]
            for worker in idle[: max(0, most - len(busy))]:
                if waiting:
                    batch = waiting.popleft()
                    running[worker.ask("answer", batch)] = worker, batch
            if not running:
                yield from (errors(batch, self.reason) for batch in waiting)
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                worker, batch = running.pop(future)
                if error := future.exception():
                    self.lose(worker, error)
                    losses[batch[0].key] += 1
                    if losses[batch[0].key] < MAX_LOSSES:
                        waiting.appendleft(batch)
                    else:
                        yield errors(batch, self.reason)
                    continue
                self._count(worker, future.result())
                yield future.result()

    def lose(self, worker: Worker, error: BaseException | str) -> None:
        """Go on without a worker."""
        text = error if isinstance(error, str) else first_line(error)
        self.reason = f"the worker on {worker.node} was lost: {text}"
        self.workers.remove(worker)
        worker.end()

    def end(self) -> None:
        """End all workers."""
        while self.workers:
            self.workers.pop().end()

    def _count(self, worker: Worker, reply: Reply) -> None:
        """Give up a worker whose model's process dies of every batch."""
        self._deaths[id(worker)] = 0 if reply.is_open else self._deaths[id(worker)] + 1
        if self._deaths[id(worker)] >= MAX_DEATHS_IN_A_ROW:
            said = [completion.error for _, completion in reply.answers if completion.error]
            self.lose(worker, said[-1] if said else "its process dies of every batch")


def errors(batch: Batch, reason: str) -> Reply:
    """The reply to a batch that no worker answered."""
    return Reply(tuple((request.key, failed(request, reason)) for request in batch))


def first_line(error: BaseException) -> str:
    """The first line of an error of Ray, whose texts are pages."""
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
