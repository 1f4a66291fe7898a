"""Behaviors under ``pytest -n`` (pytest-xdist): refused, since each process would judge a part.

Tests are collected in xdist's workers and the session ends in its controller, so the refusal
travels: a worker empties its collection and says why in what it hands back; the controller sets
the exit status. No model is opened anywhere.
"""

from typing import Any

import pytest

from harness.plugin.items import SUBJECT

REFUSAL = "run without -n: cases are batched already"
_KEY = "harness_has_behaviors"


def register(config: pytest.Config) -> None:
    """Register the refusal where xdist is at work."""
    if is_worker(config) or config.getoption("dist", "no") != "no":
        config.pluginmanager.register(Distributed(), "harness_distributed")


def is_worker(config: pytest.Config) -> bool:
    """True in a process that xdist has handed a share of the tests."""
    return hasattr(config, "workeroutput")


class Distributed:
    """Ends a distributed session that has behaviors as a usage error, with one line."""

    def __init__(self) -> None:
        self.has_refused = False

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """In a worker: run nothing, and say so to the controller."""
        if is_worker(config) and any(SUBJECT in getattr(i, "fixturenames", ()) for i in items):
            items.clear()
            config.workeroutput[_KEY] = True  # type: ignore[attr-defined]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """In the controller: a worker has ended, perhaps because it found behaviors."""
        output = getattr(node, "workeroutput", None)
        self.has_refused |= bool(output and output.get(_KEY))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.has_refused:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.has_refused:
            terminalreporter.write_line(f"ERROR: {REFUSAL}", red=True)
