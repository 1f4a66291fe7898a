"""How much of the reference the answer has: the share of its leaves that are equal."""

import pytest

from harness import check
from harness.checks import leaf_values


@pytest.mark.behavior(needs=leaf_values.NEEDS)
def test_leaf_values(completion, task):
    check(leaf_values, completion, task)
