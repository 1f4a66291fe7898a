"""The answer's value fits the task's JSON Schema; the two commonest misfits are also told apart."""

import pytest

from harness import check
from harness.checks import required_keys, schema_types, types


@pytest.mark.behavior(needs=schema_types.NEEDS)
def test_schema_types(completion, task):
    check(schema_types, completion, task)


@pytest.mark.behavior(needs=required_keys.NEEDS)
def test_required_keys(completion, task):
    check(required_keys, completion, task)


@pytest.mark.behavior(needs=types.NEEDS)
def test_types(completion, task):
    check(types, completion, task)
