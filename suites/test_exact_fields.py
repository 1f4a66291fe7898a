"""The answer is right: its declared values are those of the case's reference."""

import pytest

from harness import check
from harness.checks.exact_fields import ExactFields


@pytest.mark.behavior(needs="exact")
def test_exact_fields(completion, task):
    check(ExactFields(task.exact), completion, task)
