"""Clocks of games, each by the rules of its sport: ``Q1 09:38``, ``OT 02:00``, ``45+2'``.

Basketball, American football and ice hockey count down in periods; football counts minutes up, and
adds stoppage time to the end of a half.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Sport = Literal["nba", "nfl", "fiba", "nhl", "football"]
MAX_OVERTIMES = 9
"""No task may allow more: no game of any sport has had ten."""
MAX_STOPPAGE_MINUTES = 30
"""Minutes added to a half of football; the longest of the professional game are below it."""
GamePlace = tuple[int, int]
"""A point in a game: its period, from 1, and the seconds played in it."""
_COUNTDOWN = re.compile(r"(?:([QP])([1-9])|OT([2-9])?) ([0-9]{2}):([0-9]{2})")
_MINUTES = re.compile(
    r"([0-9]{1,3})(?::([0-5][0-9]))?'?(?:\+([0-9]{1,2})(?::([0-5][0-9]))?'?)?", re.ASCII
)
_HALVES = (45, 90, 105, 120)
"""The last minute of each half, those of extra time included."""


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods of a game whose clock counts down."""

    letter: str
    """The letter before the number of a period: Q for quarters, P for periods."""
    count: int
    minutes: int
    """What the clock shows at the start of a period."""
    overtimes: int
    overtime_minutes: int

    @property
    def expected(self) -> str:
        overtimes = ("", " or OT", " or OT, OT2")[min(self.overtimes, 2)]
        last = f" to OT{self.overtimes}" if self.overtimes > 2 else ""
        shown = f"{self.letter}1 to {self.letter}{self.count}{overtimes}{last}"
        most = f"{self.minutes:02}:00"
        if self.overtimes and self.overtime_minutes != self.minutes:
            most += f" ({self.overtime_minutes:02}:00 in overtime)"
        return f"{shown}, then mm:ss from 00:00 to {most}"

    def read(self, text: str) -> GamePlace | None:
        """The place in the game that ``text`` names; ``None`` when the game has none such."""
        match = _COUNTDOWN.fullmatch(text)
        if match is None or match[1] not in (None, self.letter):
            return None
        number = int(match[2] or match[3] or 1)
        if number > (self.count if match[1] else self.overtimes):
            return None
        length = 60 * (self.minutes if match[1] else self.overtime_minutes)
        minutes, seconds = int(match[4]), int(match[5])
        left = 60 * minutes + seconds
        if seconds > 59 or left > length:
            return None
        return (number if match[1] else self.count + number, length - left)


@dataclass(frozen=True, slots=True)
class Halves:
    """The halves of a football match, whose minutes count up."""

    has_extra_time: bool = True

    @property
    def expected(self) -> str:
        most = _HALVES[-1 if self.has_extra_time else 1]
        return f"a minute of the match from 0 to {most}, stoppage time after a plus: 67' or 45+2'"

    def read(self, text: str) -> GamePlace | None:
        """The place in the match that ``text`` names; ``None`` when no match has it."""
        match = _MINUTES.fullmatch(text)
        if match is None:
            return None
        minute, seconds = int(match[1]), int(match[2] or 0)
        halves = _HALVES if self.has_extra_time else _HALVES[:2]
        played = 60 * minute + seconds
        half = next((n for n, last in enumerate(halves, start=1) if played <= 60 * last), None)
        if half is None or match[3] is None:
            return None if half is None else (half, played)
        if minute not in halves or match[2] or int(match[3]) > MAX_STOPPAGE_MINUTES:
            return None
        return (half, played + 60 * int(match[3]) + int(match[4] or 0))


GameClock = Periods | Halves
PERIODS: Mapping[str, Periods] = {
    "nba": Periods("Q", 4, 12, overtimes=6, overtime_minutes=5),
    "nfl": Periods("Q", 4, 15, overtimes=2, overtime_minutes=10),
    "fiba": Periods("Q", 4, 10, overtimes=6, overtime_minutes=5),
    "nhl": Periods("P", 3, 20, overtimes=6, overtime_minutes=20),
}
"""By sport. Six overtimes are the most that the NBA and the NHL have played (Indianapolis at
Rochester, 1951; Detroit at Montreal, 1936), two the most of the NFL (Miami at Kansas City,
1971)."""
