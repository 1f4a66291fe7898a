"""The whole answer is one JSON text."""

import pytest

from harness import check
from harness.checks import json_validity


@pytest.mark.behavior(needs=json_validity.NEEDS)
def test_json_validity(completion, task):
    check(json_validity, completion, task)
