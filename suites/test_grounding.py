"""What the answer claims stands in the prompt: nothing is made up.

An object's declared values, or whatever a text has that matches the task's patterns.
"""

import pytest

from harness import check
from harness.checks.grounded_patterns import GroundedPatterns
from harness.checks.grounding import Grounding


@pytest.mark.behavior(needs="grounded")
def test_grounding(completion, task):
    if task.format == "json":
        check(Grounding(task.grounded), completion, task)
    else:
        check(GroundedPatterns(tuple(task.grounded_patterns.items())), completion, task)
