"""The values of an answer, read as strictly as RFC 8259 has it."""

import json

import pytest

from tests.report.page.assets.conftest import Call

pytestmark = pytest.mark.slow

MAX_VALUES = 500
NOT_JSON, TOO_DEEP, TOO_MANY = "not JSON", "nested too deep", "too many values"


@pytest.mark.parametrize(
    "text",
    ["", "NaN", "[NaN]", "[Infinity]", "[01]", "[1,]", "{'a': 1}", "\ufeff{}", '{"a"}', '["\n"]',
     "[1] 2", "{} x", '["\\x"]', "12", '"a"', "null",
     '["a', '{"a', '{"a": "x\\', '["\\u00', "[1", "[-]",
     "[1e]", "[.5]", "[1.]", "[tru]", "{", "[", '{"a":', '{"a":1,', "[[1]", "[1 2]"],
)  # fmt: skip
def test_nothing_lenient_is_read(call: Call, text: str) -> None:
    assert call("valuesOf", text) == NOT_JSON


def test_pointers_are_escaped_and_in_the_order_of_the_text(call: Call) -> None:
    found = call("valuesOf", '{"x/y": {"~": [1, []]}, "": {}}')
    assert [(pointer, value["shown"]) for pointer, value in found] == [
        ("/x~1y/~0/0", "1"),
        ("/x~1y/~0/1", "[]"),
        ("/", "{}"),
    ]


def test_a_value_has_its_kind_and_its_text(call: Call) -> None:
    found = call("valuesOf", ' [1.50, "\\u0041\\n", true, null, {}, -0, 1e400] ')
    assert [(value["kind"], value["shown"]) for _, value in found] == [
        ("number", "1.50"),
        ("string", '"A\n"'),
        ("boolean", "true"),
        ("null", "null"),
        ("object", "{}"),
        ("number", "-0"),
        ("number", "1e400"),
    ]


def test_hostile_sizes_are_bounded(call: Call) -> None:
    assert call("valuesOf", "[" * 101 + "1" + "]" * 101) == TOO_DEEP
    assert call("valuesOf", "[" * 100_000) == NOT_JSON
    assert call("valuesOf", "[" * 100_000 + "]" * 100_000) == TOO_DEEP
    assert call("valuesOf", json.dumps([0] * (MAX_VALUES + 1))) == TOO_MANY
    assert call("valuesOf", '["' + "\\n" * 500_000) == NOT_JSON
