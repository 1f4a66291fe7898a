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
        "/t/0: expected Q1 to Q4 or OT, OT2 to OT6, then mm:ss from 00:00 to 08:00 "
        '(05:00 in overtime), found "Q1 08:01"'
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


@pytest.mark.parametrize("clock", ["OT7 01:00", "OT10 01:00", "OT114 00:20"])
@pytest.mark.parametrize("settings", [{}, {"sport": "fiba"}, {"sport": "nfl"}, {"overtimes": 2}])
def test_no_game_has_overtimes_without_end(clock, settings):
    assert word(clocks(**settings), f'{{"t": ["{clock}"]}}') == "bad_clock"


def test_a_sport_has_its_clock_and_lengths_that_are_given_stand_before_it():
    assert word(clocks(sport="nhl"), '{"t": ["P3 20:00"]}') == "passed"
    assert word(clocks(sport="nhl"), '{"t": ["Q3 20:00"]}') == "bad_clock"
    assert word(clocks(sport="nhl", overtime_minutes=5), '{"t": ["OT 05:01"]}') == "bad_clock"
    assert word(clocks(periods=2, period_minutes=20), '{"t": ["Q2 20:00"]}') == "passed"
    assert word(clocks(periods=2, period_minutes=20), '{"t": ["Q3 20:00"]}') == "bad_clock"
    assert word(clocks(overtimes=0), '{"t": ["OT 01:00"]}') == "bad_clock"


def test_minutes_of_football_are_numbers_too():
    check = clocks(sport="football", order="nondecreasing")
    assert word(check, '{"t": [12, "45+2\'", "46\'", 90]}') == "passed"
    assert word(check, '{"t": ["46\'", "45+2\'"]}') == "bad_clock"
    assert word(check, '{"t": [121]}') == "bad_clock"
    assert word(check, '{"t": [true]}') == "bad_clock"


def rules(kind, **settings):
    return TimestampSanity((("/d", TimestampRule(kind, **settings)),))


LOCAL, WITH_OFFSET = "2024-05-01T14:30:00", "2024-05-01T14:30:00+02:00"


@pytest.mark.parametrize(
    ("offset", "passing"),
    [
        (None, [LOCAL, WITH_OFFSET]),
        ("optional", [LOCAL, WITH_OFFSET]),
        ("required", [WITH_OFFSET]),
        ("forbidden", [LOCAL]),
    ],
)
def test_offsets_of_date_times(offset, passing):
    check = rules("datetime", offset=offset)
    found = [t for t in (LOCAL, WITH_OFFSET) if word(check, f'{{"d": "{t}"}}') == "passed"]
    assert found == passing


@pytest.mark.parametrize(
    ("kind", "settings", "value", "expected"),
    [
        ("datetime", {}, '"2024-05-01"', "bad_date"),
        ("datetime", {}, '"2024-02-30T10:00:00"', "bad_date"),
        ("datetime", {}, '"2024-05-01 14:30"', "bad_date"),
        ("datetime", {"latest": "2024-05-01"}, '"2024-05-01T23:59:59"', "passed"),
        ("datetime", {"latest": "2024-05-01"}, '"2024-05-02T00:00:00"', "bad_date"),
        ("datetime", {}, '"2024-05-0\u0661T10:00:00"', "bad_date"),
        ("time", {}, '"14:30"', "passed"),
        ("time", {}, '"14:30:59.5"', "passed"),
        ("time", {}, '"14:30Z"', "passed"),
        ("time", {"offset": "forbidden"}, '"14:30Z"', "bad_clock"),
        ("time", {"offset": "required"}, '"14:30"', "bad_clock"),
        ("time", {}, '"24:00"', "bad_clock"),
        ("time", {}, '"2:30"', "bad_clock"),
        ("time", {"earliest": "09:00", "latest": "17:00"}, '"17:00"', "passed"),
        ("time", {"earliest": "09:00", "latest": "17:00"}, '"17:00:01"', "bad_clock"),
        ("duration", {}, '"PT1H30M"', "passed"),
        ("duration", {}, '"P1Y2M10DT2H30M"', "passed"),
        ("duration", {}, '"PT0.5S"', "passed"),
        ("duration", {}, '"P"', "bad_clock"),
        ("duration", {}, '"P1DT"', "bad_clock"),
        ("duration", {}, '"1h30m"', "bad_clock"),
        ("duration", {}, "90", "bad_clock"),
        ("duration", {"latest": "P1D"}, '"PT24H"', "passed"),
        ("duration", {"latest": "P1D"}, '"PT25H"', "bad_clock"),
        ("unix", {}, "1714573800", "passed"),
        ("unix", {}, "1714573800000", "passed"),
        ("unix", {}, "1714573800.25", "passed"),
        ("unix", {}, '"1714573800"', "passed"),
        ("unix", {}, "1714573800000000", "bad_date"),
        ("unix", {}, "0", "bad_date"),
        ("unix", {}, "true", "bad_date"),
        ("unix", {}, '"soon"', "bad_date"),
        ("unix", {}, "1e1000000000000000000", "bad_date"),
        ("unix", {}, "9" * 5000, "bad_date"),
        ("unix", {"latest": 1714573800}, "1714573800", "passed"),
        ("unix", {"latest": 1714573800}, "1714573801", "bad_date"),
    ],
)
def test_kinds_of_time(kind, settings, value, expected):
    window = {"earliest": "2020-01-01", "latest": "2030-12-31"} if kind == "unix" else {}
    settings = {name: str(bound) for name, bound in {**window, **settings}.items()}
    assert word(rules(kind, **settings), f'{{"d": {value}}}') == expected


def test_unix_times_keep_their_order_in_either_unit():
    rule = TimestampRule("unix", "2020-01-01", "2030-12-31", order="nondecreasing")
    check = TimestampSanity((("/t/*", rule),))
    assert word(check, '{"t": [1714573800, 1714573801000]}') == "passed"
    assert word(check, '{"t": [1714573802, 1714573801000]}') == "bad_date"


@pytest.mark.parametrize("kind", ["date", "datetime", "time", "duration", "game_clock"])
def test_an_optional_time_may_be_missing_or_null_and_not_wrong(kind):
    check = rules(kind, optional=True)
    assert word(check, '{"d": null}') == "passed"
    assert word(check, "{}") == "passed"
    assert word(check, '{"d": ""}').startswith("bad_")
    assert word(rules(kind), '{"d": null}').startswith("bad_")
