"""Nothing stands before or after the answer: no prose, no fence, no second document.

An answer has edges where it is JSON, code, or a text with sections.
"""

import pytest

from harness import check
from harness.checks.no_extra_text import NoExtraText
from harness.checks.no_text_around_code import NoTextAroundCode
from harness.checks.no_text_around_sections import NoTextAroundSections


@pytest.mark.behavior(needs="edges")
def test_no_extra_text(completion, task):
    around = {
        "json": NoExtraText(),
        "python": NoTextAroundCode(),
        "text": NoTextAroundSections(task.sections),
    }
    check(around[task.format], completion, task)
