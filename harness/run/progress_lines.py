"""Progress as lines of text, where standard error is no terminal: a log, a pipe, a CI job."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.engine.events import Answered, Event, Stepped

LINE_SECONDS = 30.0
LINE_ANSWERS = 500
"""Answers after which there is a line, whatever the time."""


class ProgressLines:
    """Writes a line every ``LINE_SECONDS`` or ``LINE_ANSWERS``; short work has none.

    The time counts from the last line, also when another model or step is shown since.
    """

    def __init__(
        self, write: Callable[[str], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._write = write
        self._clock = clock
        self._last = clock()
        self._last_done = 0
        self._lock = threading.Lock()

    @contextmanager
    def showing(self, what: str, requests: int) -> Iterator[Callable[[Event], object]]:
        """Show ``what``. A thread looks at the time, since a model may be silent for long."""
        counts, has_ended = Counts(what, requests, self._clock), threading.Event()
        self._last_done = 0

        def take(event: Event) -> None:
            counts.take(event)
            self.look(counts)

        def watch() -> None:
            while not has_ended.wait(LINE_SECONDS / 10):
                self.look(counts)

        threading.Thread(target=watch, daemon=True).start()
        try:
            yield take
        finally:
            has_ended.set()

    def look(self, counts: "Counts") -> None:
        """Write a line if one is due."""
        with self._lock:
            now = self._clock()
            answers = counts.done - self._last_done
            if now - self._last >= LINE_SECONDS or answers >= LINE_ANSWERS:
                self._last, self._last_done = now, counts.done
                self._write(counts.line())


class Counts:
    """Answers and tokens of one model so far."""

    def __init__(self, what: str, requests: int, clock: Callable[[], float]) -> None:
        self.what = what
        self.requests = requests
        self.answered = self.ended = self.tokens = 0
        self._clock = clock
        self._begun = clock()
        self._started: float | None = None
        """Time of the first event of an answer: loading does not count into the rate."""

    @property
    def done(self) -> int:
        """Answers that have ended, whether their batch came back or not."""
        return max(self.answered, self.ended)

    def take(self, event: Event) -> None:
        match event:
            case Stepped(_, tokens, ended):
                self.tokens += tokens
                self.ended += ended
            case Answered():
                self.answered += 1
            case _:
                return
        if self._started is None:
            self._started = self._clock()

    def line(self) -> str:
        """``base:x: 120 of 300 answers, 350 tokens/s, 1:20 left``."""
        now = self._clock()
        if self._started is None:
            return f"{self.what}: no answer yet after {duration(now - self._begun)}"
        seconds, parts = now - self._started, [f"{self.done} of {self.requests} answers"]
        if seconds > 0 and self.tokens:
            parts.append(f"{self.tokens / seconds:,.0f} tokens/s")
        if self.done:
            parts.append(f"{duration(seconds / self.done * (self.requests - self.done))} left")
        return f"{self.what}: {', '.join(parts)}"


def duration(seconds: float) -> str:
    """``1:05``, ``2:03:05``."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
