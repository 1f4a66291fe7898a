"""RFC 3339, by the letter."""

# ruff: noqa: E501

import datetime

import pytest

from harness.checks.text.calendar import is_time, read_date, read_date_time

UTC = datetime.UTC


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-02-29", datetime.date(2024, 2, 29)),
        ("0001-01-01", datetime.date(1, 1, 1)),
        ("9999-12-31", datetime.date(9999, 12, 31)),
    ],
)
def test_days(text, day):
    assert read_date(text) == day


@pytest.mark.parametrize(
    "text",
    ["2023-02-29", "2024-00-01", "2024-01-00", "2024-13-01", "2024-06-31", "0000-01-01", "",
     "2024-1-01", "24-01-01", "2024-01-01 ", "\u0662024-01-01", "2024-01-01T", "12024-01-01"],
)  # fmt: skip
def test_no_days(text):
    assert read_date(text) is None


@pytest.mark.parametrize(
    "text",
    ["00:00:00Z", "23:59:59z", "12:00:00.5Z", "12:00:00+00:00", "12:00:00-00:00", "12:00:00+23:59",
     "12:00:00-23:59", "23:59:60Z", "01:29:60+01:30", "15:59:60-08:00", "00:29:60+00:30",
     "12:00:00.123456789Z"],
)  # fmt: skip
def test_times(text):
    assert is_time(text)


@pytest.mark.parametrize(
    "text",
    ["24:00:00Z", "23:60:00Z", "23:59:61Z", "12:00:60Z", "22:59:60Z", "23:58:60Z", "23:59:60+01:00",
     "12:00:00", "12:00Z", "12:00:00.Z", "12:00:00+24:00", "12:00:00+01:60", "12:00:00+0100",
     "1:00:00Z", "12:00:00 Z", "12:00:00Z ", "12-00-00Z", "\u0661\u0662:00:00Z", ""],
)  # fmt: skip
def test_no_times(text):
    assert not is_time(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-05T10:20:30Z", datetime.datetime(2024, 3, 5, 10, 20, 30, tzinfo=UTC)),
        ("2024-03-05t10:20:30z", datetime.datetime(2024, 3, 5, 10, 20, 30, tzinfo=UTC)),
        ("2024-03-05T10:20:30.25Z", datetime.datetime(2024, 3, 5, 10, 20, 30, 250000, tzinfo=UTC)),
        ("2024-03-05T00:20:30+02:30", datetime.datetime(2024, 3, 4, 21, 50, 30, tzinfo=UTC)),
        ("2024-03-05T23:20:30-01:15", datetime.datetime(2024, 3, 6, 0, 35, 30, tzinfo=UTC)),
        ("2024-03-05T23:59:60Z", datetime.datetime(2024, 3, 5, 23, 59, 59, tzinfo=UTC)),
        ("0001-01-01T00:00:00+01:00", datetime.datetime(1, 1, 1, tzinfo=UTC)),
        ("2024-03-05T10:20:30.1234567Z", datetime.datetime(2024, 3, 5, 10, 20, 30, 123456, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_moments(text, moment):
    assert read_date_time(text) == moment


@pytest.mark.parametrize(
    "text",
    ["2024-03-05 10:20:30Z", "2024-03-05", "2024-02-30T10:20:30Z", "2024-03-05T10:20:30",
     "2024-03-05TT10:20:30Z", "2024-03-05T25:20:30Z", ""],
)  # fmt: skip
def test_no_moments(text):
    assert read_date_time(text) is None
