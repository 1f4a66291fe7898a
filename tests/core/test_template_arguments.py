"""Arguments of a chat template: which names and values may be given, and how they are typed."""

import pytest

from harness.core.errors import HarnessError
from harness.core.template_arguments import checked, parse_arguments


def test_values_are_json_and_otherwise_text():
    texts = ["enable_thinking=false", "n=3", "effort=low", "date_string=1 Jan 2025", "x=", "y=a=b"]
    assert parse_arguments(texts) == {
        "enable_thinking": False,
        "n": 3,
        "effort": "low",
        "date_string": "1 Jan 2025",
        "x": "",
        "y": "a=b",
    }


def test_the_last_of_one_name_counts():
    assert parse_arguments(["a=1", "a=2"]) == {"a": 2}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("enable_thinking", "expected name=value"),
        ("add_generation_prompt=false", "is set by the harness"),
        ("messages=[]", "is set by the harness"),
        ("a b=1", "is no name"),
        ("_x=1", "is no name"),
        ("=1", "is no name"),
        ("tools_in_user=[1]", "must be true, false, null, a number or text"),
        ("a=NaN", "must be true, false"),
        ("a=1e999", "must be true, false"),
    ],
)
def test_what_no_template_can_be_told_is_refused_with_what_was_typed(text, reason):
    with pytest.raises(HarnessError) as error:
        parse_arguments([text])
    assert str(error.value).startswith(f"--template-arg {text}: ")
    assert reason in str(error.value)


@pytest.mark.parametrize(
    "value", [None, "enable_thinking", ["a"], {1: 2}, {"a": {}}, {"a": None, "": 1}]
)
def test_a_file_may_hold_anything(value):
    with pytest.raises(ValueError, match=r"expected names|no name|must be"):
        checked(value)
