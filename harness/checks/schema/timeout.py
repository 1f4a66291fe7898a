"""Limits the time a schema may take over one value: a broken task must not hang a run.

Each thread has its own clock, started for each value.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from harness.core.errors import HarnessError

PATTERN_SECONDS = 0.5
"""The most time that all patterns together may take on one value."""
SCHEMA_SECONDS = 10.0
"""The most time that the whole schema may take on one value, where it branches at every level."""


MAX_BRANCH_ERRORS = 100_000
"""The errors of branches that may be kept for one value: a few hundred megabytes."""


class SchemaTimeout(Exception):
    """A schema took too long over one value, or broke down: a mistake of the task, not of the
    model."""


class ErrorsExhausted(SchemaTimeout):
    """The branches of a schema found more errors than are kept."""


class _Clock(threading.local):
    deadline = float("inf")
    cpu_start = 0.0
    pattern_seconds_left = PATTERN_SECONDS
    errors_left = MAX_BRANCH_ERRORS


_clock = _Clock()


def start_clock() -> None:
    """Begin with one value."""
    _clock.deadline = time.monotonic() + SCHEMA_SECONDS
    _clock.cpu_start = time.thread_time()
    _clock.pattern_seconds_left = PATTERN_SECONDS
    _clock.errors_left = MAX_BRANCH_ERRORS


@contextmanager
def contained(what: str) -> Iterator[None]:
    """Keep what goes wrong inside ``jsonschema`` from ending a run.

    Its references are followed by a library in Rust, whose panics are no ``Exception``.

    Raises:
        SchemaTimeout: something went wrong that is not foreseen; the message opens with ``what``.
    """
    try:
        yield
    except (HarnessError, SchemaTimeout, RecursionError, MemoryError):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        words = " ".join(str(error).split())[:100]
        raise SchemaTimeout(f"{what} ({type(error).__name__}: {words})") from None


def tick() -> None:
    """Called wherever a schema goes one level deeper.

    The time is the thread's own: on a busy machine a schema is not slower. It is looked at only
    when as much time has passed by the cheaper clock.

    Raises:
        SchemaTimeout: the time is up.
    """
    if time.monotonic() <= _clock.deadline:
        return
    left = SCHEMA_SECONDS - (time.thread_time() - _clock.cpu_start)
    if left <= 0:
        raise SchemaTimeout(
            f"the schema did not finish within {SCHEMA_SECONDS:g} s: it tries too many branches"
        )
    _clock.deadline = time.monotonic() + left


def pattern_seconds_left() -> float:
    """The seconds left of ``PATTERN_SECONDS``."""
    return _clock.pattern_seconds_left


def spend_on_patterns(seconds: float) -> None:
    _clock.pattern_seconds_left -= seconds


def errors_left() -> int:
    """The errors of branches that may still be kept for this value."""
    return _clock.errors_left


def keep_errors(count: int) -> None:
    """Called with the errors of a branch that are kept.

    Raises:
        ErrorsExhausted: all together they would fill the memory.
    """
    _clock.errors_left -= count
    if _clock.errors_left < 0:
        raise ErrorsExhausted(
            f"the schema found {MAX_BRANCH_ERRORS:,} errors in its branches: it tries too many"
        )


def forget_errors(left: int) -> None:
    """Called when errors are no longer kept, with what ``errors_left`` said before they were."""
    _clock.errors_left = left
