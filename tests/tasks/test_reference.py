"""A reference is written out as a perfect answer: JSON as JSON, text as it stands."""

from decimal import Decimal

import pytest

from harness.checks.declared.output import Output
from harness.tasks.reference import reference_answer, reference_value


@pytest.mark.parametrize(
    ("output_format", "reference", "answer"),
    [
        ("json", {"name": "Zoë", "amount": 1.5}, '{"name": "Zoë", "amount": 1.5}'),
        ("json", {"amount": Decimal("1.50")}, '{"amount": 1.5}'),
        ("json", "a", '"a"'),
        ("text", "a", "a"),
        ("python", "x = 1\n", "x = 1\n"),
        ("text", {"a": 1}, None),
        ("json", None, None),
    ],
)
def test_a_reference_as_an_answer(output_format, reference, answer):
    assert reference_answer(Output(format=output_format), reference) == answer


@pytest.mark.parametrize(
    ("output", "reference", "answer"),
    [
        (Output(format="json", fence="required"), {"a": 1}, '```json\n{"a": 1}\n```'),
        (
            Output(format="json", fence="required", fence_language="js"),
            [1],
            "```js\n[1]\n```",
        ),
        (Output(format="json", fence="allowed"), {"a": 1}, '{"a": 1}'),
        (Output(format="text", fence="required"), "a ``` b", "````\na ``` b\n````"),
        (Output(format="yaml"), {"a": "no", "b": [1, 0.5]}, "a: 'no'\nb:\n  - 1\n  - 0.5"),
        (Output(format="yaml", fence="required"), {"a": 1}, "```yaml\na: 1\n```"),
    ],
)
def test_a_reference_is_written_as_it_is_asked_for_and_read_again(output, reference, answer):
    assert reference_answer(output, reference) == answer
    assert reference_value(output, answer) == reference


@pytest.mark.parametrize("answer", ["a: [", "so it is"])
def test_what_is_no_yaml_is_no_reference(answer):
    assert reference_value(Output(format="yaml"), answer) is None
