"""A typed line as the variables of a prompt."""

import pytest

from harness.chat.typed import variables_of
from harness.core.errors import HarnessError
from harness.tasks.task import load_task
from tests.models import TASKS


@pytest.mark.parametrize(
    ("task", "typed", "variables"),
    [
        ("json_extraction", "Ada paid 4 EUR.", {"text": "Ada paid 4 EUR."}),
        ("json_extraction", "x=1, y=2", {"text": "x=1, y=2"}),
        ("json_extraction", "text=Ada = Lovelace", {"text": "Ada = Lovelace"}),
        ("credit_dispute", "the facts", {"text": "the facts"}),
        ("credit_dispute", "text=a b name=Ada L.", {"text": "a b", "name": "Ada L."}),
        ("code_assistant", "function=flip text=Turn it.", {"function": "flip", "text": "Turn it."}),
        ("code_assistant", "text=Turn it.", {"text": "Turn it."}),
        ("code_assistant", "", {}),
    ],
)
def test_a_line_is_the_only_variable_or_pairs(task, typed, variables):
    assert variables_of(load_task(TASKS / task), typed) == variables


def test_a_line_for_several_variables_must_name_one():
    with pytest.raises(HarnessError, match=r"2 variables, type function=\.\.\. text=\.\.\."):
        variables_of(load_task(TASKS / "code_assistant"), "Turn it.")
