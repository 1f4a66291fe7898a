"""Shows a progress bar on a terminal while a model answers, and lines of text elsewhere."""

import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from harness.core.printable import printable
from harness.engine.events import Answered, Event, Stepped
from harness.run.progress_lines import ProgressLines


class Progress:
    """Shows how far models are: here nothing at all."""

    @contextmanager
    def showing(self, what: str, requests: int) -> Iterator[Callable[[Event], object]]:
        """Show that ``what`` is at work on so many requests; gives a function to call with each of
        its events."""
        yield lambda event: None


class ConsoleProgress(Progress):
    """Shows one bar for each model where standard error is a terminal, else a line now and then."""

    def __init__(self) -> None:
        self.lines = ProgressLines(self.show_line)

    def show_line(self, line: str) -> None:
        """Write one line of progress."""
        print(printable(f"harness: {line}"), file=sys.stderr, flush=True)

    @contextmanager
    def showing(self, what: str, requests: int) -> Iterator[Callable[[Event], object]]:
        if not sys.stderr.isatty():
            with self.lines.showing(printable(what), requests) as take:
                yield take
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
    """Pass each event to all ``takers`` and then to the bar."""
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
        """Start of the rate: the first event of an answer, so that loading does not count."""
        self.progress = RichProgress(
            TextColumn("{task.description}", markup=False),
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
        """Count an ended answer at once, before its batch is finished."""
        now = time.perf_counter()
        self.started = self.started or now
        seconds = now - self.started
        rate = f"{self.tokens / seconds:,.0f} tokens/s" if seconds else ""
        done = max(self.answered, self.ended)
        self.progress.update(self.row, description=self.name, completed=done, rate=rate)
