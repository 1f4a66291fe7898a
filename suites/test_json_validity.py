"""The whole answer is one JSON text."""

import pytest

from harness import check
from harness.checks.json_validity import JsonValidity


@pytest.mark.behavior(needs="json")
def test_json_validity(completion, task):
    check(JsonValidity(), completion, task)
