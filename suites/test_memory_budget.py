"""The model's process stays within its memory."""

import pytest

from harness import check_run
from harness.checks.run_budgets import MemoryBudget


@pytest.mark.behavior(needs="memory")
def test_memory_budget(memory, task):
    check_run(MemoryBudget(task.budgets), memory)
