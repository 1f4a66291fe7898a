"""Dates are days of the calendar, clocks are times of the game."""

import pytest

from harness import check
from harness.checks.timestamp_sanity import TimestampSanity


@pytest.mark.behavior(needs="timestamps")
def test_timestamp_sanity(completion, task):
    check(TimestampSanity(task.timestamps), completion, task)
