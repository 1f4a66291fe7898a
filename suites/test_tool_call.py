"""The answer is the wanted number of calls of tools, each whole, and nothing else."""

import pytest

from harness import check
from harness.checks import tool_call


@pytest.mark.behavior(needs=tool_call.NEEDS)
def test_tool_call(completion, task):
    check(tool_call, completion, task)
