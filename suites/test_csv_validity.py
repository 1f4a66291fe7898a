"""The whole answer is one table of CSV."""

import pytest

from harness import check
from harness.checks import csv_validity


@pytest.mark.behavior(needs=csv_validity.NEEDS)
def test_csv_validity(completion, task):
    check(csv_validity, completion, task)
