"""The choices a strategy makes: what each could have been, and which of its values is simpler.

A drawn case is decided by a sequence of these: numbers, characters, turns taken. To make the case
smaller its choices are made simpler, so that every smaller case is one that the strategy could have
drawn itself. Knows numbers and text; nothing of Hypothesis, cases or models.
"""

import math
import random
import string
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

Value = bool | int | float | str
Span = tuple[int, int]
"""A run of choices that belong together, such as an item of a list: start, and end exclusive."""

MAX_ALTERNATIVES = 64
"""A whole number of at most so many possible values is tried at each of them."""
MAX_PARTS = 16
"""A text is cut at most into so many parts at a time."""
LONGEST_BY_CHANCE = 100
"""Characters above its least length that a text is drawn with at most."""
WIDEST_BY_CHANCE = 10**6
"""The largest magnitude of a number that is drawn without bounds."""
_SIMPLEST_FIRST = string.ascii_letters + string.digits + " " + string.punctuation


class Range(Protocol):
    """The values that one choice could have been."""

    @property
    def simplest(self) -> Value: ...

    def allows(self, value: Value) -> bool: ...

    def draw(self, rng: random.Random) -> Value: ...

    def others(self, value: Value) -> Iterator[Value]:
        """Values worth trying in the place of ``value``; some may be no simpler."""
        ...

    def complexity(self, value: Value) -> tuple[float, ...]:
        """Orders the values: what is less is simpler."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice as it was made."""

    value: Value
    range: Range

    @property
    def complexity(self) -> tuple[float, ...]:
        return self.range.complexity(self.value)


@dataclass(frozen=True, slots=True)
class BooleanRange:
    """A turn taken or not, such as one more item of a list."""

    probability: float = 0.5

    @property
    def simplest(self) -> bool:
        return self.probability >= 1

    def allows(self, value: Value) -> bool:
        return isinstance(value, bool) and (self.probability > 0 if value else self.probability < 1)

    def draw(self, rng: random.Random) -> bool:
        return rng.random() < self.probability

    def others(self, value: Value) -> Iterator[Value]:
        if value != self.simplest:
            yield self.simplest

    def complexity(self, value: Value) -> tuple[float, ...]:
        return (float(value),)


@dataclass(frozen=True, slots=True)
class IntegerRange:
    """A whole number; also which item of a list, and the parts of a date."""

    least: int | None
    most: int | None
    towards: int = 0
    """The number that is simplest; the nearest one where it is out of bounds."""
    weights: tuple[tuple[int, float], ...] = ()
    """Values that are drawn with a probability of their own."""

    @property
    def simplest(self) -> int:
        value = self.towards if self.least is None else max(self.towards, self.least)
        return value if self.most is None else min(value, self.most)

    def allows(self, value: Value) -> bool:
        return (
            isinstance(value, int)
            and not isinstance(value, bool)
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
        )

    def draw(self, rng: random.Random) -> int:
        left = rng.random()
        for value, probability in self.weights:
            left -= probability
            if left < 0:
                return value
        least, most = self._window
        return rng.randint(least, most)

    @property
    def _window(self) -> tuple[int, int]:
        """Bounds to draw between: where one is missing, not too far from the other."""
        match self.least, self.most:
            case None, None:
                return self.towards - WIDEST_BY_CHANCE, self.towards + WIDEST_BY_CHANCE
            case None, int(most):
                return most - WIDEST_BY_CHANCE, most
            case int(least), None:
                return least, least + WIDEST_BY_CHANCE
            case int(least), int(most):
                return least, most
        raise AssertionError

    def others(self, value: Value) -> Iterator[Value]:
        assert isinstance(value, int)
        least, most = self._window
        if most - least < MAX_ALTERNATIVES:
            yield from (n for n in range(least, most + 1) if n != value)
            return
        distance = value - self.simplest
        step = abs(distance)
        while step:
            yield value - int(math.copysign(step, distance))
            step //= 2

    def complexity(self, value: Value) -> tuple[float, ...]:
        return (abs(value - self.simplest), float(value < self.simplest))  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class FloatRange:
    """A number of the machine."""

    least: float
    most: float
    allows_nan: bool
    smallest: float
    """The smallest magnitude beside zero."""

    @property
    def simplest(self) -> float:
        near = (0.0, 1.0, -1.0, *(math.ceil(b) for b in (self.least,) if math.isfinite(b)))
        return next(float(v) for v in (*near, self.least, self.most) if self.allows(float(v)))

    def allows(self, value: Value) -> bool:
        if not isinstance(value, float):
            return False
        if math.isnan(value):
            return self.allows_nan
        return self.least <= value <= self.most and (not value or abs(value) >= self.smallest)

    def draw(self, rng: random.Random) -> float:
        least, most = max(self.least, -WIDEST_BY_CHANCE), min(self.most, WIDEST_BY_CHANCE)
        drawn = rng.uniform(least, most) if least <= most else self.simplest
        rounded = round(drawn, rng.choice((0, 1, 2, 12)))
        return rounded if self.allows(rounded) else self.simplest

    def others(self, value: Value) -> Iterator[Value]:
        assert isinstance(value, float)
        tried = [self.simplest]
        if math.isfinite(value):
            tried += [float(math.trunc(value)), math.trunc(value / 2.0) + 0.0, round(value, 1)]
        yield from (v for v in tried if self.allows(v) and v != value)

    def complexity(self, value: Value) -> tuple[float, ...]:
        assert isinstance(value, float)
        if not math.isfinite(value):
            return (2.0, 0.0, float(math.isnan(value)))
        return (float(not value.is_integer()), abs(value), float(value < 0))


@dataclass(frozen=True, slots=True)
class TextRange:
    """Characters of an alphabet, so and so many."""

    alphabet: tuple[tuple[int, int], ...]
    """Runs of code points: first and last."""
    least: int
    most: int

    @property
    def simplest(self) -> str:
        return self._simplest_character * self.least

    @property
    def _simplest_character(self) -> str:
        if not self.alphabet:
            return ""
        return next((c for c in _SIMPLEST_FIRST if self._has(c)), chr(self.alphabet[0][0]))

    def _has(self, character: str) -> bool:
        return any(first <= ord(character) <= last for first, last in self.alphabet)

    def allows(self, value: Value) -> bool:
        return (
            isinstance(value, str)
            and self.least <= len(value) <= self.most
            and all(map(self._has, value))
        )

    def draw(self, rng: random.Random) -> str:
        """Short texts more often than long ones."""
        longest = min(self.most, max(2 * self.least, self.least + LONGEST_BY_CHANCE))
        length = self.least + round((longest - self.least) * rng.random() ** 2)
        return "".join(self._character(rng) for _ in range(length)) if self.alphabet else ""

    def _character(self, rng: random.Random) -> str:
        place = rng.randrange(sum(last - first + 1 for first, last in self.alphabet))
        for first, last in self.alphabet:
            if place <= last - first:
                return chr(first + place)
            place -= last - first + 1
        raise AssertionError

    def others(self, value: Value) -> Iterator[Value]:
        """The simplest, then the text without a part of it, then with a part made simplest."""
        assert isinstance(value, str)
        yield self.simplest
        parts = list(_parts(len(value)))
        for start, end in parts:
            if len(value) - (end - start) >= self.least:
                yield value[:start] + value[end:]
        plain = self._simplest_character
        for start, end in parts:
            yield value[:start] + plain * (end - start) + value[end:]
        if len(value) == 1:
            yield from (c for c in _SIMPLEST_FIRST if self._has(c))

    def complexity(self, value: Value) -> tuple[float, ...]:
        assert isinstance(value, str)
        return (len(value), *map(_character_complexity, value))


def _parts(length: int) -> Iterator[Span]:
    """The whole, its halves, its quarters, ..., as far as single places or ``MAX_PARTS``."""
    finest = min(length, MAX_PARTS)
    if not finest:
        return
    counts = [2**i for i in range(MAX_PARTS.bit_length()) if 2**i < finest]
    for count in [*counts, finest]:
        edges = [length * i // count for i in range(count + 1)]
        yield from pairwise(edges)


def _character_complexity(character: str) -> int:
    """Small letters, capitals, digits, the blank, punctuation, then all others by code point."""
    place = _SIMPLEST_FIRST.find(character)
    return place if place >= 0 else len(_SIMPLEST_FIRST) + ord(character)
