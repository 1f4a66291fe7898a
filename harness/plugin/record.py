"""Writes the run's record: an outline at its start, the whole record at the end of the session."""

import shlex
import signal
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError, one_line
from harness.core.modelref import ModelRef
from harness.core.portable import command_line
from harness.core.printable import printable
from harness.core.record import FORMAT_SUCCESS, RunRecord
from harness.engine.events import Event, ModelOpened
from harness.files.paths import short_path
from harness.plugin.items import is_behavior
from harness.plugin.option_names import option_of
from harness.plugin.output import internal_error, usage_error
from harness.plugin.session import HarnessSession
from harness.records.attempts import with_attempts
from harness.records.runs import clear_unfinished_runs, write_outline, write_run
from harness.records.space import check_space
from harness.run.preflight import PreflightResult, ToolNeeds, preflight, with_warnings
from harness.run.session import Run
from harness.run.trained_cases import with_trained_cases


def plugins(session: HarnessSession) -> Iterator[object]:
    """The writer of the record, in every session, and what raises its error at the end."""
    writer = RecordWriter(
        session, _preflight(session), command=command_line("pytest", sys.argv[1:])
    )
    yield from (writer, writer.ending)


def _preflight(session: HarnessSession) -> PreflightResult:
    """Preflight results of the session's models, where the models are known and are asked."""
    if session.merged is not None:
        return PreflightResult()
    try:
        refs = tuple(dict.fromkeys(s.ref for s in session.subjects))
        names = dict.fromkeys(name for s in session.subjects for name in s.task.template)
        trusts_code = session.options.choices.engine.trust_remote_code
        tools = ToolNeeds.of(dict.fromkeys(s.task for s in session.subjects))
        return preflight(refs, names, trusts_code=trusts_code, tools=tools)
    except HarnessError as error:
        session.mistakes += error.mistakes
        return PreflightResult()


class RecordWriter:
    """Writes the record, passes it to ``pytest_harness_run_finished``, and prints its table."""

    def __init__(
        self, session: HarnessSession, found: PreflightResult, command: tuple[str, ...]
    ) -> None:
        self.session = session
        self.found = found
        self.command = command
        self.report_dir = session.options.report_dir
        self.unfinished: set[str] = set()
        """Node ids of behaviors that have not finished."""
        self.record: RunRecord | None = None
        self.ending = Ending()
        self.outlined: set[ModelRef] = set()
        """Models that the outline on disk has."""
        self.folder: Path | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Check the free disk space, and follow the models."""
        run = self.session.run
        if run is None:
            return
        self.unfinished = {item.nodeid for item in session.items if is_behavior(item)}
        try:
            check_space(self.report_dir, chain.from_iterable(run.plan.requests.values()))
        except HarnessError as error:
            raise usage_error(map(self.session.named, error.mistakes)) from None
        clear_unfinished_runs(self.report_dir)
        run.subscribers.append(self._outline)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self.unfinished.discard(report.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        with _ended_as_by_ctrl_c():
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the record of all answers; a missed composite budget fails the session."""
        run = self.session.run
        if run is None or not run.answers.models:
            return
        try:
            self.record = self._made(run)
            self.record = record = with_attempts(self.record, self.report_dir)
            self.folder = write_run(record, self.report_dir)
        except Exception as error:
            self.ending.error = self._unwritten(error)
            return
        if record.status == "complete":
            self.session.store.forget_served(run.plan.requests)
        missed = [r for r in record.results if r.behavior == FORMAT_SUCCESS and r.met is False]
        # What was ended early is no pass, whatever its part shows.
        if (missed or run.plan.is_of_a_part) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        try:
            session.config.hook.pytest_harness_run_finished(config=session.config, record=record)
        except Exception as error:  # of a user's own hook: raised again after the tables
            self.ending.error = error

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table of behaviors, and the path of the record."""
        if self.record is None or self.session.config.getoption("no_summary"):
            return
        from harness.report.console.screen import as_text
        from harness.report.terminal import Summary

        reporter, config = terminalreporter, self.session.config
        reporter.section("behaviors", "-")
        if not option_of(config, "--model") and self.session.merged is None:
            refs = ", ".join(model.ref for model in self.record.models)
            reporter.write_line(f"No --model: the models of [tool.harness] were run: {refs}")
        width = config.get_terminal_writer().fullwidth
        reporter.write(as_text(Summary(self.record), width=width, color=reporter.hasmarkup))
        store = self.session.store
        for line in (*_from_store(self.record, len(store.bare)), *store.notes):
            reporter.write_line(printable(line))
        if self.folder is not None:
            reporter.write_line(f"record: {short_path(self.folder)}")
            if self.record.status == "partial" and not _is_replay(self.record):
                reporter.write_line(f"judge the answers it has: {self._judge_again()}")

    def _judge_again(self) -> str:
        """A command that judges what a partial run answered."""
        assert self.record is not None
        assert self.folder is not None
        refs = [model.ref for model in self.record.models]
        run = f"record:{short_path(self.folder)}"
        models = [run] if len(refs) == 1 else [f"{run}+model={ref}" for ref in refs]
        suites = self.session.config.args
        given = [text for model in models for text in ("--model", model)]
        return self.session.named(shlex.join(["pytest", *suites, *given]))

    def _outline(self, event: Event) -> None:
        """Write what is known of the run when a model opens for the first time. What is replayed is
        on disk already."""
        if not isinstance(event, ModelOpened) or event.ref in self.outlined:
            return
        self.outlined.add(event.ref)
        if event.model.is_measurable:
            with suppress(OSError):  # A disk that fails is reported when the record is written.
                write_outline(self.session.the_run.outline(self.command), self.report_dir)

    def _made(self, run: Run) -> RunRecord:
        is_whole = not self.unfinished and not run.is_cut
        record = run.record("complete" if is_whole else "partial", self.command)
        if self.session.merged is not None:
            return self.session.merged.completed(record, run.plan)
        return with_trained_cases(with_warnings(record, self.found.warnings), run.plan)

    def _unwritten(self, error: Exception) -> Exception:
        """How the session ends whose record could not be written, with advice."""
        kept = ""
        if self.session.store.is_in_use:
            kept = "; its answers are in the store, the same command takes them from there"
        if isinstance(error, OSError):
            line = f"--report-dir {self.report_dir}: {error.strerror}{kept}"
            return usage_error([self.session.named(line)])
        return internal_error(f"bug, the record was not written: {one_line(error)}{kept}")


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """Have SIGTERM, which a CI's limit of time sends, end the session as Ctrl-C does: what was
    answered is written. A second one ends it at once."""
    is_ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    )
    if not is_ours:
        yield
        return

    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _is_replay(record: RunRecord) -> bool:
    """True where nothing but stored runs answered."""
    return all(model.kind == "record" for model in record.models)


def _from_store(record: RunRecord, bare: int) -> Iterator[str]:
    """A line where the store had answers; ``bare`` of them lacked log-probabilities."""
    stored = sum(sample.completion.origin is not None for sample in record.samples)
    lacking = "in the store lack log-probabilities and were generated again"
    if stored:
        more = f"; {bare:,} more {lacking}" if bare else ""
        answers = f"{len(record.samples):,} answers"
        yield f"{stored:,} of {answers} from the store (--fresh generates them again){more}"
    elif bare:
        yield f"{bare:,} answers {lacking}"


class Ending:
    """Raises what went wrong with the record once pytest's own tables and failures are printed."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, Any, Any]:
        result = yield
        if self.error is not None:
            raise self.error
        return result
