"""Rows for a decoding loop: of a plan, or of requests that come while others are decoded."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from harness.core.completion import Completion
from harness.core.plan import Request
from harness.engine.continuous import OpenBatch
from harness.engine.row import Row

REFILL_SHARE = 0.5
"""Rows of a plan that wait are admitted once at most this share of the places is taken: each
admission is a pass of its own, which reads all weights."""
MAX_ROWS = 64
"""Rows of requests that come while others are decoded."""
ENTER_STEPS = 4
"""Steps after which such requests enter, or sooner where they are at least ``ENTER_SHARE`` of the
rows: each time is a pass of its own."""
ENTER_SHARE = 1 / 8


class RowSource(Protocol):
    """Gives rows to a decoding loop, which gives them back when they are no longer open."""

    def enter(self, running: Sequence[Row], *, is_joinable: bool) -> list[Row]:
        """Rows to be decoded from the next step on. None beside no running ones: there are no more.

        Args:
            running: the open rows.
            is_joinable: others may be decoded beside them.
        """
        ...

    def leave(self, rows: Sequence[Row]) -> None: ...


class GivenRows:
    """The rows of a plan, at most ``most`` at once, in their order."""

    def __init__(self, rows: Sequence[Row], most: int) -> None:
        self.waiting = deque(rows)
        self.most = most
        began = time.perf_counter()
        for row in rows:
            row.began = began

    def enter(self, running: Sequence[Row], *, is_joinable: bool) -> list[Row]:
        share = REFILL_SHARE if is_joinable else 0
        if running and len(running) > share * self.most:
            return []
        free = min(self.most - len(running), len(self.waiting))
        return [self.waiting.popleft() for _ in range(free)]

    def leave(self, rows: Sequence[Row]) -> None:
        """They are looked at when all have ended."""


class ArrivingRows:
    """The rows of an open batch's requests."""

    def __init__(
        self,
        batch: OpenBatch,
        most_tokens: int,
        read: Callable[[Request], Row | Completion],
        completion: Callable[[Request, Row], Completion],
    ) -> None:
        """
        Args:
            batch: the batch.
            most_tokens: tokens that the cache may hold.
            read: as ``OpenBatch.enter`` has it.
            completion: as ``OpenBatch.leave`` has it.
        """
        self.by_key: dict[str, Row] = {}
        """The open rows, by their requests' keys."""
        self.batch = batch
        self.most_tokens = most_tokens
        self._read = read
        self._completion = completion
        self._steps = 0

    def enter(self, running: Sequence[Row], *, is_joinable: bool) -> list[Row]:
        self._steps += 1
        if running and not (is_joinable and self._is_time(len(running))):
            return []
        widths = [row.width for row in running]

        def fits(request: Request, row: Row) -> bool:
            needed = max([*widths, row.width]) * (len(widths) + 1)
            if widths and needed > self.most_tokens:
                return False
            row.began = time.perf_counter()
            self.by_key[row.key] = row
            widths.append(row.width)
            return True

        return self.batch.enter(MAX_ROWS - len(running), self._read, fits)

    def _is_time(self, running: int) -> bool:
        return self._steps % ENTER_STEPS == 0 or self.batch.waiting >= ENTER_SHARE * running

    def leave(self, rows: Sequence[Row]) -> None:
        self.batch.leave(rows, self._completion)
        for row in rows:
            if self.by_key.get(row.key) is row:
                del self.by_key[row.key]
