"""The interval of a rate over cases, whose template is their wording.

Cases of one wording pass and fail together, so an interval that takes them as independent is too
narrow: of Wilson's 95% intervals over 16 wordings of one size, 54 to 92% hold the rate
(``python -m benchmarks.gate_simulation --only rates``).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from harness.stats.bounded import bounded_mean
from harness.stats.intervals import CONFIDENCE, Interval, clopper_pearson

SEED = 20251120
DRAWS = 20_000


def shared_wordings(templates: Sequence[str]) -> int | None:
    """Number of wordings of cases; ``None`` where no two cases share one. A case without a
    template is its own wording."""
    named = [template for template in templates if template]
    wordings = len(templates) - len(named) + len(set(named))
    return None if wordings == len(templates) else wordings


def rate_interval(
    values: Sequence[float], templates: Sequence[str], confidence: float = CONFIDENCE
) -> Interval:
    """The interval of the mean of cases, at least one, each with a value in 0 to 1.

    Where cases share wordings it is over new wordings: of a mean over bounded clusters. Elsewhere
    it is the exact interval, or, where a value lies between 0 and 1, the bootstrap over cases. It
    holds the mean.
    """
    mean = sum(values) / len(values)
    if shared_wordings(templates) is None:
        low, high = _of_cases(Counter(values), mean, len(values), confidence)
    else:
        low, high = _of_wordings(tuple(sorted(_wordings(values, templates))), confidence)
    return Interval(min(low, mean), max(high, mean))


def _wordings(values: Sequence[float], templates: Sequence[str]) -> Iterator[tuple[float, int]]:
    """Mean and number of cases of each wording."""
    groups: dict[str | int, list[float]] = {}
    for place, (value, template) in enumerate(zip(values, templates, strict=True)):
        groups.setdefault(template or place, []).append(value)
    for own in groups.values():
        yield sum(own) / len(own), len(own)


@lru_cache(maxsize=256)
def _of_wordings(wordings: tuple[tuple[float, int], ...], confidence: float) -> Interval:
    """Kept, since a session judges the same verdicts for its tests and for its record."""
    means, sizes = zip(*wordings, strict=True)
    tail = (1 - confidence) / 2
    return bounded_mean(means, (0, 1), (tail, tail), sizes)


def _of_cases(values: Counter[float], mean: float, cases: int, confidence: float) -> Interval:
    """Percentile bootstrap over cases, at each end at least as wide as the exact interval of the
    effective cases: with 30 cases of 4 answers the bootstrap alone covers 88 to 94%, not 95%.

    The exact interval alone where every case's value is 0 or 1, or where all values are equal.
    """
    if len(values) == 1 or set(values) <= {0.0, 1.0}:
        return _exact(round(mean * cases), cases, confidence)
    import numpy as np

    kinds = np.array(list(values))
    shares = np.array(list(values.values())) / cases
    drawn = np.random.default_rng(SEED).multinomial(cases, shares, DRAWS)
    tail = (1 - confidence) / 2
    low, high = map(float, np.quantile(drawn @ kinds / cases, (tail, 1 - tail)))
    effective = _effective(values, mean, cases)
    exact = _exact(mean * effective, effective, confidence)
    return Interval(min(low, exact.low), max(high, exact.high))


def _exact(passed: float, cases: float, confidence: float) -> Interval:
    found = clopper_pearson(passed, cases, confidence)
    assert found is not None, "there are cases"
    return found


def _effective(values: Counter[float], mean: float, cases: int) -> float:
    """Equivalent number of cases with one answer each: p(1 - p) over the variance between cases.

    The variance is regularised by one added case of the largest possible variance, since a few
    cases may show too little by chance.
    """
    largest = mean * (1 - mean)
    squares = sum(count * (value - mean) ** 2 for value, count in values.items())
    return cases * max(1.0, largest * cases / (squares + largest))
