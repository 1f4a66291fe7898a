"""Clocks of games: each sport's own periods and lengths, and no overtime without end."""

import pytest

from harness.checks.text.game_clock import MAX_OVERTIMES, PERIODS, Halves, Periods


@pytest.mark.parametrize(
    ("sport", "text", "place"),
    [
        ("nba", "Q1 12:00", (1, 0)),
        ("nba", "Q4 00:00", (4, 720)),
        ("nba", "OT 05:00", (5, 0)),
        ("nba", "OT6 00:00", (10, 300)),
        ("nfl", "Q4 15:00", (4, 0)),
        ("nfl", "OT 10:00", (5, 0)),
        ("fiba", "Q2 10:00", (2, 0)),
        ("fiba", "OT 04:59", (5, 1)),
        ("nhl", "P3 20:00", (3, 0)),
        ("nhl", "OT6 16:30", (9, 210)),
    ],
)
def test_each_sport_has_its_periods(sport, text, place):
    assert PERIODS[sport].read(text) == place


@pytest.mark.parametrize(
    ("sport", "text"),
    [
        ("nba", "Q1 12:01"), ("nba", "Q5 01:00"), ("nba", "Q1 11:60"), ("nba", "OT 05:01"),
        ("nba", "OT7 01:00"), ("nba", "OT10 01:00"), ("nba", "OT114 01:00"), ("nba", "OT1 01:00"),
        ("nba", "P1 01:00"), ("nba", "Q1 1:00"), ("nba", "Q1  01:00"), ("nba", "Q1 0\u0661:00"),
        ("nfl", "Q1 15:01"), ("nfl", "OT 10:01"), ("nfl", "OT10 01:00"), ("nfl", "OT3 01:00"),
        ("fiba", "Q1 10:01"), ("fiba", "OT 05:01"), ("fiba", "OT10 01:00"),
        ("nhl", "P4 01:00"), ("nhl", "Q1 01:00"), ("nhl", "P1 20:01"), ("nhl", "OT10 01:00"),
    ],
)  # fmt: skip
def test_no_game_has_these(sport, text):
    assert PERIODS[sport].read(text) is None


@pytest.mark.parametrize("overtimes", range(MAX_OVERTIMES + 1))
def test_overtimes_end(overtimes):
    clock = Periods("Q", 4, 12, overtimes, 5)
    names = ["OT", *(f"OT{number}" for number in range(2, 200))]
    found = [name for name in names if clock.read(f"{name} 01:00")]
    assert found == names[:overtimes]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("0'", (1, 0)), ("7", (1, 420)), ("45", (1, 2700)), ("45+2", (1, 2820)),
        ("45'+2'", (1, 2820)), ("45+2'", (1, 2820)), ("46'", (2, 2760)), ("67:30", (2, 4050)),
        ("45:30", (2, 2730)), ("90+5'", (2, 5700)), ("90+5:10", (2, 5710)), ("105+1", (3, 6360)),
        ("120'", (4, 7200)), ("120+3'", (4, 7380)),
    ],
)  # fmt: skip
def test_minutes_of_football(text, place):
    assert Halves().read(text) == place


@pytest.mark.parametrize(
    "text",
    ["121'", "120:01", "44+2'", "60+1", "45+31", "45+", "+2", "", "-1", "67.5", "67''", "Q1 01:00",
     "67:60", "45:30+1", "\u0664\u0665"],
)  # fmt: skip
def test_no_minutes_of_football(text):
    assert Halves().read(text) is None


def test_football_without_extra_time():
    assert Halves(has_extra_time=False).read("90+4'") == (2, 5640)
    assert Halves(has_extra_time=False).read("91'") is None


def test_what_is_expected_names_the_bounds():
    assert PERIODS["nfl"].expected == (
        "Q1 to Q4 or OT, OT2, then mm:ss from 00:00 to 15:00 (10:00 in overtime)"
    )
    assert PERIODS["nhl"].expected == "P1 to P3 or OT, OT2 to OT6, then mm:ss from 00:00 to 20:00"
    assert Periods("Q", 4, 8, 0, 5).expected == "Q1 to Q4, then mm:ss from 00:00 to 08:00"
    assert "0 to 90," in Halves(has_extra_time=False).expected
