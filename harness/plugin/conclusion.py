"""The last lines of a session: the verdict in one line, what missed and why, the next command."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from harness.plugin.items import is_behavior
from harness.plugin.session import HarnessSession

if TYPE_CHECKING:
    from harness.core.record import RunRecord

_COLORS = {"PASS": "green", "INCONCLUSIVE": "yellow", "NOT JUDGED": "yellow"}


def plugins(session: HarnessSession) -> Iterator[object]:
    """The conclusion, in every session."""
    yield Conclusion(session)


class Conclusion:
    """Prints behind pytest's own summary, where a reader's eye is."""

    def __init__(self, session: HarnessSession) -> None:
        self.session = session
        self.record: RunRecord | None = None
        self.behaviors: set[str] = set()
        """Node ids of behaviors."""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.behaviors = {item.nodeid for item in session.items if is_behavior(item)}

    def pytest_harness_run_finished(self, record: RunRecord) -> None:
        if record.shard is None:
            self.record = record

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, Any, Any]:
        result = yield
        config = self.session.config
        if self.record is not None and not config.getoption("no_summary"):
            self._conclude(terminalreporter, self.record)
        return result

    def _conclude(self, reporter: pytest.TerminalReporter, record: RunRecord) -> None:
        from harness.report.console.conclusion import missed, verdict
        from harness.report.console.screen import folded

        decisions = self.session.decisions
        word, said = verdict(record, decisions)
        reporter.section("verdict", "-")
        reporter.write(word, bold=True, **{_COLORS.get(word, "red"): True})
        reporter.write_line(f"{said}{self._others(reporter)}")
        lines = missed(record, decisions)
        if reporter.hasmarkup:
            lines = folded(lines, self.session.config.get_terminal_writer().fullwidth)
        for line in lines:
            reporter.write_line(line)
        if command := self._next(record):
            reporter.write_line(f"next: {command}")

    def _others(self, reporter: pytest.TerminalReporter) -> str:
        """``; 2 other tests fail``, or nothing."""
        reports = [*reporter.stats.get("failed", ()), *reporter.stats.get("error", ())]
        others = len({report.nodeid for report in reports} - self.behaviors)
        if not others:
            return ""
        return f"; {others} other test{'s' if others > 1 else ''} fail{'' if others > 1 else 's'}"

    def _next(self, record: RunRecord) -> str:
        """The command that shows more, or keeps what passes."""
        if record.status == "partial":
            return ""
        run = self._run_of(record)
        is_missed = any(result.met is False for result in record.results)
        if self.session.baseline:
            return f"harness report {shlex.quote(self.session.baseline)} {run}"
        if is_missed or any(task.selected for task in record.tasks):
            return f"harness report {run}"
        return self._kept(run)

    def _kept(self, run: str) -> str:
        """The command that saves a first baseline, or gates against the one that there is."""
        from harness.records.baselines import baseline_names

        config, settings = self.session.config, self.session.options.settings
        known = baseline_names(config.rootpath / settings.baselines_dir)
        if not known:
            return f"harness baseline save main {run}"
        return f"harness gate {shlex.quote('main' if 'main' in known else known[0])} {run}"

    def _run_of(self, record: RunRecord) -> str:
        """The run's id, or its folder where the commands look in another."""
        from harness.files.paths import short_path

        config, options = self.session.config, self.session.options
        is_usual = options.report_dir == config.rootpath / options.settings.report_dir
        name = record.id if is_usual else str(short_path(options.report_dir / record.id))
        return shlex.quote(name)
