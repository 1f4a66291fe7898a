"""The answers of a run differ: no one value and no fallback phrase takes them over.

A task asks for it under ``variety``; with fewer than ten cases a share says nothing, and the
behavior does not apply.
"""

import pytest

from harness import check_run
from harness.checks import variety


@pytest.mark.behavior(needs=variety.NEEDS)
def test_variety(completions, task):
    check_run(variety.run_check_for(task), [(task.case(c.case_id), c) for c in completions])
