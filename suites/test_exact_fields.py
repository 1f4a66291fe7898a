"""The answer is right: its declared values are those of the case's reference."""

import pytest

from harness import check
from harness.checks import exact_fields


@pytest.mark.behavior(needs=exact_fields.NEEDS)
def test_exact_fields(completion, task):
    check(exact_fields, completion, task)
