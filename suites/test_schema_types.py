"""The answer's value fits the task's JSON Schema."""

import pytest

from harness import check
from harness.checks.schema_types import SchemaTypes


@pytest.mark.behavior(needs="schema")
def test_schema_types(completion, task):
    check(SchemaTypes(task.schema), completion, task)
