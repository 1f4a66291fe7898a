"""Makes a failing example smaller: all candidates of a step are asked about at once.

A pure function over examples: what an example is made of comes from ``choices``, how a changed one
is made again and whether it still fails comes from the caller. It knows no model and no strategy.

One step takes the smallest failing example so far and changes it in every small way there is:
leaves out a run of choices (and takes one from a number before it, which may be how many there
are), makes a run of choices as simple as can be, or changes one choice.
Changed examples that are no smaller, or that were asked about before, are dropped; of the rest the
smallest are asked about in one batch, and the smallest that fails is where the next step starts.
The changes that failed one by one are also tried together in the next step, which is what makes few
steps enough. When nothing that is left fails, the example is the smallest: no single change of it
both makes it smaller and still fails.

Every step either finds a smaller example or uses up candidates of the same one, and there is only a
finite number of smaller examples, so it ends; ``Bounds`` end it sooner.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from operator import itemgetter
from typing import Generic, Protocol, TypeVar

from harness.tasks.generate.choices import Choice, IntegerRange, Span, Value


class Example(Protocol):
    """One drawn prompt and the choices that made it."""

    @property
    def choices(self) -> Sequence[Choice]: ...

    @property
    def spans(self) -> Sequence[Span]: ...

    @property
    def prompt(self) -> str: ...


MAX_COUNTED = 64
"""A larger number is no count of what comes after it."""
E = TypeVar("E", bound=Example)
Sequel = tuple[Value, ...]
"""The values of a whole sequence of choices, in order."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds on a search for the smallest example."""

    steps: int = 40
    requests: int = 320
    """Prompts that are asked about, all steps together."""
    batch: int = 32
    """Prompts that are asked about in one step."""
    seconds: float = inf
    """Time after which no further step is begun."""
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Shrunk(Generic[E]):
    """The smallest failing example that was found, and what it took."""

    smallest: E
    steps: int
    requests: int
    is_bounded: bool
    """True when the bounds ended the search: there may be a smaller one."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Puts ``values`` in the place of the choices from ``start`` to before ``end``."""

    start: int
    end: int
    values: Sequel


Edits = tuple[Edit, ...]
"""Edits that are made together; they do not overlap."""


def size_of(example: Example) -> tuple[int, int, tuple[tuple[float, ...], ...]]:
    """Sort key of *smaller*: characters of the prompt, then number of choices, then the first
    differing choice's simplicity."""
    choices = example.choices
    return len(example.prompt), len(choices), tuple(c.complexity for c in choices)


def shrink(
    start: E,
    remake: Callable[[Sequence[Sequel]], Sequence[E | None]],
    failing: Callable[[Sequence[E]], Sequence[bool]],
    bounds: Bounds = Bounds(),
) -> Shrunk[E]:
    """The smallest failing example that can be reached from ``start``, which fails.

    ``remake`` makes an example of each sequence of values, or ``None`` where there is none.
    ``failing`` is called once a step, with examples of prompts that it was never called with.
    """
    return _Search(start, remake, failing, bounds).run()


class _Search(Generic[E]):
    def __init__(
        self,
        start: E,
        remake: Callable[[Sequence[Sequel]], Sequence[E | None]],
        failing: Callable[[Sequence[E]], Sequence[bool]],
        bounds: Bounds,
    ) -> None:
        self.smallest = start
        self.remake = remake
        self.failing = failing
        self.bounds = bounds
        self.asked = {start.prompt}
        self.steps = 0
        self.deadline = bounds.clock() + bounds.seconds

    def run(self) -> Shrunk[E]:
        merged: list[Sequel] = []
        while True:
            values = _values(self.smallest)
            changes = list(changes_of(self.smallest))
            candidates = self._smaller([*merged, *(apply(values, c) for c in changes)])
            room = min(self.bounds.batch, self.bounds.requests - (len(self.asked) - 1))
            is_late = self.bounds.clock() >= self.deadline
            if not candidates or room <= 0 or is_late or self.steps >= self.bounds.steps:
                return Shrunk(
                    self.smallest, self.steps, len(self.asked) - 1, is_bounded=bool(candidates)
                )
            failed = self._ask([example for _, example in candidates[:room]])
            of_failed = {id(example) for example in failed}
            succeeded = {sequel for sequel, e in candidates if id(e) in of_failed}
            merged = list(_together(values, [c for c in changes if apply(values, c) in succeeded]))
            if failed:
                self.smallest = min(failed, key=size_of)

    def _smaller(self, sequels: Iterable[Sequel]) -> list[tuple[Sequel, E]]:
        """The examples worth asking about, smallest first, each prompt once."""
        limit = size_of(self.smallest)
        distinct = list(dict.fromkeys(sequels))
        sized = [
            (size_of(example), sequel, example)
            for sequel, example in zip(distinct, self.remake(distinct), strict=True)
            if example is not None and example.prompt not in self.asked
        ]
        of_prompt: dict[str, tuple[Sequel, E]] = {}
        for size, sequel, example in sorted(sized, key=itemgetter(0)):
            if size < limit:
                of_prompt.setdefault(example.prompt, (sequel, example))
        return list(of_prompt.values())

    def _ask(self, examples: Sequence[E]) -> list[E]:
        self.steps += 1
        self.asked |= {example.prompt for example in examples}
        answers = self.failing(examples)
        return [example for example, fails in zip(examples, answers, strict=True) if fails]


def changes_of(example: Example) -> Iterator[Edits]:
    """Every small change: runs left out, runs made simplest, single choices made simpler."""
    choices = example.choices
    spans = _longest_first({*example.spans, (0, len(choices))})
    for start, end in _longest_first(_with_a_neighbor(spans, len(choices))):
        yield (Edit(start, end, ()),)
    for start, end in spans:
        yield (Edit(start, end, tuple(c.range.simplest for c in choices[start:end])),)
    for place, choice in enumerate(choices):
        for value in choice.range.others(choice.value):
            yield (Edit(place, place + 1, (value,)),)
    for lowered in _counts_lowered(choices):
        yield from ((lowered, Edit(s, e, ())) for s, e in spans if s >= lowered.end)


def _longest_first(spans: Iterable[Span]) -> list[Span]:
    return sorted(set(spans), key=lambda span: (span[0] - span[1], span[0]))


def _with_a_neighbor(spans: Iterable[Span], length: int) -> Iterator[Span]:
    """Each run by itself, and with the choice before or after it: the first item of a list has no
    choice of its own that there is an item, the one after it has."""
    for start, end in spans:
        yield start, end
        yield max(0, start - 1), end
        yield start, min(length, end + 1)


def _counts_lowered(choices: Sequence[Choice]) -> Iterator[Edit]:
    """Each number that may count what comes after it, less one."""
    for place, choice in enumerate(choices):
        if isinstance(choice.range, IntegerRange) and isinstance(choice.value, int):
            above = choice.value - choice.range.simplest
            if 0 < above <= MAX_COUNTED:
                yield Edit(place, place + 1, (choice.value - 1,))


def apply(values: Sequel, edits: Sequence[Edit]) -> Sequel:
    """``values`` with edits that do not overlap."""
    changed = values
    for edit in sorted(edits, key=lambda e: e.start, reverse=True):
        changed = (*changed[: edit.start], *edit.values, *changed[edit.end :])
    return changed


def _together(values: Sequel, changes: Sequence[Edits]) -> Iterator[Sequel]:
    """All changes at once, as far as they do not overlap; in two orders of preference."""
    for order in (changes, changes[::-1]):
        chosen: list[Edit] = []
        for change in order:
            if all(e.end <= c.start or c.end <= e.start for e in change for c in chosen):
                chosen += change
        if len(chosen) > 1:
            yield apply(values, chosen)


def _values(example: Example) -> Sequel:
    return tuple(choice.value for choice in example.choices)
