"""Whole numbers written as English words."""

import pytest

from harness.checks.text.number_words import numbers_in_words
from tests.cpu import MAX_SECONDS, cpu_seconds


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("three drills", [3]),
        ("Three drills, TWO saws", [3, 2]),
        ("twenty-five or thirty six", [25, 36]),
        ("one hundred and five", [105]),
        ("two thousand three hundred", [2300]),
        ("a dozen eggs, two dozen", [12, 24]),
        ("four million", [4_000_000]),
        ("one two three", [1, 2, 3]),
        ("twenty ten", [20, 10]),
        ("someone often weighs tenths", []),
        ("sixty-fold", []),
        ("x-three", []),
        ("", []),
    ],
)
def test_numbers(text, numbers):
    assert list(numbers_in_words(text)) == numbers


@pytest.mark.parametrize("text", ["three " * 100_000, "hundred and " * 80_000, "one-" * 200_000])
def test_time_is_linear(text):
    assert cpu_seconds(lambda: list(numbers_in_words(text))) < MAX_SECONDS
