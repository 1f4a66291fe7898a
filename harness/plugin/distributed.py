"""Refuses behaviors under ``pytest -n`` (pytest-xdist), where each process would judge a part.

Tests are collected in xdist's workers, but the session ends in its controller. A worker therefore
empties its collection and reports the reason to the controller, which sets the exit status. No
model is opened.
"""

from typing import Any

import pytest

from harness.plugin import plugin_name
from harness.plugin.items import SUBJECT

REFUSAL = "run without -n: cases are batched already"
_KEY = "harness_has_behaviors"


def register(config: pytest.Config) -> None:
    """Register the refusal under xdist."""
    if is_worker(config) or config.getoption("dist", "no") != "no":
        config.pluginmanager.register(Distributed(), plugin_name(Distributed))


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
        """In a worker: run nothing, and report this to the controller."""
        if is_worker(config) and any(SUBJECT in getattr(i, "fixturenames", ()) for i in items):
            items.clear()
            config.workeroutput[_KEY] = True  # type: ignore[attr-defined]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """In the controller: check whether a worker ended because it found behaviors."""
        output = getattr(node, "workeroutput", None)
        self.has_refused |= bool(output and output.get(_KEY))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.has_refused:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.has_refused:
            terminalreporter.write_line(f"ERROR: {REFUSAL}", red=True)
