"""No object of the answer says one key twice, so that every parser reads the same value."""

import pytest

from harness import check
from harness.checks.duplicate_keys import NoDuplicateKeys


@pytest.mark.behavior(needs="json")
def test_duplicate_keys(completion, task):
    check(NoDuplicateKeys(), completion, task)
