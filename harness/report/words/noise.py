"""The noise that a run measured of its own models, in words: never "no noise", but "at most"."""

from collections.abc import Iterator, Sequence

from harness.core.noise import BatchNoise, FlippedCase, FlipRate
from harness.core.record import FORMAT_SUCCESS
from harness.report.words import numbers as words
from harness.stats.intervals import clopper_pearson

MAX_CASES = 10
"""Cases on the knife's edge that are named; the rest are counted."""
MAX_NAMED = 3
"""Behaviors without a flip that are named beside each other."""


def lines(noise: BatchNoise) -> Iterator[str]:
    """What was asked again, the flips of each behavior, and the cases that flipped."""
    yield _asked(noise)
    for task in dict.fromkeys(rate.task for rate in noise.rates):
        own = [rate for rate in noise.rates if rate.task == task]
        still = [rate for rate in own if not rate.flipped]
        yield from (f"{task}: {rate.behavior}: {of_rate(rate)}" for rate in own if rate.flipped)
        for cases in dict.fromkeys(rate.cases for rate in still):
            same = [rate for rate in still if rate.cases == cases]
            yield f"{task}: {_behaviors(same)}: {of_rate(same[0])}"
    if noise.flipped:
        yield f"on the knife's edge: {_named(noise.flipped)}"


def of_rate(rate: FlipRate) -> str:
    """``2 of 50 flipped: 4.0% (95% interval 0.5 to 13.7%)``, or as ``none_of``."""
    if not rate.flipped:
        return none_of(rate.cases)
    count = f"{words.significant(rate.flipped)} of {rate.cases:,} flipped"
    return f"{count}: {words.percent(rate.rate)} (95% interval {words.interval(rate.interval)})"


def none_of(cases: int) -> str:
    """``0 of 50 flipped, at most 7.1%``: the end of the exact 95% interval."""
    found = clopper_pearson(0, cases)
    return f"0 of {cases:,} flipped, at most {words.percent(found.high)}" if found else "not known"


def floor_lines(floor: float, measured: BatchNoise | None) -> Iterator[str]:
    """The gate's noise floor, or the bound where no case of the model before flipped."""
    composites = [r for r in measured.rates if r.behavior == FORMAT_SUCCESS] if measured else []
    if floor:
        flips = words.percent(floor)
        yield f"Noise: {flips} of the cases flip when the model before is judged against itself."
    elif composites and not any(rate.flipped for rate in composites):
        still = none_of(min(rate.cases for rate in composites))
        yield f"Noise: of the model before, answered again in other batches, {still}."


def _asked(noise: BatchNoise) -> str:
    answers = words.plural(noise.answers, "answer")
    lost = f"; {noise.errors:,} of them are errors" if noise.errors else ""
    return f"noise: {answers} generated again {_batches(noise)}{lost}"


def _behaviors(rates: Sequence[FlipRate]) -> str:
    named = [rate.behavior for rate in rates]
    if len(named) <= MAX_NAMED:
        return ", ".join(named)
    return f"{named[0]} and {len(named) - 1} others"


def _batches(noise: BatchNoise) -> str:
    if noise.rows_again is None:
        return "in another order, in batches that the backend does not tell"
    if noise.rows is None:
        return f"in batches of {_span(noise.rows_again)} rows, at first in others"
    if noise.rows == noise.rows_again == (1, 1):
        return "one by one, as before: no batch differed, so this is the noise of asking twice"
    return f"in batches of {_span(noise.rows_again)} rows, at first of {_span(noise.rows)}"


def _span(rows: tuple[int, int]) -> str:
    low, high = rows
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _named(flipped: Sequence[FlippedCase]) -> str:
    named = ", ".join(
        f"{case.case_id} ({', '.join((*case.broke, *case.fixed))})" for case in flipped[:MAX_CASES]
    )
    more = len(flipped) - MAX_CASES
    return named + (f" and {more:,} more" if more > 0 else "")
