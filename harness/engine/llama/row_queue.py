"""Rows that wait for llama.cpp's decoders: of a plan, or of requests that come meanwhile."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Protocol

from harness.core.completion import Completion
from harness.core.plan import Request
from harness.engine.continuous import OpenBatch
from harness.engine.llama.prompt_lookup import NgramTable
from harness.engine.row import Row

QUANTUM = 4
"""The number of tokens in a batch of llama.cpp is a multiple of this."""
MIN_TOKENS = 8
"""The fewest tokens of one batch."""
MIN_PREFIX = 16
"""A shorter common prefix is not worth a copy."""
IDLE_SECONDS = 0.005
"""Time after which a decoder without rows looks for some, while others decode."""


class RowQueue(Protocol):
    """Rows that wait for any of several decoders."""

    ngrams: NgramTable
    """N-grams of all answers."""

    def __bool__(self) -> bool:
        """True while rows wait."""
        ...

    def take(self, most: int, own: int) -> list[Row]:
        """At most ``most`` rows for a decoder that has ``own`` open ones."""
        ...

    def prefix_for(self, rows: Sequence[Row], held: list[int]) -> list[int]:
        """The prefix that a decoder should hold for rows which it has taken; it holds ``held``."""
        ...

    def leave(self, rows: Sequence[Row]) -> None:
        """Rows have been decoded."""
        ...

    def is_active(self) -> bool:
        """False where a decoder that has no row, and got none, may end; waits a moment else."""
        ...

    def stop(self) -> None:
        """A decoder has failed: the others end."""
        ...


class GivenQueue:
    """The rows of a plan, whose common prefix all decoders hold."""

    def __init__(self, rows: Sequence[Row]) -> None:
        """``rows``: in the order in which decoders take them."""
        self.ngrams = NgramTable()
        self._prefix = rows[0].prompt[: common_prefix([row.prompt for row in rows])]
        self._rows = deque(rows)
        self._lock = Lock()
        began = time.perf_counter()
        for row in rows:
            row.began = began

    def __bool__(self) -> bool:
        return bool(self._rows)

    def take(self, most: int, own: int) -> list[Row]:
        with self._lock:
            return [self._rows.popleft() for _ in range(min(most, len(self._rows)))]

    def prefix_for(self, rows: Sequence[Row], held: list[int]) -> list[int]:
        return self._prefix

    def leave(self, rows: Sequence[Row]) -> None:
        """They are looked at when all have ended."""

    def is_active(self) -> bool:
        return False

    def stop(self) -> None:
        """The other decoders go on: a failure fails the batch when they have ended."""


class ArrivingQueue:
    """The rows of an open batch's requests, as long as those that wait fit into the decoders'
    contexts."""

    def __init__(
        self,
        batch: OpenBatch,
        decoders: int,
        most_width: int,
        read: Callable[[Request], Row | Completion],
        completion: Callable[[Request, Row], Completion],
    ) -> None:
        """
        Args:
            batch: the batch.
            decoders: those that share the rows.
            most_width: width of the longest row that fits.
            read: as ``OpenBatch.enter`` has it.
            completion: as ``OpenBatch.leave`` has it.
        """
        self.ngrams = NgramTable()
        self.by_key: dict[str, Row] = {}
        """The open rows, by their requests' keys."""
        self._batch = batch
        self._decoders = decoders
        self._most_width = most_width
        self._read = read
        self._completion = completion
        self._last: list[int] = []
        """Prompt of the row that entered last."""
        self._is_stopped = False

    def __bool__(self) -> bool:
        return not self._is_stopped and self._batch.waiting > 0

    def take(self, most: int, own: int) -> list[Row]:
        total = self._batch.inside + self._batch.waiting
        share = max(MIN_TOKENS, -(-total // self._decoders))
        return self._batch.enter(min(most, share - own), self._read, self._fits)

    def prefix_for(self, rows: Sequence[Row], held: list[int]) -> list[int]:
        if held and all(begins_with(row.prompt, held) for row in rows):
            return held
        prompts = [row.prompt for row in rows] + ([self._last] if self._last else [])
        self._last = rows[-1].prompt
        return prompts[0][: common_prefix(prompts)] or held

    def leave(self, rows: Sequence[Row]) -> None:
        self._batch.leave(rows, self._completion)
        for row in rows:
            if self.by_key.get(row.key) is row:
                del self.by_key[row.key]

    def is_active(self) -> bool:
        if self._is_stopped or not self._batch.inside:
            return False
        time.sleep(IDLE_SECONDS)
        return True

    def stop(self) -> None:
        self._is_stopped = True

    def _fits(self, request: Request, row: Row) -> bool:
        if row.width > self._most_width:
            return False
        row.began = time.perf_counter()
        self.by_key[row.key] = row
        return True


def begins_with(prompt: list[int], prefix: list[int]) -> bool:
    """True if the prompt may be decoded after a shared ``prefix`` as it would be without."""
    rest = (len(prompt) - 1) // QUANTUM * QUANTUM - len(prefix)
    return prompt[: len(prefix)] == prefix and rest >= 0 and not 0 < rest < MIN_TOKENS


def common_prefix(prompts: Sequence[list[int]]) -> int:
    """Length of the prefix that all prompts share, a multiple of ``QUANTUM``; 0 where sharing does
    not pay. It never contains a prompt's last token and leaves every prompt enough tokens for a
    batch, so that they are fed as they would be without a shared prefix."""
    if len(prompts) < 2:
        return 0
    first, last = min(prompts), max(prompts)
    most = min(len(p) for p in prompts) - 1
    common = next((i for i in range(most) if first[i] != last[i]), most) // QUANTUM * QUANTUM
    if any(0 < (len(p) - 1) // QUANTUM * QUANTUM - common < MIN_TOKENS for p in prompts):
        common -= MIN_TOKENS
    return common if common >= MIN_PREFIX else 0
