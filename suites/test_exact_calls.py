"""The calls are those of the reference: the same tools, the same arguments."""

import pytest

from harness import check
from harness.checks import exact_calls


@pytest.mark.behavior(needs=(*exact_calls.NEEDS, "reference"))
def test_exact_calls(completion, task):
    check(exact_calls, completion, task)
