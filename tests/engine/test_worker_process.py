"""Silence of a backend is time in which this process listened."""

import pytest

from harness.engine.worker_process import MIN_WAITS, SLACK_SECONDS, Silence


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def waits_until_over(silence: Silence, clock: Clock, late_seconds: float = 0.0) -> int:
    waits = 0
    while not silence.is_over:
        clock.seconds += silence.wait_seconds + late_seconds
        silence.waited()
        waits += 1
    return waits


@pytest.mark.parametrize("limit", [0.2, 2.0, 600.0])
def test_silence_is_over_after_its_limit(limit):
    clock = Clock()
    silence = Silence(limit, clock)
    assert waits_until_over(silence, clock) >= MIN_WAITS
    assert clock.seconds - 100 == pytest.approx(limit)


def test_time_for_which_this_process_was_stopped_is_no_silence():
    clock = Clock()
    silence = Silence(600.0, clock)
    for _ in range(5):
        clock.seconds += 5000
        silence.waited()
        assert not silence.is_over
    assert waits_until_over(silence, clock) == 600


def test_waits_that_end_late_on_a_busy_machine_are_silence():
    clock = Clock()
    silence = Silence(600.0, clock)
    assert waits_until_over(silence, clock, late_seconds=0.9 * SLACK_SECONDS) == 600
