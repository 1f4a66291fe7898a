"""What a program that repairs JSON would make of the answers, beside what they are.

Both rates go into the run's record. It informs, and fails only where the task budgets it:
``repair_lift: 0.98`` asks for 98% after repair. ``json_validity`` holds the answers as they came.
"""

import pytest

from harness import check_run
from harness.checks import repair_lift


@pytest.fixture
def repair_rates(completions, task):
    pairs = ((task.case(c.case_id), c) for c in completions)
    return repair_lift.RepairRates.of(pairs, task.output.wrappers)


@pytest.mark.behavior(needs=repair_lift.NEEDS)
def test_repair_lift(repair_rates, task):
    check_run(repair_lift.run_check_for(task), repair_rates)
