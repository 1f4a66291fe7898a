"""A reference is written out as a perfect answer: JSON as JSON, text as it stands."""

from decimal import Decimal

import pytest

from harness.checks.declared.output import Output
from harness.tasks.reference import reference_answer


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
