"""The drop of a behavior that grades answers: a paired difference of means of shares.

A case's difference is its share before minus its share after, within [-1, 1]. Nothing else is
supposed of it: many small differences and one large one that was not drawn look alike, so the
interval is that of a bounded mean, with one case of the worst difference added.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import fmean
from typing import NamedTuple

from harness.core.verdict import JUDGED, Verdict
from harness.gate.compare import CaseChange
from harness.stats.bounded import bounded_mean, bounded_p
from harness.stats.means import weighted_mean
from harness.stats.paired import DropInterval, Tails

SUPPORT = (-1.0, 1.0)
Shares = tuple[float | None, float | None]
"""Before and after, of one answer; ``None`` where it was not judged."""


class GradedCase(NamedTuple):
    """One case of a graded behavior."""

    before: float
    """The mean share of its answers; 0 where it is not judged."""
    after: float
    is_judged: bool
    worst: float
    """The difference, with what was not judged as 1 before and 0 after."""
    is_lost: bool
    """It was judged before and not after."""


@dataclass(frozen=True, slots=True)
class GradedCases:
    """The cases of one graded behavior, as input of a paired test."""

    before: tuple[float, ...]
    """The mean share of each judged case."""
    after: tuple[float, ...]
    weights: tuple[float, ...]
    wordings: tuple[str, ...]
    worst: tuple[float, ...]
    """The differences of all cases, with what was not judged as 1 before and 0 after."""
    worst_weights: tuple[float, ...]
    repeats: int
    lost: int
    """Cases judged before and not after."""

    @classmethod
    def of(
        cls,
        cases: Sequence[GradedCase],
        wordings: Sequence[str],
        weights: Sequence[float],
        repeats: int,
    ) -> "GradedCases":
        """The cases together, with the wording and the weight of each."""
        judged = [i for i, case in enumerate(cases) if case.is_judged]
        return cls(
            before=tuple(cases[i].before for i in judged),
            after=tuple(cases[i].after for i in judged),
            weights=tuple(weights[i] for i in judged),
            wordings=tuple(wordings[i] for i in judged),
            worst=tuple(case.worst for case in cases),
            worst_weights=tuple(weights),
            repeats=repeats,
            lost=sum(case.is_lost for case in cases),
        )

    @property
    def differences(self) -> tuple[float, ...]:
        """Share before minus share after, for each judged case."""
        return tuple(b - a for b, a in zip(self.before, self.after, strict=True))

    @property
    def not_judged(self) -> int:
        return len(self.worst) - len(self.before)

    def p_value(self, noise_floor: float = 0.0) -> float:
        """One-sided p-value of the drop."""
        return bounded_p(*self._noisy(noise_floor), SUPPORT[0])

    def least_p(self) -> float:
        """The smallest p-value that differences of these sizes could have."""
        return bounded_p([*map(abs, self.differences)], self.weights, SUPPORT[0])

    def worst_p(self) -> float:
        """The p-value if everything that was not judged were lost."""
        return bounded_p(self.worst, self.worst_weights, SUPPORT[0])

    def interval(self, tails: Tails, noise_floor: float = 0.0) -> DropInterval:
        """The interval of the drop: its low end with the rest of the noise, its high end with what
        was not judged at its worst."""
        found = self.differences
        high_tail = tails.high if any(self.worst) else tails.no_flip
        ends = (tails.low, high_tail)
        low, high = bounded_mean(found, SUPPORT, ends, self.weights)
        if noise_floor:
            values, weights = self._noisy(noise_floor)
            low = min(low, bounded_mean(values, SUPPORT, ends, weights).low)
        if self.not_judged:
            worst = bounded_mean(self.worst, SUPPORT, ends, self.worst_weights)
            high = max(high, worst.high)
        drop = weighted_mean(found, self.weights)
        return DropInterval(min(low, drop), max(high, drop))

    def _noisy(self, noise_floor: float) -> tuple[Sequence[float], Sequence[float]]:
        """The differences and weights; where fewer cases changed than the floor says, the rest of
        them changed whole, half each way."""
        found = list(zip(self.differences, self.weights, strict=True))
        missing = noise_floor * len(found) - sum(d != 0 for d, _ in found)
        half = ceil(missing / 2) if missing > 0 else 0
        still = [i for i, (d, _) in enumerate(found) if d == 0][: 2 * half]
        for place, i in enumerate(still):
            found[i] = (1.0 if place % 2 else -1.0), found[i][1]
        values, weights = zip(*found, strict=True)
        return values, weights


def graded_cases(cases: Iterable[CaseChange], behavior: str) -> GradedCases | None:
    """The pairs of a behavior that grades answers; ``None`` where it grades none on either side.

    An answer that failed without a grade has a share of 0. Answers to one case are averaged; a case
    with fewer answers than others is not judged.
    """
    compared = [case for case in cases if _is_compared(case, behavior)]
    if not any(_is_graded(case, behavior) for case in compared):
        return None
    groups: dict[str, list[Shares]] = {}
    known: dict[str, tuple[str, float]] = {}
    for case in compared:
        groups.setdefault(case.sample.case_id, []).append(_shares(case, behavior))
        known[case.sample.case_id] = wording_of(case), case.sample.weight
    repeats = max(map(len, groups.values()))
    found = [graded_case(group, repeats) for group in groups.values()]
    wordings, weights = zip(*(known[name] for name in groups), strict=True)
    return GradedCases.of(found, wordings, weights, repeats)


def graded_case(answers: Sequence[Shares], repeats: int) -> GradedCase:
    """One case from the shares of its answers, of which there should be ``repeats``."""
    judged = [(b, a) for b, a in answers if b is not None and a is not None]
    is_judged = len(judged) == repeats
    return GradedCase(
        before=fmean(b for b, _ in judged) if is_judged else 0.0,
        after=fmean(a for _, a in judged) if is_judged else 0.0,
        is_judged=is_judged,
        worst=_worst(answers, repeats),
        is_lost=any(b is not None and a is None for b, a in answers),
    )


def shares_of(case: CaseChange, behavior: str) -> Shares | None:
    """The shares of an answer on both sides; ``None`` where one side, or the verdict before, is
    missing."""
    return _shares(case, behavior) if _is_compared(case, behavior) else None


def _is_compared(case: CaseChange, behavior: str) -> bool:
    before, after = case.before, case.after
    return before is not None and after is not None and behavior in before.verdicts


def _verdicts(case: CaseChange, behavior: str) -> tuple[Verdict | None, Verdict | None]:
    before, after = case.before, case.after
    return (
        before.verdicts.get(behavior) if before else None,
        after.verdicts.get(behavior) if after else None,
    )


def _shares(case: CaseChange, behavior: str) -> Shares:
    was, now = _verdicts(case, behavior)
    return _share(was), _share(now)


def wording_of(case: CaseChange) -> str:
    """The wording of a case: its template, or the case itself."""
    template = case.sample.template
    return f"template {template}" if template else case.sample.case_id


def _is_graded(case: CaseChange, behavior: str) -> bool:
    was, now = _verdicts(case, behavior)
    return (was is not None and was.grade is not None) or (
        now is not None and now.grade is not None
    )


def _share(verdict: Verdict | None) -> float | None:
    return verdict.share if verdict is not None and verdict.outcome in JUDGED else None


def _worst(group: Sequence[Shares], repeats: int) -> float:
    differences = [(1.0 if b is None else b) - (0.0 if a is None else a) for b, a in group]
    return (sum(differences) + repeats - len(group)) / repeats
