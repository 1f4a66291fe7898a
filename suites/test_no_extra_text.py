"""Nothing stands before or after the answer: no prose, no fence, no second document.

An answer has edges where it is JSON, code, or a text with sections.
"""

import pytest

from harness import check
from harness.checks import no_extra_text


@pytest.mark.behavior(needs=no_extra_text.NEEDS)
def test_no_extra_text(completion, task):
    check(no_extra_text, completion, task)
