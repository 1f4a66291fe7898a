"""Answers come in time, asked one at a time after a warm-up."""

import pytest

from harness import check_run
from harness.checks.run_budgets import LatencyBudget


@pytest.mark.behavior(needs="latency")
def test_latency_budget(latency, task):
    check_run(LatencyBudget(task.budgets), latency)
