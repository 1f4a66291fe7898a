"""Loops of brackets, and what is none."""

import pytest

from harness.checks.bracket_repetition import NoBracketRuns
from harness.checks.json.brackets import match_brackets
from tests.checks.judging import judge, pointed, word

CHECK = NoBracketRuns()


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}]]]',
        '{"a": 1}] ] ]',
        '{"a": 1}]\n}\t]',
        '{"a": 1}} and } then ]',
        '] {"a": 1}] ]',
        '{"a": 1]]]}',
        '{"a": [1}]]}]',
        "]]]",
        "[[[",
        "{{{",
        "[ [ [",
        "[{[",
        '{"a": [[[',
        '{"a": [[[1, 2',
        'x [[[ {"a": 1}',
        '{"a": 1} [[[',
        '{"a": "x\n]]]',
        '{"a": 1}"]]]',
        '{"a": "b"]]] "}',
    ],
)
def test_loop(text):
    assert word(CHECK, text) == "bracket_loop"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no brackets",
        '{"a": 1}]]',
        '{"a": 1}} }',
        '] {"a": 1}]',
        "[[",
        "[[1]",
        '{"a": [[',
        '{"a": [1, [2, [3',
        '{"a": {"b": {"c": {"d": 1',
        "[" * 1000 + "]" * 1000,
        "[" * 1000 + "]" * 998,
        "[a[b[c",
        "[[a[[b[[",
        "[[1], [2], [3], [4]",
        '{"a": "]]]]]]]]"}',
        '{"a": "[[[[[[[["}',
        '{"a": "\\"]]]]]]]]"}',
        '{"a": "]]]]]]]]',
        '"]]]]]]]]"',
        'He said "]]]" and {"a": 1}',
        '{"a": 1}{"b": "]]]"}',
        '{"a": "b]]]\n", "c": "]]]"}',
        "[x] [y] [z]",
    ],
)
def test_no_loop(text):
    assert word(CHECK, text) == "passed"


def test_reasons_and_spans():
    text = '{"a": 1}] ]x} '
    verdict = judge(CHECK, text)
    assert verdict.reason == "3 closing brackets close nothing, from here on"
    assert pointed(verdict, text) == "] ]x}"
    text = '{"a": [ [{1'
    verdict = judge(CHECK, text)
    assert verdict.reason == "3 opening brackets in a row are never closed"
    assert pointed(verdict, text) == "[ [{"


def test_the_longest_run_counts():
    text = '[[1, 2], {{ "x": [[[['
    verdict = judge(CHECK, text)
    assert pointed(verdict, text) == "[[[["


def test_settings():
    assert word(NoBracketRuns(max_stray_closers=0), '{"a": 1}}') == "bracket_loop"
    assert word(NoBracketRuns(max_stray_closers=3), '{"a": 1}}}}') == "passed"
    assert word(NoBracketRuns(max_open_run=1), "[[") == "bracket_loop"
    assert word(NoBracketRuns(max_open_run=3), "[[[") == "passed"


def test_brackets_match_by_kind():
    found = match_brackets("x{[}]]{", 1, 7, in_value=True)
    assert found.end == 4
    assert found.unclosed == (2, 6)
    assert found.stray == (4, 5)
    assert found.open_string is None


def test_the_first_value_ends_the_search_when_asked():
    found = match_brackets('{"a": [1]} ]] [', 0, 15, in_value=True, only_first=True)
    assert (found.end, found.unclosed, found.stray) == (10, (), ())
    found = match_brackets('{"a": [1]} ]] [', 0, 15, in_value=True)
    assert (found.end, found.unclosed, found.stray) == (10, (14,), (11, 12))


def test_an_unclosed_string_hides_its_line_in_a_value_only():
    text = '{"a": "x]\n]}'
    inside = match_brackets(text, 0, len(text), in_value=True)
    assert (inside.open_string, inside.end, inside.stray) == (6, 12, (10,))
    outside = match_brackets(text, 0, len(text), in_value=False)
    assert outside.stray == (8, 10)
    assert match_brackets('{} "', 0, 4, in_value=True).open_string is None
    assert match_brackets('{"', 0, 2, in_value=True).open_string == 1
