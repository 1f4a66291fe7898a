"""The answer's value fits the task's JSON Schema; the two commonest misfits are also told apart."""

import pytest

from harness import check
from harness.checks.required_keys import RequiredKeys
from harness.checks.schema_types import SchemaTypes
from harness.checks.value_types import ValueTypes

pytestmark = pytest.mark.behavior(needs="schema")


def test_schema_types(completion, task):
    check(SchemaTypes(task.schema), completion, task)


def test_required_keys(completion, task):
    check(RequiredKeys(task.schema), completion, task)


def test_types(completion, task):
    check(ValueTypes(task.schema), completion, task)
