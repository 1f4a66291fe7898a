"""Patterns of a schema: ECMA-262 in meaning, whatever the engine's own dialect says."""

# ruff: noqa: E501

import pytest

from harness.checks.schema import timeout as json_schema_clock
from harness.checks.schema.pattern import (
    PatternError,
    compile_pattern,
    found_in,
    translate_pattern,
)
from harness.checks.schema.timeout import (
    PATTERN_SECONDS,
    SCHEMA_SECONDS,
    SchemaTimeout,
    pattern_seconds_left,
    spend_on_patterns,
    start_clock,
    tick,
)

# Pattern, texts it is found in, texts it is not.
MEANING = [
    ("", ["", "a"], []),
    ("b", ["abc"], ["ac"]),
    ("^b", ["bc"], ["ab", "a\nb"]),
    ("b$", ["ab"], ["b\n", "bc"]),
    ("^a$", ["a"], ["a\n", "\na"]),
    (".", ["a", "\t", "\u0085"], ["\n", "\r", "\u2028", "\u2029", ""]),
    (r"^\d$", ["0", "9"], ["\u0661", "a"]),
    (r"^\D$", ["a", "\u0661"], ["0"]),
    (r"^\w$", ["a", "Z", "_", "0"], ["\u00e9", "-"]),
    (r"^\W$", ["\u00e9", "-"], ["a", "_"]),
    (r"^\s$", [" ", "\t", "\n", "\v", "\u00a0", "\ufeff", "\u2029", "\u3000"], ["\u0085", "\u180e", "a"]),
    (r"^\S$", ["a", "\u0085", "\u180e"], [" ", "\ufeff", "\u00a0"]),
    (r"^[\d]$", ["5"], ["\u0661"]),
    (r"^[\D]$", ["a", "\u0661", "/", ":"], ["0", "5", "9"]),
    (r"^[\W]$", ["\u00e9", "-", "@", "[", "^", "`", "{"], ["a", "z", "A", "Z", "0", "9", "_"]),
    (r"^[\w-]+$", ["a-b"], ["\u00e9"]),
    (r"^[^\d]$", ["a"], ["1"]),
    (r"\bfoo\b", ["a foo", "\u00e9foo"], ["afoo", "foo1"]),
    (r"o\B", ["oo"], ["o ", "o"]),
    (r"^[\b]$", ["\b"], ["b"]),
    (r"^\cA$", ["\x01"], ["A"]),
    (r"^\cj$", ["\n"], ["j"]),
    (r"^\x41$", ["A"], ["x41"]),
    (r"^\u0041$", ["A"], []),
    (r"^\u{1F600}$", ["\U0001f600"], ["a"]),
    (r"^\u{41}b$", ["Ab"], ["A"]),
    (r"^\uD800\uDC00$", ["\U00010000"], []),
    (r"^\uD83D\uDE00$", ["\U0001f600"], ["a"]),
    (r"^[\u0041-\u0043]$", ["B"], ["D"]),
    (r"^\0$", ["\0"], ["0"]),
    (r"^\t\n\v\f\r$", ["\t\n\v\f\r"], []),
    (r"^\/\-\.\$$", ["/-.$"], ["/-a$"]),
    (r"^[.$]$", [".", "$"], ["a"]),
    (r"^[[a]$", ["[", "a"], ["]"]),
    (r"^[^[]$", ["a"], ["["]),
    (r"^[\]]$", ["]"], ["\\"]),
    (r"^[]$", [], ["", "]", "a"]),
    (r"^[^]$", ["a", "\n"], [""]),
    (r"^[a]b]$", ["ab]"], ["a", "]"]),
    (r"^\p{L}$", ["\u00e9", "\u65e5"], ["1"]),
    (r"^\P{L}$", ["1"], ["a"]),
    (r"^[\p{Lu}\d]$", ["\u00c9", "1"], ["a"]),
    (r"^\p{Script=Greek}$", ["\u03b1"], ["a"]),
    (r"^\p{Letter}$", ["a"], ["1"]),
    (r"^(?<year>\d{4})-\k<year>$", ["2024-2024"], ["2024-2023"]),
    (r"^(a)\1$", ["aa"], ["ab"]),
    (r"^(?:a|b)(?=c)c(?!d)", ["ac", "bce"], ["acd"]),
    (r"(?<=a)b(?<!x)", ["ab"], ["b"]),
    ("^\U0001f600?$", ["\U0001f600", ""], ["a"]),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "found", "not_found"), MEANING)
def test_meaning(pattern, found, not_found):
    for text in found:
        assert found_in(pattern, text), text
    for text in not_found:
        assert not found_in(pattern, text), text


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "[", "a**", "\\", "\\a", "\\Z", "\\A", "\\y", "\\u12", "\\u{110000}", "\\uZZZZ",
     "\\k<a", "\\p{Nope}", "(?<a", "{,}("],
)  # fmt: skip
def test_no_regular_expression(pattern):
    with pytest.raises(PatternError, match="no regular expression"):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "translated"),
    [
        ("a$", r"a\Z"),
        ("[$.]", "[$.]"),
        (r"\d", "[0-9]"),
        (r"[\d]", "[0-9]"),
        (r"\$", r"\$"),
        (r"[[]", r"[\[]"),
        (r"\cM", r"\x0d"),
        (r"\k<n>", "(?P=n)"),
    ],
)
def test_translation(pattern, translated):
    assert translate_pattern(pattern) == translated


def test_patterns_share_one_clock():
    start_clock()
    assert found_in("a", "a")
    spend_on_patterns(PATTERN_SECONDS / 2)
    assert found_in("a", "a")
    spend_on_patterns(PATTERN_SECONDS / 2)
    with pytest.raises(SchemaTimeout, match=r"the pattern 'a' did not finish within 0\.5 s: write"):
        found_in("a", "a")
    start_clock()
    assert found_in("a", "a")


def test_the_time_of_each_search_is_spent():
    start_clock()
    before = pattern_seconds_left()
    found_in("^(a|b)*$", "ab" * 1000)
    assert before - 0.4 < pattern_seconds_left() < before == PATTERN_SECONDS


def test_a_catastrophic_pattern_is_stopped():
    start_clock()
    with pytest.raises(SchemaTimeout):
        found_in("^(a|aa|aaa|a?)+$", "a" * 40 + "b")
    assert pattern_seconds_left() <= 0


def test_a_schema_has_its_time(monkeypatch):
    now = [100.0]
    spent = [7.0]
    monkeypatch.setattr(json_schema_clock.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(json_schema_clock.time, "thread_time", lambda: spent[0])
    start_clock()
    now[0] += 3 * SCHEMA_SECONDS
    tick()  # the machine was busy with something else
    spent[0] += SCHEMA_SECONDS
    tick()
    now[0] += SCHEMA_SECONDS + 0.001
    with pytest.raises(SchemaTimeout, match="did not finish within 10 s: it tries too many"):
        tick()
    start_clock()
    tick()
