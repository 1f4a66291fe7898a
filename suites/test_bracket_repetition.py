"""The answer does not get stuck on a bracket."""

import pytest

from harness import check
from harness.checks import bracket_repetition


@pytest.mark.behavior(needs=bracket_repetition.NEEDS)
def test_bracket_repetition(completion, task):
    check(bracket_repetition, completion, task)
