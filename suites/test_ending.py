"""The answer comes to an end: the model stops by itself, and not in a loop."""

from harness import check
from harness.checks import repetition, stops_cleanly


def test_repetition(completion, task):
    check(repetition, completion, task)


def test_stops_cleanly(completion, task):
    check(stops_cleanly, completion, task)
