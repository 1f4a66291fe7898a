"""Computes a paired test of one behavior: rates, flips, the drop with its interval.

Rates are over pairs judged on both sides, so that they differ by exactly the drop. An answer that
was not judged (an error, a skip, a missing verdict) counts at its worst in the high end of the
interval, so that no loss can hide behind it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from harness.core.verdict import JUDGED, Outcome, Verdict
from harness.gate.compare import CaseChange, Outcomes
from harness.gate.graded import GradedCases
from harness.stats.means import weighted_mean
from harness.stats.paired import DropInterval, Flips, Tails, drop_interval, drop_p, flips_of
from harness.stats.repeats import Repeated


@dataclass(frozen=True, slots=True)
class PairedCases:
    """The cases of one behavior, as input of a paired test."""

    differences: tuple[int, ...]
    """Passed answers before minus after, for each judged case: units of 1/``repeats`` of a case."""
    wordings: tuple[str, ...]
    """The template of each judged case, or its id where it has none."""
    worst: tuple[int, ...]
    """The differences of all cases, with what was not judged as passed before and failed after."""
    worst_wordings: tuple[str, ...]
    passed_before: int
    """Passed answers of the judged cases, over all repeats."""
    passed_after: int
    repeats: int = 1
    lost: int = 0
    """Cases judged before and not after."""

    @property
    def not_judged(self) -> int:
        """Cases with an answer that is not judged on both sides."""
        return len(self.worst) - len(self.differences)


@dataclass(frozen=True, slots=True)
class PairedTest:
    """The paired test of one behavior, or of the composite."""

    task: str
    behavior: str
    pairs: int
    """Cases judged on both sides."""
    repeats: int
    not_judged: int
    lost: int
    """Cases judged before and not after."""
    before: float
    after: float
    broke: int
    """Cases of which fewer answers pass after than before, or whose share fell."""
    fixed: int
    flips: Flips
    """Equivalents of ``broke`` and ``fixed``: equal to them with one answer a case; of graded
    answers the sums of the shares that were lost and won."""
    interval: DropInterval
    """Interval of the drop: rate before minus rate after."""
    p_value: float
    """One-sided p-value of the drop."""
    wordings: int | None
    """Number of templates; ``None`` where no two cases share one."""
    graded: GradedCases | None = None
    """The cases, where answers are graded: the rates are then means of shares."""
    level: float = 1.0
    """The largest p-value that is a loss for sure, given the other tests of its family."""

    @property
    def drop(self) -> float:
        """Rate before minus rate after: positive where it fell."""
        return self.before - self.after

    @property
    def is_unchanged(self) -> bool:
        """No case flipped."""
        return not (self.broke or self.fixed)

    @property
    def is_loss(self) -> bool:
        """The drop is above 0 for sure."""
        return self.interval.low > 0

    def is_regression(self, margin: float) -> bool:
        """It fell for sure, and perhaps by the margin or more."""
        return self.is_loss and self.interval.high >= margin


def paired_test(
    task: str,
    behavior: str,
    pairs: PairedCases | GradedCases,
    tails: Tails,
    noise_floor: float = 0.0,
) -> PairedTest | None:
    """The paired test of a behavior; ``None`` without a pair judged on both sides.

    Args:
        task: the task's name.
        behavior: the behavior's name.
        pairs: its cases.
        tails: of the interval.
        noise_floor: share of cases that flip without any change; where fewer flipped, the low end
            is computed as if the rest had flipped too, half of them each way.
    """
    cases = len(pairs.differences)
    if not cases:
        return None
    if isinstance(pairs, GradedCases):
        return _graded_test(task, behavior, pairs, tails, noise_floor)
    answers = cases * pairs.repeats
    flips = flips_of(pairs.differences, pairs.repeats)
    noisy = _with_noise(flips, cases, noise_floor)
    return PairedTest(
        task=task,
        behavior=behavior,
        pairs=cases,
        repeats=pairs.repeats,
        not_judged=pairs.not_judged,
        lost=pairs.lost,
        before=pairs.passed_before / answers,
        after=pairs.passed_after / answers,
        broke=sum(d > 0 for d in pairs.differences),
        fixed=sum(d < 0 for d in pairs.differences),
        flips=flips,
        interval=_interval(pairs, flips, noisy, tails),
        p_value=drop_p(*noisy),
        wordings=len(set(pairs.wordings)) if has_wordings(pairs.wordings) else None,
        level=tails.low,
    )


def _graded_test(
    task: str, behavior: str, pairs: GradedCases, tails: Tails, noise_floor: float
) -> PairedTest:
    """The paired test of means of shares."""
    differences = pairs.differences
    fell, rose = ([d for d in differences if side * d > 0] for side in (1, -1))
    return PairedTest(
        task=task,
        behavior=behavior,
        pairs=len(differences),
        repeats=pairs.repeats,
        not_judged=pairs.not_judged,
        lost=pairs.lost,
        before=weighted_mean(pairs.before, pairs.weights),
        after=weighted_mean(pairs.after, pairs.weights),
        broke=len(fell),
        fixed=len(rose),
        flips=Flips(sum(fell), -sum(rose)),
        interval=pairs.interval(tails, noise_floor),
        p_value=pairs.p_value(noise_floor),
        wordings=len(set(pairs.wordings)) if has_wordings(pairs.wordings) else None,
        graded=pairs,
        level=tails.low,
    )


def at_level(found: PairedTest, level: float, tails: Tails, noise_floor: float) -> PairedTest:
    """The test with the low end at another level: that of its place in a family of tests."""
    if found.graded is not None:
        graded = found.graded.interval(tails._replace(low=level), noise_floor)
        return replace(found, level=level, interval=graded._replace(high=found.interval.high))
    noisy = _with_noise(found.flips, found.pairs, noise_floor)
    ends = drop_interval(*noisy, found.pairs, tails._replace(low=level))
    assert ends is not None, "there is a pair"
    low = min(ends.low, found.drop)
    return replace(found, level=level, interval=DropInterval(low, found.interval.high))


def _interval(pairs: PairedCases, flips: Flips, noisy: Flips, tails: Tails) -> DropInterval:
    """The low end from the judged cases, the high end from all at their worst too."""
    cases = len(pairs.differences)
    found, low = drop_interval(*flips, cases, tails), drop_interval(*noisy, cases, tails)
    assert found is not None, "there is a pair"
    assert low is not None, "there is a pair"
    high = found.high
    if pairs.not_judged:
        worst = drop_interval(*flips_of(pairs.worst, pairs.repeats), len(pairs.worst), tails)
        assert worst is not None, "there is a pair"
        high = max(high, worst.high)
    return DropInterval(min(found.low, low.low), high)


def _with_noise(flips: Flips, cases: int, noise_floor: float) -> Flips:
    missing = max(0.0, min(1.0, noise_floor) * cases - sum(flips)) / 2
    return Flips(flips.broke + missing, flips.fixed + missing)


def has_wordings(wordings: Sequence[str]) -> bool:
    """Two cases share a wording."""
    return len(set(wordings)) < len(wordings)


def pairs_of(cases: Iterable[CaseChange], behavior: str | None = None) -> PairedCases:
    """Pairs of one behavior, or of the composite where none is named.

    Answers to one case are summed. A case with fewer answers than others is not judged.
    """
    return paired_cases(*_by_case(cases, behavior))


def paired_cases(
    groups: Mapping[str, Sequence[Outcomes]], templates: Mapping[str, str]
) -> PairedCases:
    """The pairs of the answers to each case, by case id, and the wording of each."""
    repeats = max(map(len, groups.values()), default=1)
    counted = {name: _counted(tuple(group), repeats) for name, group in groups.items()}
    judged = {name: found for name, found in counted.items() if found.is_judged}
    return PairedCases(
        differences=tuple(found.before - found.after for found in judged.values()),
        wordings=tuple(templates[name] for name in judged),
        worst=tuple(found.worst for found in counted.values()),
        worst_wordings=tuple(templates[name] for name in counted),
        passed_before=sum(found.before for found in judged.values()),
        passed_after=sum(found.after for found in judged.values()),
        repeats=repeats,
        lost=sum(found.is_lost for found in counted.values()),
    )


class _Counted(NamedTuple):
    """The answers to one case, of which there should be as many as to others."""

    is_judged: bool
    before: int
    """Passed answers."""
    after: int
    worst: int
    """Passed answers before minus after, with each answer that was not judged at its worst."""
    is_lost: bool


@lru_cache(maxsize=1024)
def _counted(group: tuple[Outcomes, ...], repeats: int) -> _Counted:
    """Kept, since thousands of cases have few different outcomes."""
    was, now = ([pair[side] for pair in group] for side in (0, 1))
    before, after = was.count(Outcome.PASSED), now.count(Outcome.PASSED)
    return _Counted(
        is_judged=len(group) == repeats and _is_judged(group),
        before=before,
        after=after,
        worst=repeats - was.count(Outcome.FAILED) - after,
        is_lost=any(w in JUDGED and n not in JUDGED for w, n in group),
    )


def _is_judged(group: Sequence[Outcomes]) -> bool:
    return all(was in JUDGED and now in JUDGED for was, now in group)


def _is_of_others(before: Verdict, after: Verdict | None) -> bool:
    return (
        before.outcome is Outcome.SKIPPED and after is not None and after.outcome is before.outcome
    )


def net_losses(cases: Iterable[CaseChange], behavior: str | None = None) -> Mapping[str, int]:
    """Passed answers before minus after, for each case judged on both sides, of one behavior or of
    the composite. Repeats that swap their outcomes cancel out."""
    return {
        name: found.before - found.after
        for name, group in _by_case(cases, behavior)[0].items()
        if (found := _counted(tuple(group), len(group))).is_judged
    }


def repeated(cases: Iterable[CaseChange]) -> tuple[list[Repeated], list[Repeated]]:
    """Passed answers and repeats of each case judged on both sides, before and after."""
    groups, templates = _by_case(cases)
    judged = [(g, templates[name]) for name, g in groups.items() if _is_judged(g)]
    before, after = (
        [Repeated(sum(pair[side] is Outcome.PASSED for pair in g), len(g), t) for g, t in judged]
        for side in (0, 1)
    )
    return before, after


def _by_case(
    cases: Iterable[CaseChange], behavior: str | None = None
) -> tuple[dict[str, list[Outcomes]], dict[str, str]]:
    """Outcomes of each case's answers by case id, and each case's wording.

    Cases of one side alone are left out, and so are those that a behavior has no verdict on before,
    or skips on both sides: they declare nothing for it.
    """
    groups: dict[str, list[Outcomes]] = {}
    templates: dict[str, str] = {}
    for case in cases:
        if case.before is None or case.after is None:
            continue
        if behavior is None:
            pair = case.outcomes
        else:
            was, now = case.before.verdicts.get(behavior), case.after.verdicts.get(behavior)
            if was is None or _is_of_others(was, now):
                continue
            pair = was.outcome, now.outcome if now else None
        sample = case.after
        name = sample.case_id
        groups.setdefault(name, []).append(pair)
        templates[name] = f"template {sample.template}" if sample.template else name
    return groups, templates
