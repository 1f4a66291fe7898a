"""Retries: which waits, how often, and what a server may ask for."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from harness.core.errors import HarnessError
from harness.engine.served.retries import (
    BUSY_TRIES,
    TRIES,
    GivenUp,
    PassingFault,
    Retries,
    retry_after,
    seconds_before,
)


def failing(times, **fault):
    left = iter(range(times))

    def send():
        if next(left, None) is not None:
            raise PassingFault("it fails", **fault)
        return "answer"

    return send


def waits(send, seed=0):
    waited = []
    try:
        Retries(waited.append).call(seed, send)
    except GivenUp as error:
        return waited, str(error)
    return waited, None


def test_waits_double_from_half_a_second_and_lose_at_most_a_half():
    waited, _ = waits(failing(4))
    assert len(waited) == 4
    for wait, most in zip(waited, (0.5, 1, 2, 4), strict=True):
        assert most / 2 <= wait <= most


def test_no_wait_is_longer_than_half_a_minute():
    assert all(seconds_before(n, None, random.Random(n)) <= 30 for n in range(1, 100))


def test_waits_are_the_same_for_a_seed_and_others_for_another():
    assert waits(failing(3), 1) == waits(failing(3), 1)
    assert waits(failing(3), 1) != waits(failing(3), 2)


def test_what_the_server_asks_for_is_waited():
    waited, _ = waits(failing(3, is_busy=True, retry_after=7.0))
    assert all(7 <= wait <= 7.7 for wait in waited)


@pytest.mark.parametrize(("is_busy", "tries"), [(False, TRIES), (True, BUSY_TRIES)])
def test_the_last_try_is_said(is_busy, tries):
    waited, reason = waits(failing(99, is_busy=is_busy))
    assert len(waited) == tries - 1
    assert reason == f"it fails, {tries} times in a row"


def test_nothing_is_sent_again_once_nobody_wants_the_answers():
    with pytest.raises(GivenUp):
        Retries(pytest.fail, lambda: True).call(0, failing(1))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 12 ", 12.0),
        ("soon", None),
        ("-1", None),
        ("nan", None),
        ("²", None),
    ],
)
def test_retry_after_is_read_as_seconds(header, seconds):
    assert retry_after(header) == seconds


def test_retry_after_is_read_as_a_date():
    soon = datetime.now(UTC) + timedelta(seconds=60)
    assert 50 < retry_after(format_datetime(soon, usegmt=True)) <= 60
    assert retry_after("Thu, 01 Jan 1970 00:00:00 GMT") == 0.0


@pytest.mark.parametrize("header", ["121", "9" * 60, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_server_that_asks_for_too_long_is_not_waited_for(header):
    with pytest.raises(HarnessError, match="run it again later"):
        retry_after(header)
