"""The whole answer is JSON Lines."""

import pytest

from harness import check
from harness.checks import jsonl_validity


@pytest.mark.behavior(needs=jsonl_validity.NEEDS)
def test_jsonl_validity(completion, task):
    check(jsonl_validity, completion, task)
