"""What the answer claims stands in the prompt: nothing is made up.

An object's declared values, or whatever a text has that matches the task's patterns.
"""

import pytest

from harness import check
from harness.checks import grounding


@pytest.mark.behavior(needs=grounding.NEEDS)
def test_grounding(completion, task):
    check(grounding, completion, task)
