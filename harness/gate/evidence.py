"""Computes a paired test of one behavior: rates, flips, the drop with its interval, the p-value.

Rates are over pairs judged on both sides, so that they differ by exactly the drop.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil

from harness.gate.compare import CaseChange, Change
from harness.stats.clusters import cluster_interval, design_effect, has_clusters, sign_flip_p
from harness.stats.paired import DropInterval, drop_interval, mcnemar_mid_p
from harness.stats.repeats import Repeated

_STEPS: Mapping[Change, tuple[int, int]] = {
    Change.STILL_PASSING: (1, 1),
    Change.STILL_FAILING: (0, 0),
    Change.REGRESSED: (1, 0),
    Change.FIXED: (0, 1),
}
"""Passes before and after, 0 or 1, by change; other changes were not judged on both sides."""


@dataclass(frozen=True, slots=True)
class PairedCases:
    """The judged cases of one behavior, as input of a paired test."""

    differences: tuple[int, ...]
    """Passed answers before minus after, for each case: units of 1/``repeats`` of a case."""
    clusters: tuple[str, ...]
    """The template of each case, or its id where it has none."""
    passed_before: int
    """Passed answers, over all repeats."""
    passed_after: int
    repeats: int = 1
    not_judged: int = 0
    """Cases with an answer that is not judged on both sides."""


@dataclass(frozen=True, slots=True)
class PairedTest:
    """The paired test of one behavior, or of the composite."""

    task: str
    behavior: str
    pairs: int
    """Cases judged on both sides."""
    repeats: int
    not_judged: int
    before: float
    after: float
    broke: int
    """Cases of which fewer answers pass after than before."""
    fixed: int
    interval: DropInterval
    """Interval of the drop: rate before minus rate after."""
    p_value: float
    """One-sided p-value of the drop."""
    clusters: int | None
    """Number of templates; ``None`` where no two cases share one."""
    design_effect: float
    adjusted_p: float = 1.0
    """``p_value`` adjusted for the number of tests in its family."""

    @property
    def drop(self) -> float:
        return self.before - self.after

    @property
    def is_unchanged(self) -> bool:
        """No case flipped in either direction."""
        return not (self.broke or self.fixed)


def paired_test(
    task: str, behavior: str, pairs: PairedCases, confidence: float
) -> PairedTest | None:
    """Test the pairs; ``None`` without a pair.

    Independent cases with one answer each: McNemar's test and the paired interval. Cases that share
    a template, or several answers per case: the sign-flip test on the clusters' sums, and at each
    end the wider of the two intervals, since clusters that balance by chance say nothing about the
    next ones.
    """
    cases = len(pairs.differences)
    if not cases:
        return None
    answers = cases * pairs.repeats
    shared = has_clusters(pairs.clusters)
    p_value, interval = _p_and_interval(
        pairs, confidence, is_plain=not shared and pairs.repeats == 1
    )
    return PairedTest(
        task=task,
        behavior=behavior,
        pairs=cases,
        repeats=pairs.repeats,
        not_judged=pairs.not_judged,
        before=pairs.passed_before / answers,
        after=pairs.passed_after / answers,
        broke=sum(d > 0 for d in pairs.differences),
        fixed=sum(d < 0 for d in pairs.differences),
        interval=interval,
        p_value=p_value,
        clusters=len(set(pairs.clusters)) if shared else None,
        design_effect=design_effect(pairs.differences, pairs.clusters) if shared else 1.0,
    )


def pairs_of(cases: Iterable[CaseChange], behavior: str | None = None) -> PairedCases:
    """Pairs of one behavior, or of the composite where none is named.

    Answers to one case are summed. A case with fewer answers than others is not judged.
    """
    templates: dict[str, str] = {}
    groups = _by_case(cases, behavior, templates)
    repeats = max(map(len, groups.values()), default=1)
    complete = {
        n: g for n, g in groups.items() if len(g) == repeats and all(c in _STEPS for c in g)
    }
    before = {n: sum(_STEPS[c][0] for c in g) for n, g in complete.items()}
    after = {n: sum(_STEPS[c][1] for c in g) for n, g in complete.items()}
    return PairedCases(
        differences=tuple(before[n] - after[n] for n in complete),
        clusters=tuple(templates[n] for n in complete),
        passed_before=sum(before.values()),
        passed_after=sum(after.values()),
        repeats=repeats,
        not_judged=len(groups) - len(complete),
    )


def net_losses(cases: Iterable[CaseChange]) -> Mapping[str, int]:
    """Passed answers before minus after, for each case judged on both sides. Repeats that swap
    their outcomes cancel out."""
    groups = _by_case(cases, None, {})
    return {
        name: sum(_STEPS[change][0] - _STEPS[change][1] for change in group)
        for name, group in groups.items()
        if all(change in _STEPS for change in group)
    }


def repeated(cases: Iterable[CaseChange]) -> tuple[list[Repeated], list[Repeated]]:
    """Passed answers and repeats of each case judged on both sides, before and after."""
    groups = [g for g in _by_case(cases, None, {}).values() if all(c in _STEPS for c in g)]
    before, after = (
        [Repeated(sum(_STEPS[c][side] for c in g), len(g)) for g in groups] for side in (0, 1)
    )
    return before, after


def _by_case(
    cases: Iterable[CaseChange], behavior: str | None, templates: dict[str, str]
) -> dict[str, list[Change]]:
    """Changes of each case's answers by case id; fills ``templates`` with each case's cluster."""
    groups: dict[str, list[Change]] = {}
    for case in cases:
        change = case.change if behavior is None else case.behaviors.get(behavior)
        if change is not None and change not in (Change.ADDED, Change.REMOVED):
            name = case.sample.case_id
            groups.setdefault(name, []).append(change)
            templates[name] = f"template {case.sample.template}" if case.sample.template else name
    return groups


def _p_and_interval(
    pairs: PairedCases, confidence: float, is_plain: bool
) -> tuple[float, DropInterval]:
    lost = Counter[bool]()
    for difference in pairs.differences:
        lost[difference > 0] += abs(difference)
    broke, fixed = (ceil(lost[side] / pairs.repeats) for side in (True, False))
    alone = drop_interval(broke, fixed, len(pairs.differences), confidence)
    assert alone is not None, "there is a pair"
    if is_plain:
        return mcnemar_mid_p(broke, fixed), alone
    together = cluster_interval(pairs.differences, pairs.clusters, confidence, pairs.repeats)
    assert together is not None, "there is a pair"
    widest = DropInterval(min(alone.low, together.low), max(alone.high, together.high))
    return sign_flip_p(pairs.differences, pairs.clusters), widest
