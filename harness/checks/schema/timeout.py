"""Limits the time a schema may take over one value: a broken task must not hang a run.

Each thread has its own clock, started for each value.
"""

import threading
import time

PATTERN_SECONDS = 0.5
"""The most time that all patterns together may take on one value."""
SCHEMA_SECONDS = 10.0
"""The most time that the whole schema may take on one value, where it branches at every level."""


class SchemaTimeout(Exception):
    """A schema took too long over one value: a mistake of the task, not of the model."""


class _Clock(threading.local):
    deadline = float("inf")
    pattern_seconds_left = PATTERN_SECONDS


_clock = _Clock()


def start_clock() -> None:
    """Begin with one value."""
    _clock.deadline = time.monotonic() + SCHEMA_SECONDS
    _clock.pattern_seconds_left = PATTERN_SECONDS


def tick() -> None:
    """Called wherever a schema goes one level deeper.

    Raises:
        SchemaTimeout: the time is up.
    """
    if time.monotonic() > _clock.deadline:
        raise SchemaTimeout(
            f"the schema did not finish within {SCHEMA_SECONDS:g} s: it tries too many branches"
        )


def pattern_seconds_left() -> float:
    """The seconds left of ``PATTERN_SECONDS``."""
    return _clock.pattern_seconds_left


def spend_on_patterns(seconds: float) -> None:
    _clock.pattern_seconds_left -= seconds
