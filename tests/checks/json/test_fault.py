"""Where a broken value is pointed at, and in which words."""

import pytest

from harness.checks.json_validity import JsonValidity
from tests.checks.judging import judge, pointed


@pytest.mark.parametrize(
    ("text", "reason", "place"),
    [
        ('["\\n\\x"]', "the escape \\x is none of JSON's", "\\x"),
        ("[1, /* a\nb */ 2]", "a comment, and JSON has none", "/* a\nb */"),
        ("[1, /* a\nb ]", "a comment, and JSON has none", "/* a"),
        ("[1, // a */\n2]", "a comment, and JSON has none", "// a */"),
        ("[1, # a\n2]", "a comment, and JSON has none", "# a"),
        ("[1, / 2]", "expected a value, found '/'", "/"),
        ("[01]", "a number does not begin with 0", "0"),
        ('{"a": 0x}', "expected a comma or a closing bracket, found 'x'", "x"),
        ("[1, ]", "a comma before the closing ]", ", ]"),
        ("[1, None]", "None is no JSON value (true, false and null are)", "None"),
        ('{"a": 1 "b": 2}', "expected a comma before this string", '"'),
        ('["\x01"]', "a raw control character \u2401 in a string, JSON wants it escaped", "\x01"),
        ('{"a": `a`}', "expected a value, found the quote ` where JSON wants double quotes", "`"),
        ('{"a": [1, 2}', "the [ that opens here is never closed", "["),
        ('{"a": [[1, 2}', "the [ that opens here and 1 more is never closed", "["),
        ('["a', "the text ends inside the string that begins here", '"a'),
        ("[nul", "the text ends inside a value", "nul"),
        ("[1,", "the text ends where a value should follow", ""),
        ('{"a": -nan}', "expected a JSON value, found -nan: JSON has no such number", "-nan"),
        ("[1] 2", "expected nothing after the JSON, found a second JSON value: 2", "2"),
    ],
)
def test_reason_and_place(text, reason, place):
    verdict = judge(JsonValidity(), text)
    assert (verdict.reason, pointed(verdict, text)) == (reason, place)
