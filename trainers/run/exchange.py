"""Passes values and gradients between the processes of one training.

The libraries below are not told of the other processes: no default process group is made, and the
launcher's variables are hidden from them. Each process runs the training of a single one, and
``trainers.run.shares`` divides the work.
"""

import atexit
import contextlib
import json
import os
import pickle
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import distributed
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from harness.core.errors import HarnessError
from trainers.run.processes import FAILED, NAMES, Processes

Value = TypeVar("Value")

PATIENCE = timedelta(minutes=30)
"""The longest that a process waits for another, which may be writing a checkpoint meanwhile."""
LOST = "another process of this training ended or does not answer, its own lines say why"
SECONDS_FOR_REASON = 5
"""The longest that the first process waits for the error of one that has left it."""
SECONDS_FOR_FIRST = 30
"""The longest that others wait for it."""
_FAILURE, _ENDED = "harness/failure", "harness/ended"
"""Keys of the processes' store."""


class Exchange:
    """The processes of a training, for collective calls: all make them, in the same order."""

    def __init__(self, processes: Processes, group: Any = None) -> None:
        """Of a single process there is no group, and nothing is passed."""
        self.rank, self.count = processes.rank, processes.count
        self.local_count = processes.local_count
        self._group = group

    @property
    def is_first(self) -> bool:
        """This process writes and prints."""
        return self.rank == 0

    def broadcast(self, tensor: torch.Tensor, source: int) -> torch.Tensor:
        """``tensor`` of one process; the others give one of its shape and type, and lose it.

        Raises:
            HarnessError: a process is gone.
        """
        if self._group is None:
            return tensor
        passed = tensor.cpu().contiguous()
        try:
            self._group.broadcast(passed, source).wait()
        except RuntimeError as error:
            raise HarnessError(LOST) from error
        return passed.to(tensor.device)

    def all(self, value: Value) -> list[Value]:
        """The value of each process, by rank."""
        return [self._value_of(source, value) for source in range(self.count)]

    def together(self, work: Callable[[], Value]) -> Value:
        """The result of work that each process does; where it fails in one, all fail.

        Raises:
            HarnessError: the mistakes of all processes, each once.
        """
        result: Value | None = None
        mistakes: tuple[str, ...] = ()
        try:
            result = work()
        except HarnessError as error:
            mistakes = error.mistakes
        first, *others = self.all(mistakes)
        found = [*first]
        for rank, own in enumerate(others, 1):
            found += [f"process {rank}: {mistake}" for mistake in own if mistake not in first]
        if found:
            raise HarnessError(*found)
        return result  # type: ignore[return-value]

    def _value_of(self, source: int, value: Any) -> Any:
        if self._group is None:
            return value
        is_own = source == self.rank
        content = bytearray(pickle.dumps(value)) if is_own else bytearray()
        size = int(self.broadcast(torch.tensor([len(content)]), source))
        empty = torch.empty(size, dtype=torch.uint8)
        passed = torch.frombuffer(content, dtype=torch.uint8) if is_own else empty
        passed = self.broadcast(passed, source)
        return value if is_own else pickle.loads(passed.numpy().tobytes())


ALONE = Exchange(Processes())


@contextlib.contextmanager
def joined(processes: Processes) -> Iterator[Exchange]:
    """The exchange of these processes, once all have come.

    An error within is one that all processes have, or that ends them: the first one says it.

    Raises:
        HarnessError: they did not come.
        SystemExit: in place of an error, in other processes than the first.
    """
    if processes.count == 1:
        yield Exchange(processes)
        return
    try:
        store, rank, count = next(rendezvous("env://", timeout=PATIENCE))
        group = distributed.ProcessGroupGloo(PrefixStore("harness", store), rank, count, PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise HarnessError(f"the {processes.count} processes cannot meet: {error}") from error
    try:
        with _hidden():
            yield Exchange(processes, group)
    except HarnessError as error:
        group.shutdown()
        raise _told(error, processes, store) from error
    group.shutdown()


def _told(error: HarnessError, processes: Processes, store: Any) -> BaseException:
    """The first process' error, or the reason why it was left alone; of others a silent exit.

    They wait until the first one has ended: a launcher kills all processes where one fails, and the
    first one may have yet to say why.
    """
    if processes.rank == 0:
        atexit.register(store.set, _ENDED, "")
        if LOST in error.mistakes:
            with contextlib.suppress(RuntimeError):
                store.wait([_FAILURE], timedelta(seconds=SECONDS_FOR_REASON))
                others = [mistake for mistake in error.mistakes if mistake != LOST]
                return HarnessError(*json.loads(store.get(_FAILURE)), *others)
        return error
    if LOST not in error.mistakes:
        named = [f"process {processes.rank}: {mistake}" for mistake in error.mistakes]
        store.set(_FAILURE, json.dumps(named))
    with contextlib.suppress(RuntimeError):
        store.wait([_ENDED], timedelta(seconds=SECONDS_FOR_FIRST))
    return SystemExit(FAILED)


@contextlib.contextmanager
def _hidden() -> Iterator[None]:
    """Take the launcher's variables out of the environment."""
    before = {name: os.environ.pop(name) for name in NAMES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(before)
