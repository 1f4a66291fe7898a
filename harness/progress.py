"""Draws a bar in the terminal while a model generates; where there is no terminal, nothing."""

import sys
import time

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from harness.core.modelref import ModelRef
from harness.core.printable import printable


class TerminalProgress:
    """One bar for each model: requests answered, tokens a second, time left."""

    def __init__(self, config: pytest.Config) -> None:
        self.reporter = config.pluginmanager.getplugin("terminalreporter")
        self.is_quiet = config.getoption("verbose") < 0
        self.progress: Progress | None = None

    def on_start(self, ref: ModelRef, requests: int) -> None:
        # Asked here, where pytest does not capture: elsewhere standard error is a file of pytest's.
        if self.is_quiet or not sys.stderr.isatty():
            return
        if self.reporter is not None:
            self.reporter.ensure_newline()
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        name = printable(str(ref))
        self.bar = self.progress.add_task(f"{name}: loading", total=requests, rate="")
        self.name, self.tokens, self.started = name, 0, 0.0
        self.progress.start()

    def on_tokens(self, count: int) -> None:
        if self.progress is None:
            return
        now = time.perf_counter()
        self.started = self.started or now
        self.tokens += count
        rate = self.tokens / (now - self.started) if now > self.started else 0
        self.progress.update(self.bar, description=self.name, rate=f"{rate:,.0f} tokens/s")

    def on_answer(self) -> None:
        if self.progress is not None:
            self.progress.update(self.bar, description=self.name, advance=1)

    def on_end(self) -> None:
        if self.progress is not None:
            self.progress.stop()
            self.progress = None
