"""The lists of the answer have as many items as the task wants."""

import pytest

from harness import check
from harness.checks import item_counts


@pytest.mark.behavior(needs=item_counts.NEEDS)
def test_item_counts(completion, task):
    check(item_counts, completion, task)
