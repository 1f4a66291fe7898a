"""Nothing stands before or after the answer: no prose, no fence, no second document."""

import pytest

from harness import check
from harness.checks.no_extra_text import NoExtraText


@pytest.mark.behavior(needs="json")
def test_no_extra_text(completion, task):
    check(NoExtraText(), completion, task)
