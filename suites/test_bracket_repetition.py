"""The answer does not get stuck on a bracket."""

import pytest

from harness import check
from harness.checks.bracket_repetition import NoBracketRuns


@pytest.mark.behavior(needs="json")
def test_bracket_repetition(completion, task):
    check(NoBracketRuns(), completion, task)
