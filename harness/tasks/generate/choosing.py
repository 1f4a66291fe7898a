"""Runs a Hypothesis strategy on choices of ours: drawn from a seed, or given.

Hypothesis lets a *backend* make the choices of its strategies (``PrimitiveProvider``, described in
its documentation under alternative backends). This one takes them from a sequence of values, and
past its end from a random generator, or the simplest ones; and it notes every choice that was made.
So a drawn value can be taken apart into its choices, and made again from changed ones, and nothing
is drawn that depends on the example database or on the constants that Hypothesis finds in code.
"""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, PrimitiveProvider
from hypothesis.strategies import SearchStrategy

from harness.tasks.generate.choices import (
    BooleanRange,
    Choice,
    FloatRange,
    IntegerRange,
    Range,
    Span,
    TextRange,
    Value,
)

BACKEND = "harness"
BYTE = ((0, 255),)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DrawnValue(Generic[T]):
    """A value of a strategy, and the choices that made it."""

    value: T
    choices: tuple[Choice, ...]
    spans: tuple[Span, ...]


@dataclass(slots=True)
class Job:
    """One value to make: from these values, and then by chance, or else the simplest."""

    values: Sequence[Value] = ()
    rng: random.Random | None = None


def make(strategy: SearchStrategy[T], jobs: Sequence[Job]) -> list[DrawnValue[T] | None]:
    """A value for each job; ``None`` where the strategy rejects the choices.

    Values of a job that do not fit the choice that is to be made give way to the simplest.
    """
    work: _Work[T] = _Work(jobs)
    token = _WORK.set(work)
    try:
        # No database, no health checks, no deadline: what is slow or filtered out is the task's
        # business, and nothing may be left behind or remembered.
        @settings(
            backend=BACKEND,
            database=None,
            deadline=None,
            derandomize=False,
            max_examples=len(jobs) + 1,  # Hypothesis begins with a value of its own.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        @given(strategy)
        def note(value: T) -> None:
            work.note(value)

        note()
    except Unsatisfiable:
        pass  # Every job was rejected.
    finally:
        _WORK.reset(token)
    return work.result


@dataclass(slots=True)
class _Making:
    """One value on its way: its choices so far."""

    job: Job
    place: int | None
    """The job's index; ``None`` for a value that no job asked for."""
    choices: list[Choice] = field(default_factory=list)
    open_spans: list[int] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def choose(self, values: Range) -> Value:
        index = len(self.choices)
        if index < len(self.job.values):
            given_value = self.job.values[index]
            value = given_value if values.allows(given_value) else values.simplest
        else:
            value = values.simplest if self.job.rng is None else values.draw(self.job.rng)
        self.choices.append(Choice(value, values))
        return value


class _Work(Generic[T]):
    """The jobs of one call of ``make``, taken one by one as Hypothesis asks for values.

    Hypothesis goes on until as many values were accepted as there are jobs: when some job's was
    rejected, it asks for more, which nobody takes.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.waiting = deque(enumerate(jobs))
        self.made: list[DrawnValue[T] | None] = [None] * len(jobs)
        self.current: _Making | None = None
        self.only: DrawnValue[T] | None = None
        """The value that Hypothesis begins with, by itself."""

    @property
    def result(self) -> list[DrawnValue[T] | None]:
        """Hypothesis asks for no further value where the strategy has only one."""
        is_begun = len(self.waiting) < len(self.made)
        return self.made if is_begun else [self.only] * len(self.made)

    @contextmanager
    def making(self) -> Iterator[None]:
        place, job = self.waiting.popleft() if self.waiting else (None, Job())
        self.current = _Making(job, place)
        try:
            yield
        finally:
            self.current = None

    def note(self, value: T) -> None:
        made = self.current
        if made is None:
            self.only = DrawnValue(value, (), ())
        elif made.place is not None:
            spans = tuple(dict.fromkeys(made.spans))
            self.made[made.place] = DrawnValue(value, tuple(made.choices), spans)


_WORK: ContextVar[_Work[Any]] = ContextVar("_WORK")


class Chooser(PrimitiveProvider):
    """Makes the choices of the value that is on its way."""

    def per_test_case_context_manager(self) -> AbstractContextManager[None]:
        return _WORK.get().making()

    def _choose(self, values: Range) -> Any:
        making = _WORK.get().current
        return values.simplest if making is None else making.choose(values)

    def draw_boolean(self, p: float = 0.5) -> bool:
        return bool(self._choose(BooleanRange(p)))

    def draw_integer(
        self,
        min_value: int | None = None,
        max_value: int | None = None,
        *,
        weights: dict[int, float] | None = None,
        shrink_towards: int = 0,
    ) -> int:
        weighted = tuple((weights or {}).items())
        return int(self._choose(IntegerRange(min_value, max_value, shrink_towards, weighted)))

    def draw_float(
        self,
        *,
        min_value: float = -float("inf"),
        max_value: float = float("inf"),
        allow_nan: bool = True,
        smallest_nonzero_magnitude: float,
    ) -> float:
        values = FloatRange(min_value, max_value, allow_nan, smallest_nonzero_magnitude)
        return float(self._choose(values))

    def draw_string(self, intervals: Any, *, min_size: int = 0, max_size: int = 10**10) -> str:
        alphabet = tuple((first, last) for first, last in intervals.intervals)
        return str(self._choose(TextRange(alphabet, min_size, max_size)))

    def draw_bytes(self, min_size: int = 0, max_size: int = 10**10) -> bytes:
        return str(self._choose(TextRange(BYTE, min_size, max_size))).encode("latin-1")

    def span_start(self, label: int, /) -> None:
        if (making := _WORK.get().current) is not None:
            making.open_spans.append(len(making.choices))

    def span_end(self, discard: bool, /) -> None:
        making = _WORK.get().current
        if making is not None and making.open_spans:
            start, end = making.open_spans.pop(), len(making.choices)
            if end > start:
                making.spans.append((start, end))


AVAILABLE_PROVIDERS[BACKEND] = f"{Chooser.__module__}.{Chooser.__qualname__}"
