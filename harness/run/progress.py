"""Draws a bar in the terminal while a model generates; where there is no terminal, nothing."""

import sys
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from harness.core.printable import printable

if TYPE_CHECKING:
    import pytest


class ConsoleProgress:
    """Shows one bar for each model where standard error is a terminal."""

    def __init__(self) -> None:
        self.bar: Bar | None = None

    def on_start(self, what: object, requests: int) -> None:
        if sys.stderr.isatty():
            self.bar = Bar(printable(str(what)), requests)

    def on_step(self, tokens: int, ended: int) -> None:
        if self.bar is not None:
            self.bar.step(tokens, ended)

    def on_answer(self) -> None:
        if self.bar is not None:
            self.bar.answer()

    def on_end(self) -> None:
        if self.bar is not None:
            self.bar.progress.stop()
            self.bar = None


class TerminalProgress(ConsoleProgress):
    """The same within pytest's own output, unless pytest is to be quiet."""

    def __init__(self, config: "pytest.Config") -> None:
        super().__init__()
        self.reporter = config.pluginmanager.getplugin("terminalreporter")
        self.is_quiet = config.getoption("verbose") < 0
        self.begun: Begun | None = None

    def on_start(self, what: object, requests: int) -> None:
        # Asked here, where pytest does not capture: elsewhere standard error is a file of pytest's.
        if self.is_quiet or not sys.stderr.isatty():
            return
        self.begun = Begun(self.reporter) if self.reporter is not None else None
        super().on_start(what, requests)

    def on_end(self) -> None:
        super().on_end()
        if self.begun is not None:
            self.begun.go_on()
            self.begun = None


class Begun:
    """The line that pytest has begun ("suites/test_x.py ."): the bar stands below it for a while,
    and what follows goes on where the line stopped."""

    def __init__(self, reporter: Any) -> None:
        self.reporter, self.writer = reporter, reporter.config.get_terminal_writer()
        self.file, self.columns = reporter.currentfspath, self.writer.width_of_current_line
        self.line = self.writer._current_line
        reporter.ensure_newline()

    def go_on(self) -> None:
        """Go back up, where both are one terminal: pytest's own account of the line included."""
        is_one_line = 0 < self.columns < self.writer.fullwidth
        if self.file is None or not is_one_line or not sys.stdout.isatty():
            return
        self.writer.flush()
        self.writer.write(f"\x1b[A\x1b[{self.columns}C", flush=True)
        self.writer._current_line = self.line
        self.reporter.currentfspath = self.file


class Bar:
    """Requests answered, tokens a second, time left."""

    def __init__(self, name: str, requests: int) -> None:
        self.name = name
        self.tokens = self.ended = self.answered = 0
        self.started: float | None = None
        """When the first tokens were heard of: loading is not generating."""
        self.progress = Progress(
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

    def step(self, tokens: int, ended: int) -> None:
        self.tokens += tokens
        self.ended += ended
        self._draw()

    def answer(self) -> None:
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
