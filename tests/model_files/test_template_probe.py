"""Chat templates of strangers, rendered by what the process of its own runs."""

import pytest

from harness.model_files import template_probe

LONG = "{% for i in range(1100) %}{{ 'x' * 1000 }}{% endfor %}"


def rendered(template):
    asked = {
        "template": template,
        "special": {},
        "arguments": {},
        "conversations": [[["user", "a"]]],
    }
    return template_probe._conversations(asked)["conversations"]


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (LONG, "it writes more than 1,048,576 characters"),
        ("{{ raise_exception('no\nway') }}", "no"),
        ("{% if %}", "Expected an expression, got 'end of statement block'"),
        ("{{ messages.x.y }}", "'list object' has no attribute 'x'"),
    ],
)
def test_a_template_that_makes_no_prompt_is_refused_in_one_line(template, reason):
    assert rendered(template) == [{"text": "", "error": reason}]
    assert template_probe._answer(template, {}) == {"error": reason}


def test_a_conversation_is_its_text():
    assert rendered("{{ messages[0].content }}") == [{"text": "a"}]
