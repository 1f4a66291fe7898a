"""Answers come in time, asked one at a time after a warm-up."""

import pytest

from harness import check_run
from harness.checks import latency_budget


@pytest.mark.behavior(needs=latency_budget.NEEDS)
def test_latency_budget(latency, task):
    check_run(latency_budget.run_check_for(task), latency)
