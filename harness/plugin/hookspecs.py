"""Hooks of the plugin, which a ``conftest.py`` or another plugin may implement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.core.record import RunRecord


@pytest.hookspec
def pytest_harness_run_finished(config: pytest.Config, record: RunRecord) -> None:
    """Called once when a session's run has ended and its record is written, before the tables.

    Not called where no model was asked. An interrupted run comes with ``record.status`` of
    ``"partial"``. An exception ends the session with an error; the record stays.

    Args:
        config: pytest's.
        record: models, tasks, results, and samples with their verdicts.
    """
