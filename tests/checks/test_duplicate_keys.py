"""Members of one name."""

import pytest

from harness.checks.duplicate_keys import NoDuplicateKeys
from tests.checks.judging import judge, pointed, word

CHECK = NoDuplicateKeys()


@pytest.mark.parametrize(
    ("text", "place", "first"),
    [
        ('{"a": 1, "a": 2}', 9, 1),
        ('x {"a": 1, "a": 2}', 11, 3),
        ('{"a": {"a": 1}, "b": [{"c": 1, "c": 1}]}', 31, 23),
        ('{"a": 1, "\\u0061": 2}', 9, 1),
        ('{"": 1, "": 2}', 8, 1),
        ('{"a": "\\"a\\": 1", "a" : 2}', 18, 1),
        ('{"a":1,"b":{},"a":3,"a":4}', 14, 1),
    ],
)
def test_duplicate(text, place, first):
    verdict = judge(CHECK, text)
    assert verdict.code == "duplicate_key"
    assert verdict.span is not None
    assert verdict.span[0] == place
    assert pointed(verdict, text)[0] == pointed(verdict, text)[-1] == '"'
    assert verdict.reason.endswith(f" stands twice in one object, first at character {first}")


@pytest.mark.parametrize(
    "text",
    ['{"a": 1}', '{"a": {"a": 1}}', '[{"a": 1}, {"a": 1}]', '{"a": 1, "A": 1}', "[1, 1]", "1",
     '{"a": "a"}', '{"e\\u0301": 1, "\\u00e9": 2}', '{"a": 1}{"a": 1}'],
)  # fmt: skip
def test_no_duplicate(text):
    assert word(CHECK, text) == "passed"


def test_the_name_is_shown():
    text = '{"k\\u001b": 1, "k\\u001b": 1}'
    assert judge(CHECK, text).reason.startswith('the key "k\\u001b" stands twice')


def test_a_broken_value_cannot_be_judged():
    assert word(CHECK, '{"a": 1, "a": 2') == "unclosed"
