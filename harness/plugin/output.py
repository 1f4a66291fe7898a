"""pytest's own output in a session with behaviors: what comes from outside is made harmless in it.

Test ids, assertion messages, warnings and what a test printed hold words of models, tasks and
templates. Reports are cleaned as they are made, for every consumer; the writer cleans what is left.
Printing past pytest's capturing (``-s``) is beyond it.

An output that is full or no longer read does not end the session: its record is written, and the
exit code says that the output was lost.
"""

import os
import warnings
from collections.abc import Generator, Iterable
from typing import Any

import pytest

from harness.report.console.output import LastingOutput, OutputLost, say
from harness.report.words.escaping import safe, safe_line

OUTPUT_LOST = os.EX_IOERR
"""Exit code of a session whose output did not arrive, as of every command."""


def register(config: pytest.Config) -> None:
    """Clean the reports and the terminal writer of this session, which goes on without output."""
    config.pluginmanager.register(CleanReports(), "harness_clean_reports")
    if config.pluginmanager.has_plugin("terminalreporter"):
        writer = config.get_terminal_writer()
        config.pluginmanager.register(LostOutput(writer), "harness_lost_output")
        _clean(writer, config.pluginmanager.get_plugin("terminalreporter"))


def usage_error(mistakes: Iterable[str]) -> pytest.UsageError:
    """The error that ends a session with one line for each mistake; pytest writes it by itself."""
    return pytest.UsageError("\nERROR: ".join(map(safe_line, mistakes)))


def internal_error(line: str) -> Exception:
    """The error that ends a session for a fault of ours; pytest writes it by itself."""
    return pytest.exit.Exception(safe_line(line), returncode=pytest.ExitCode.INTERNAL_ERROR)


class CleanReports:
    """Cleans the texts of reports and warnings, so that not even their colors come from outside."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, Any]:
        report = yield
        report.longrepr = _cleaned(report.longrepr)
        report.sections = _cleaned(report.sections)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        warning_message.message = UserWarning(safe(str(warning_message.message)))


class LostOutput:
    """Keeps a session going whose output cannot be written, and ends it with a code of its own.

    pytest has no public way to do so: this puts a stream of ours before the writer's own.
    """

    def __init__(self, writer: Any) -> None:
        self.stream = writer._file = LastingOutput(writer._file)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Once the tables are printed: have all of the output arrive."""
        result = yield
        try:
            self.stream.require_arrived()
        except OutputLost as lost:
            say(f"harness: standard output cannot be written: {lost}", err=True)
            if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
                session.exitstatus = OUTPUT_LOST
        return result


def _cleaned(value: Any) -> Any:
    """The value with every text in it safe; the parts of a traceback are changed in place."""
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, list | tuple):
        return type(value)(map(_cleaned, value))
    if type(value).__module__.startswith("_pytest."):
        for name, inner in vars(value).items():
            object.__setattr__(value, name, _cleaned(inner))
    return value


def _clean(writer: Any, reporter: Any) -> None:
    """Have everything that pytest writes pass through ``safe``; its own colors stay on a terminal,
    and so do the lines that it writes over others.

    pytest has no public way to filter its output: this puts methods before its own.
    """
    write, line = writer.write, [""]

    def write_safely(text: str, *, flush: bool = False, **markup: bool) -> None:
        is_begun = bool(line[0].strip())
        shown = safe(text, has_color=writer.hasmarkup, is_begun=is_begun)
        line[0] = shown.rpartition("\n")[2] if "\n" in shown else line[0] + shown
        write(shown, flush=flush, **markup)

    def rewrite_safely(text: str, *, erase: bool = False, **markup: bool) -> None:
        line[0] = ""
        write("\r")
        write_safely(text.ljust(writer.fullwidth - 1) if erase else text, **markup)

    writer.write = write_safely
    reporter.rewrite = rewrite_safely
