"""Loops at the end of a completion."""

import pytest

from harness.checks.repetition import WINDOW, NoTextLoop
from tests.checks.judging import judge, pointed, word
from tests.cpu import MAX_SECONDS, cpu_seconds

CHECK = NoTextLoop()
LOOPS = [
    '{"note": "' + "very " * 20,
    '{"note": "' + "very " * 20 + "ve",
    "no no no no no no no no no",
    "I am sorry.\n" * 4,
    "Line one of it\nLine two of it\n" * 4,
    '{"a": 1}\n' * 4,
    '{"a": 1}' * 5,
    "[0, 0, 0, 0, 0, 0, 0, 0, 0, 0",
    "a" * 48,
    "word " + "x" * 48,
    '{"event": "x", "event": "x", "event": "x", "event": "x", "ev',
    '{"event": "one", "event": "two", "event": "three", "event": "four and',
    '[{"event": "one", "event": "two", "event": "three", "event": "four and',
    '{"list": [{"a": 1, "b": 2}], "k": 1, "k": 2, "k": 3, "k": [4',
    "Sure! " * 3000,
    ("x" * 1999 + "y") * 5,
]
HONEST = [
    "",
    "ok",
    "no no no",
    "no no no no no",
    "ha ha ha ha ha ha ha ha.",
    '{"note": "' + "very " * 500 + '"}',
    '{"note": "' + "very " * 500 + '"} ',
    "[" + "0, " * 100 + "0]",
    "[" * 500 + "]" * 500,
    '{"a": 1}' + "]" * 100,
    '{"a": 1' + "[" * 100,
    '{"a": 1' + " ] } " * 100,
    '{"a": 1}' + "\n" * 47,
    "title\n" + "=" * 47,
    "a" * 47,
    "I am sorry.\n" * 3,
    "abcdefgh " * 3 + "abcdefgX",
    '{"event": "one", "event": "two", "event": "three", "other": "four and',
    '{"event": "one", "event": "two", "event": "three", "event": "four"}',
    '[{"event": "one"}, {"event": "two"}, {"event": "three"}, {"event": "four"}, {"event": "fi',
    '{"e": {"event": "one"}, "f": {"event": "two"}, "g": {"event": "three"}, "h": {"event": "fo',
    '{"name": "Ada Byron", "date": "2024-03-05", "amou',
    "one two three four five six seven eight nine ten eleven twelve",
]


@pytest.mark.parametrize("text", LOOPS)
def test_loop(text):
    verdict = judge(CHECK, text)
    assert verdict.code == "text_loop"
    assert verdict.span is not None
    assert verdict.span[0] < verdict.span[1] == len(text)


@pytest.mark.parametrize("text", HONEST)
def test_honest(text):
    assert word(CHECK, text) == "passed"


BLANKS = ['{"a": 1' + "\n" * 60, '{"a": 1}' + "\n" * 60, " " * 48, "\r\n" * 20]


@pytest.mark.parametrize("text", BLANKS)
def test_blanks_are_a_loop_where_they_ran_into_the_token_limit(text):
    assert word(CHECK, text) == "passed"
    assert word(CHECK, text, finish="length") == "text_loop"


@pytest.mark.parametrize("text", ["", "ok", '{"a": 1}', "a" * 47])
def test_the_token_limit_alone_is_no_loop(text):
    assert word(CHECK, text, finish="length") == "passed"


def test_reasons():
    text = "I say: " + "very good " * 6 + "very"
    verdict = judge(CHECK, text)
    assert verdict.reason == "ends in a loop: 'very good' follows itself 6 times"
    assert pointed(verdict, text) == " " + "very good " * 6 + "very"
    assert (
        judge(CHECK, " " * 50, finish="length").reason
        == "ends in a loop: ' ' follows itself 50 times"
    )
    text = "y" * (WINDOW + 10)
    verdict = judge(CHECK, text)
    assert (
        verdict.reason
        == "ends in a loop: 'y' follows itself 8192 times in the last 8,192 characters"
    )
    assert verdict.span == (10, len(text))
    text = '{"event": "one", "event": "two", "event": "three", "event": "four and'
    verdict = judge(CHECK, text)
    assert verdict.reason == 'ends in a loop: the key "event" stands 4 times in one object'
    assert verdict.span == (1, len(text))


def test_a_string_that_never_ends_is_read_once():
    text = '{"' + '\\"' * 100_000 + " and here the token limit came"
    assert cpu_seconds(lambda: judge(CHECK, text)) < MAX_SECONDS


@pytest.mark.parametrize("end", ["{", "[[", "}", "\\"])
def test_brackets_in_a_string_that_is_cut_off_are_text(end):
    text = '{"event": "one", "event": "two", "event": "three", "event": "four' + end
    assert word(CHECK, text) == "text_loop"


def test_settings():
    assert word(NoTextLoop(min_rounds=3), "I am sorry.\n" * 3) == "text_loop"
    assert word(NoTextLoop(min_characters=60), "I am sorry.\n" * 4) == "passed"
    assert word(NoTextLoop(min_run=47), "a" * 47) == "text_loop"
    assert word(CHECK, "abcdef" * 4) == "text_loop"
    assert word(CHECK, "abcdef" * 3 + "abcde") == "passed"
