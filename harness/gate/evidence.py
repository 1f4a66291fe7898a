"""What the pairs of one behavior say: rates, flips, the drop with its interval, the test.

The rates are those of the pairs that both sides judged, so that they differ by exactly the drop.
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
"""Whether the answer passed before, and after; a change that is not here was not judged."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """One behavior's judged cases: what each lost, in units of 1/``repeats`` of a case."""

    differences: tuple[int, ...]
    clusters: tuple[str, ...]
    """The template of each case, or the case itself where it has none."""
    passed_before: int
    """Answers, over all repeats."""
    passed_after: int
    repeats: int = 1
    not_judged: int = 0
    """Cases with an answer that was not judged on both sides."""


@dataclass(frozen=True, slots=True)
class PairedTest:
    """What is known of one behavior, or of the composite, from before to after."""

    task: str
    behavior: str
    pairs: int
    """Cases judged on both sides."""
    repeats: int
    not_judged: int
    before: float
    after: float
    broke: int
    """Cases of which fewer answers pass than before."""
    fixed: int
    interval: DropInterval
    """Of before less after."""
    p_value: float
    """One-sided: that so much breaks by chance."""
    clusters: int | None
    """How many templates the cases come from; ``None`` where each case stands for itself."""
    design_effect: float
    adjusted_p: float = 1.0
    """``p_value`` raised for the number of tests in its family."""

    @property
    def drop(self) -> float:
        return self.before - self.after

    @property
    def is_unchanged(self) -> bool:
        """Nothing flipped in either direction."""
        return not (self.broke or self.fixed)


def paired_test(task: str, behavior: str, pairs: Pairs, confidence: float) -> PairedTest | None:
    """The test and the interval that suit these pairs; ``None`` without a pair.

    Independent cases with one answer each: McNemar's test and the paired interval. Cases that share
    a template, or several answers a case: the sign-flip test on the clusters' sums, and on each
    side whichever of the two intervals reaches further: clusters that balance by chance say nothing
    about the next.
    """
    cases = len(pairs.differences)
    if not cases:
        return None
    answers = cases * pairs.repeats
    shared = has_clusters(pairs.clusters)
    p_value, interval = _judged(pairs, confidence, is_plain=not shared and pairs.repeats == 1)
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


def pairs_of(cases: Iterable[CaseChange], behavior: str | None = None) -> Pairs:
    """The pairs of one behavior, or of the composite when none is named.

    Answers to one case are summed. A case that lacks an answer which others have is not judged.
    """
    templates: dict[str, str] = {}
    groups = _by_case(cases, behavior, templates)
    repeats = max(map(len, groups.values()), default=1)
    whole = {n: g for n, g in groups.items() if len(g) == repeats and all(c in _STEPS for c in g)}
    before = {n: sum(_STEPS[c][0] for c in g) for n, g in whole.items()}
    after = {n: sum(_STEPS[c][1] for c in g) for n, g in whole.items()}
    return Pairs(
        differences=tuple(before[n] - after[n] for n in whole),
        clusters=tuple(templates[n] for n in whole),
        passed_before=sum(before.values()),
        passed_after=sum(after.values()),
        repeats=repeats,
        not_judged=len(groups) - len(whole),
    )


def net_losses(cases: Iterable[CaseChange]) -> Mapping[str, int]:
    """Of each case that was judged on both sides: how many fewer of its answers pass than before;
    below 0, how many more. Sampled answers that swap places lose nothing."""
    groups = _by_case(cases, None, {})
    return {
        name: sum(_STEPS[change][0] - _STEPS[change][1] for change in group)
        for name, group in groups.items()
        if all(change in _STEPS for change in group)
    }


def repeated(cases: Iterable[CaseChange]) -> tuple[list[Repeated], list[Repeated]]:
    """How many of each case's answers pass, before and after; cases judged on both sides."""
    groups = [g for g in _by_case(cases, None, {}).values() if all(c in _STEPS for c in g)]
    before, after = (
        [Repeated(sum(_STEPS[c][side] for c in g), len(g)) for g in groups] for side in (0, 1)
    )
    return before, after


def _by_case(
    cases: Iterable[CaseChange], behavior: str | None, templates: dict[str, str]
) -> dict[str, list[Change]]:
    """The changes of each case's answers, and in ``templates`` what each case is a cluster of."""
    groups: dict[str, list[Change]] = {}
    for case in cases:
        change = case.change if behavior is None else case.behaviors.get(behavior)
        if change is not None and change not in (Change.ADDED, Change.REMOVED):
            name = case.sample.case_id
            groups.setdefault(name, []).append(change)
            templates[name] = f"template {case.sample.template}" if case.sample.template else name
    return groups


def _judged(pairs: Pairs, confidence: float, is_plain: bool) -> tuple[float, DropInterval]:
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
