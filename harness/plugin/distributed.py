"""Behaviors under ``pytest -n`` (pytest-xdist): refused, since each process would judge a part.

Tests are collected in xdist's workers and the session ends in its controller, so the refusal
travels: a worker empties its collection and says why in what it hands back; the controller sets
the exit status. No model is opened anywhere.
"""

from collections.abc import Mapping
from typing import Any

import pytest

REFUSAL = "run without -n: cases are batched already"
_KEY = "harness_has_behaviors"


def refuse(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a worker: run nothing, and say so to the controller."""
    items.clear()
    config.workeroutput[_KEY] = True  # type: ignore[attr-defined]


def has_refused(output: Mapping[str, Any] | None) -> bool:
    """True for what a worker that refused has handed back."""
    return bool(output and output.get(_KEY))


class Refusal:
    """In the controller: ends the session as a usage error, with one line that says why."""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(f"ERROR: {REFUSAL}", red=True)
