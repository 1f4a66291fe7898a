"""Every call is of a tool that the model was given."""

import pytest

from harness import check
from harness.checks import tool_name


@pytest.mark.behavior(needs=tool_name.NEEDS)
def test_tool_name(completion, task):
    check(tool_name, completion, task)
