"""The model's process stays within its memory."""

import pytest

from harness import check_run
from harness.checks import memory_budget


@pytest.mark.behavior(needs=memory_budget.NEEDS)
def test_memory_budget(memory, task):
    check_run(memory_budget.run_check_for(task), memory)
