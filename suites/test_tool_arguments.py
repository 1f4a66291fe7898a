"""The arguments of every call fit the schema of its tool."""

import pytest

from harness import check
from harness.checks import tool_arguments


@pytest.mark.behavior(needs=tool_arguments.NEEDS)
def test_tool_arguments(completion, task):
    check(tool_arguments, completion, task)
