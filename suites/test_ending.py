"""The answer comes to an end: the model stops by itself, and not in a loop."""

from harness import check
from harness.checks.repetition import NoTextLoop
from harness.checks.stops_cleanly import StopsCleanly


def test_repetition(completion, task):
    check(NoTextLoop(), completion, task)


def test_stops_cleanly(completion, task):
    check(StopsCleanly(), completion, task)
