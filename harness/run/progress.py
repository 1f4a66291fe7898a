"""A progress bar in the terminal while a model answers; where there is no terminal, nothing."""

import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from harness.core.printable import printable
from harness.engine.events import Answered, Event, Stepped


class Progress(Protocol):
    """Shows how models get on."""

    def showing(
        self, what: str, requests: int
    ) -> AbstractContextManager[Callable[[Event], object]]:
        """Show ``what`` is at work on so many requests; gives what is to be called with each event
        of it."""
        ...


class NoProgress:
    """Shows nothing."""

    @contextmanager
    def showing(self, what: str, requests: int) -> Iterator[Callable[[Event], object]]:
        yield lambda event: None


class ConsoleProgress(NoProgress):
    """Shows one bar for each model where standard error is a terminal."""

    @contextmanager
    def showing(self, what: str, requests: int) -> Iterator[Callable[[Event], object]]:
        if not sys.stderr.isatty():
            yield lambda event: None
            return
        bar = Bar(printable(what), requests)
        try:
            yield bar.take
        finally:
            bar.progress.stop()


def follow(
    events: Generator[Event, None, None],
    takers: Sequence[Callable[[Event], object]],
    progress: Progress,
    what: str,
    requests: int,
) -> None:
    """Hand each event to every one of ``takers``, then show it; end the events with the bar."""
    with progress.showing(what, requests) as show, closing(events):
        for event in events:
            for take in (*takers, show):
                take(event)


class Bar:
    """Requests answered, tokens a second, time left."""

    def __init__(self, name: str, requests: int) -> None:
        self.name = name
        self.tokens = self.ended = self.answered = 0
        self.started: float | None = None
        """Time of the first event of an answer: loading is not generating."""
        self.progress = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self.row = self.progress.add_task(f"{name}: loading", total=requests, rate="")
        self.progress.start()

    def take(self, event: Event) -> None:
        match event:
            case Stepped(_, tokens, ended):
                self.tokens += tokens
                self.ended += ended
                self._draw()
            case Answered():
                self.answered += 1
                self._draw()

    def _draw(self) -> None:
        """An answer that has ended counts at once; its batch may take a while to come back."""
        now = time.perf_counter()
        self.started = self.started or now
        seconds = now - self.started
        rate = f"{self.tokens / seconds:,.0f} tokens/s" if seconds else ""
        done = max(self.answered, self.ended)
        self.progress.update(self.row, description=self.name, completed=done, rate=rate)
