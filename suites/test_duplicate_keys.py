"""No object of the answer says one key twice, so that every parser reads the same value."""

import pytest

from harness import check
from harness.checks import duplicate_keys


@pytest.mark.behavior(needs=duplicate_keys.NEEDS)
def test_duplicate_keys(completion, task):
    check(duplicate_keys, completion, task)
