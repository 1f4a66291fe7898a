"""Times in their window and order; kinds and forms are in the tables."""

import pytest

from harness.checks.declared.timestamp_rule import TimestampRule
from harness.checks.timestamp_sanity import TimestampSanity
from tests.checks.judging import judge, pointed, word


def dates(**settings):
    return TimestampSanity((("/d", TimestampRule("date", **settings)),))


def clocks(**settings):
    return TimestampSanity((("/t/*", TimestampRule("game_clock", **settings)),))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2023-12-31", "bad_date"),
        ("2024-01-01", "passed"),
        ("2024-01-01T00:00:00Z", "passed"),
        ("2024-01-01T00:30:00+01:00", "bad_date"),
        ("2024-12-31", "passed"),
        ("2024-12-31T23:59:59.9Z", "passed"),
        ("2024-12-31T23:30:00-01:00", "bad_date"),
        ("2025-01-01", "bad_date"),
    ],
)
def test_window(day, expected):
    check = dates(earliest="2024-01-01", latest="2024-12-31")
    assert word(check, f'{{"d": "{day}"}}') == expected


def test_a_latest_moment_is_itself_included():
    check = dates(latest="2024-06-01T12:00:00Z")
    assert word(check, '{"d": "2024-06-01T12:00:00Z"}') == "passed"
    assert word(check, '{"d": "2024-06-01T12:00:01Z"}') == "bad_date"


def test_reasons_of_the_window():
    text = '{"d": "1999-01-01"}'
    verdict = judge(dates(earliest="2024-01-01"), text)
    assert verdict.reason == '/d: "1999-01-01" is before 2024-01-01'
    assert pointed(verdict, text) == '"1999-01-01"'
    verdict = judge(dates(latest="1998-01-01"), text)
    assert verdict.reason == '/d: "1999-01-01" is after 1998-01-01'


@pytest.mark.parametrize(
    ("order", "first", "second", "expected"),
    [
        ("any", "Q2 01:00", "Q1 01:00", "passed"),
        ("nondecreasing", "Q1 01:00", "Q2 11:00", "passed"),
        ("nondecreasing", "Q1 11:00", "Q1 01:00", "passed"),
        ("nondecreasing", "Q1 01:00", "Q1 01:00", "passed"),
        ("nondecreasing", "Q1 01:00", "Q1 01:01", "bad_clock"),
        ("nondecreasing", "Q4 00:00", "OT 05:00", "passed"),
        ("nondecreasing", "OT2 05:00", "OT 05:00", "bad_clock"),
        ("nonincreasing", "Q1 01:00", "Q1 01:01", "passed"),
        ("nonincreasing", "Q1 01:00", "Q1 01:00", "passed"),
        ("nonincreasing", "Q1 01:00", "Q2 01:00", "bad_clock"),
    ],
)
def test_order(order, first, second, expected):
    assert word(clocks(order=order), f'{{"t": ["{first}", "{second}"]}}') == expected


def test_reasons_of_the_order():
    text = '{"t": ["Q1 01:00", "Q1 02:00"]}'
    verdict = judge(clocks(order="nondecreasing"), text)
    assert verdict.reason == '/t/1: "Q1 02:00" is earlier than "Q1 01:00" before it'
    assert pointed(verdict, text) == '"Q1 02:00"'
    verdict = judge(clocks(order="nonincreasing"), text.replace("02:00", "00:30"))
    assert verdict.reason == '/t/1: "Q1 00:30" is later than "Q1 01:00" before it'


def test_order_is_kept_by_dates_and_date_times_together():
    check = TimestampSanity((("/t/*", TimestampRule("date", order="nondecreasing")),))
    assert word(check, '{"t": ["2024-01-01", "2024-01-01T10:00:00Z", "2024-01-02"]}') == "passed"
    assert word(check, '{"t": ["2024-01-01T10:00:00Z", "2024-01-01"]}') == "bad_date"


def test_lengths_of_periods():
    assert word(clocks(period_minutes=15), '{"t": ["Q4 15:00"]}') == "passed"
    assert word(clocks(period_minutes=15), '{"t": ["Q4 15:01"]}') == "bad_clock"
    assert word(clocks(overtime_minutes=10), '{"t": ["OT 10:00", "OT3 10:00"]}') == "passed"
    assert word(clocks(overtime_minutes=10), '{"t": ["OT 10:01"]}') == "bad_clock"
    verdict = judge(clocks(period_minutes=8), '{"t": ["Q1 08:01"]}')
    assert verdict.reason == (
        '/t/0: expected Q1 to Q4 or OT, OT2, ..., then mm:ss from 00:00 to 08:00, found "Q1 08:01"'
    )


def test_window_of_a_game():
    check = clocks(earliest="Q2 12:00", latest="Q3 00:00")
    assert word(check, '{"t": ["Q2 12:00", "Q3 00:00"]}') == "passed"
    assert word(check, '{"t": ["Q1 00:01"]}') == "bad_clock"
    assert word(check, '{"t": ["Q4 12:00"]}') == "bad_clock"


def test_no_item_is_nothing_wrong_and_no_key_is():
    assert word(clocks(), '{"t": []}') == "passed"
    assert word(clocks(), "{}") == "missing_key"
    assert word(dates(), "{}") == "missing_key"
    verdict = judge(dates(), "{}")
    assert verdict.reason.endswith("found no such key")
    assert verdict.span == (0, 2)


@pytest.mark.parametrize("value", ["20240101", "null", '["2024-01-01"]', "true", "{}"])
def test_a_time_is_a_string(value):
    verdict = judge(dates(), f'{{"d": {value}}}')
    assert verdict.code == "bad_date"
    assert verdict.reason.startswith("/d: expected a day as YYYY-MM-DD, or an RFC 3339 date-time, ")


def test_bounds_are_times_too():
    with pytest.raises(ValueError, match="'yesterday' is no date: expected a day as YYYY-MM-DD"):
        TimestampRule("date", earliest="yesterday")
    with pytest.raises(ValueError, match="'Q9 00:00' is no game_clock: expected Q1 to Q4"):
        TimestampRule("game_clock", latest="Q9 00:00")


def test_the_first_pointer_that_fails_is_reported():
    rule = TimestampRule("date")
    check = TimestampSanity((("/a", rule), ("/b", rule)))
    verdict = judge(check, '{"b": "x", "a": "y"}')
    assert verdict.reason.startswith("/a: ")
    assert word(check, '{"b": "x", "a": "2024-01-01"}') == "bad_date"
