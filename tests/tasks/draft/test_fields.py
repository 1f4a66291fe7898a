"""Fields as they are typed."""

import pytest

from harness.core.errors import HarnessError
from harness.tasks.draft.fields import fields_schema


def test_types_choices_lists_and_what_may_miss() -> None:
    schema = fields_schema("vendor, total:money, currency:EUR|USD, due : date, tags:text[], n?:int")
    assert schema["required"] == ["vendor", "total", "currency", "due", "tags"]
    assert schema["properties"] == {
        "vendor": {"type": "string", "minLength": 1},
        "total": {"type": "number"},
        "currency": {"enum": ["EUR", "USD"]},
        "due": {"type": "string", "format": "date"},
        "tags": {"type": "array", "items": {"type": "string", "minLength": 1}},
        "n": {"type": "integer"},
    }


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (" , ", "names no field"),
        ("a, b, a:number", "a stands twice"),
        ("a:nmber", "no type 'nmber', did you mean 'number'?"),
        ("a b", "'a b' is no field"),
        ("a:|", "a: names no value, such as a:EUR|USD"),
    ],
)
def test_mistakes(typed: str, said: str) -> None:
    with pytest.raises(HarnessError, match=r"^--fields: ") as caught:
        fields_schema(typed)
    assert said in str(caught.value)
