"""Patterns that would fill the memory are told by their repeats."""

import pytest

from harness.checks.text.pattern_size import MAX_LENGTH, is_oversized
from tests.cpu import MAX_SECONDS, cpu_seconds


@pytest.mark.parametrize(
    "pattern",
    [
        "(((((a{100}){100}){100}){100}){100})",
        "((((a{100}){100}){100}){100})",
        "(((a{100}){100}){100})",
        "a{1000000}",
        "(a{1000}){1000,}",
        "(((a?){100}){100}){100,200}",
        "([a-z]{200}){200}",
        r"(\p{L}{200}){200}",
        "(?:(?:a|bc){200}|x){200}",
        "(a{99999999999999999999999999}){2}{20000}",
        "x" * (MAX_LENGTH + 1),
    ],
)
def test_oversized(pattern):
    assert is_oversized(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "^[a-z]{1,5000}$",
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        "((a{0,100}){0,100}){0,100}",
        r"\{1000000\}",
        "[{1000000}]{2}",
        "[]{1000000}]",
        r"\p{Lu}\x{1F600}",
        "|".join(f"word{n}" for n in range(5000)),
        "(a",
        "a)",
        "[a",
        "{5}",
    ],
)
def test_of_a_usual_size(pattern):
    assert not is_oversized(pattern)


@pytest.mark.parametrize("text", ["[" * 200_000, "(" * 200_000, "a{2}" * 50_000, "{" * 200_000])
def test_time_is_linear(text):
    assert cpu_seconds(lambda: is_oversized(text)) < MAX_SECONDS
