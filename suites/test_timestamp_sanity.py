"""Dates are days of the calendar, clocks are times of the game."""

import pytest

from harness import check
from harness.checks import timestamp_sanity


@pytest.mark.behavior(needs=timestamp_sanity.NEEDS)
def test_timestamp_sanity(completion, task):
    check(timestamp_sanity, completion, task)
