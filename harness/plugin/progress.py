"""Shows the progress bar within pytest's own output."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest

from harness.engine.events import Event
from harness.run.progress import ConsoleProgress


class TerminalProgress(ConsoleProgress):
    """A bar, or lines, below the line that pytest has begun; none with ``--quiet``, or
    without pytest's own output (``-p no:terminal``)."""

    def __init__(self, config: pytest.Config) -> None:
        super().__init__()
        self.reporter = config.pluginmanager.getplugin("terminalreporter")
        self.is_quiet = self.reporter is None or config.getoption("verbose") < 0

    def show_line(self, line: str) -> None:
        if self.reporter is not None:
            self.reporter.ensure_newline()
            sys.stdout.flush()
        super().show_line(line)

    @contextmanager
    def showing(self, what: str, requests: int) -> Iterator[Callable[[Event], object]]:
        # Checked here, where pytest does not capture standard error.
        if self.is_quiet:
            yield lambda event: None
            return
        if not sys.stderr.isatty():
            with super().showing(what, requests) as show:
                yield show
            return
        line = SavedLine(self.reporter)
        try:
            with super().showing(what, requests) as show:
                yield show
        finally:
            line.restore()


class SavedLine:
    """The line that pytest has begun ("suites/test_x.py ."), which goes on after the bar.

    pytest has no public API to write between its marks: this reads the state of its terminal
    reporter and of the reporter's writer, and restores both.
    """

    def __init__(self, reporter: Any) -> None:
        self.reporter, self.writer = reporter, reporter.config.get_terminal_writer()
        self.file, self.columns = reporter.currentfspath, self.writer.width_of_current_line
        self.line = self.writer._current_line
        reporter.ensure_newline()

    def restore(self) -> None:
        """Move the cursor back to pytest's line, and restore pytest's state of that line."""
        is_one_line = 0 < self.columns < self.writer.fullwidth
        if self.file is None or not is_one_line or not sys.stdout.isatty():
            return
        self.writer.flush()
        self.writer.write_raw(f"\x1b[A\x1b[{self.columns}C", flush=True)
        self.writer._current_line = self.line
        self.reporter.currentfspath = self.file


def uncaptured(config: pytest.Config) -> AbstractContextManager[None]:
    """Suspend pytest's output capture while models answer, so that the bar is visible.

    pytest has no public API for this in a hook; ``capsys.disabled`` is available to fixtures only.
    """
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is None:
        return nullcontext()
    found: AbstractContextManager[None] = capture.global_and_fixture_disabled()
    return found
