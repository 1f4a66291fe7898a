"""Sizes of a suite: the cases and wordings that a margin needs, and the drops that a size shows.

All numbers come from the functions that the gate decides by. They hold for the composite: single
behaviors, pinned cases and new wordings can only make the gate stricter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import comb

from harness.gate.comparable import common_required
from harness.gate.compare import Side, compare
from harness.gate.copies import holds_copies, is_same_model
from harness.gate.evidence import PairedCases, pairs_of, repeated
from harness.gate.policy import FEW_WORDINGS, GatePolicy
from harness.stats.paired import flips_of
from harness.stats.power import (
    FIXED_RATE,
    POWER,
    Decided,
    cases_without_flips,
    decided_among,
    detection_power,
    fewest_cases,
    smallest_detectable_drop,
)
from harness.stats.wordings import unseen_drop, wordings_for

FLIPS = 2 * FIXED_RATE
"""Share of cases assumed to flip with nothing changed, half of them each way."""
CASES = (30, 100, 149, 300, 1_000, 3_000)
"""Sizes that every table has: 149 cases without a flip bound a drop of 2 points."""
WORDINGS = (16, 30, 59, 100, 300)
"""Wordings that every table has: 59 without a loss bound a drop of 5 points."""
DEFAULT_CASES = 300
"""Cases of the curve where the user's are not known."""
DROPS = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2)
"""Drops of the curve."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Values that are taken as given about a suite and its model."""

    flips: float = FLIPS
    """Share of cases of which one answer flips with nothing changed, half of them each way."""
    tasks: int = 1
    repeats: int = 1
    """Answers to each case on each side."""
    power: float = POWER
    """Share of runs that are to decide rightly."""

    @property
    def one_way(self) -> float:
        """Share of cases that break by chance, and that are fixed by chance; with K answers a case
        the equivalent of them, since the variance of its mean is a K-th."""
        return self.flips / self.repeats / 2

    def differences(self, drop: float) -> dict[float, float]:
        """Share of cases by the difference of their means, if ``drop`` of all break for good.

        Of twice ``flips`` of the cases an answer passes in half of the times, so that two answers
        differ in ``flips`` of all; with K answers the difference of two binomial counts.
        """
        total, unstable = 2 * self.repeats, min(2 * self.flips, 1 - drop)
        shares = {
            (self.repeats - k) / self.repeats: unstable * comb(total, k) / 2**total
            for k in range(total + 1)
            if k != self.repeats
        }
        shares[1.0] += drop
        return shares


@dataclass(frozen=True, slots=True)
class OwnTask:
    """The size of one task of the user's."""

    name: str
    cases: int | None
    """Cases judged on both sides; ``None`` where it is not known."""
    wordings: int | None
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """The drops that a task of one size shows, and its rate of passes."""

    cases: int
    smallest_drop: float | None
    """Shown with the power asked for, the margin at least: a smaller one passes. ``None`` where not
    even the loss of all cases is."""
    unchanged_passes: float
    """Share of runs in which an unchanged model passes, on all tasks."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Needed and existing sizes."""

    policy: GatePolicy
    """With the margin that holds for these tasks."""
    assumed: Assumptions
    own: tuple[OwnTask, ...]
    """The user's own sizes; empty where none is known."""
    cases_to_pass: int | None
    """Cases of each task with which an unchanged model passes; ``None`` where no number does."""
    drop: float | None
    """The drop asked about."""
    cases_to_see: int | None
    """Cases of each task that show it; ``None`` where none is asked about, or no number does."""
    wordings: int
    """Wordings that bound the drop over new ones below the policy's margin, if none breaks."""
    sights: tuple[Sight, ...]
    """By cases, the user's own sizes among them."""
    bounds: tuple[tuple[int, float], ...]
    """Wordings, and the drop over new ones that they do not rule out if none breaks."""
    curve_cases: int
    curve: tuple[tuple[float, Decided], ...]
    """True drops, and the outcomes of a task of ``curve_cases``."""
    is_kept: bool = False
    """The tasks are kept skills."""
    kept: "Plan | None" = None
    """The plan of the user's kept skills, where there are other tasks too."""


def plan_of(
    policy: GatePolicy,
    assumed: Assumptions,
    drop: float | None = None,
    own: Sequence[OwnTask] = (),
) -> Plan:
    """The plan for a policy; ``own`` are the sizes that the user has or thinks of. ``drop`` is
    twice the margin by default, as far as that is below 1."""
    skills = [task for task in own if task.is_kept]
    others = [task for task in own if not task.is_kept]
    kept = _plan(policy, assumed, drop, skills, is_kept=True) if skills else None
    if kept and not others:
        return kept
    return replace(_plan(policy, assumed, drop, others, is_kept=False), kept=kept)


def _plan(
    general: GatePolicy,
    assumed: Assumptions,
    drop: float | None,
    own: Sequence[OwnTask],
    *,
    is_kept: bool,
) -> Plan:
    policy = general.for_task(is_kept=is_kept)
    if drop is None and policy.margin < 0.5:
        drop = 2 * policy.margin
    own_cases = [task.cases for task in own if task.cases is not None]
    own_wordings = [task.wordings for task in own if task.wordings is not None]
    sizes, wordings = sorted({*CASES, *own_cases}), sorted({*WORDINGS, *own_wordings})
    curve_cases = min(own_cases, default=DEFAULT_CASES)
    return Plan(
        policy=policy,
        assumed=assumed,
        own=tuple(own),
        cases_to_pass=cases_to_pass(policy, assumed),
        drop=drop,
        cases_to_see=None if drop is None else cases_to_see(drop, policy, assumed),
        wordings=max(FEW_WORDINGS, wordings_for(policy.wording_margin, policy.confidence)),
        sights=tuple(sight(cases, policy, assumed) for cases in sizes),
        bounds=tuple((n, unseen_drop(n, policy.confidence)) for n in wordings),
        curve_cases=curve_cases,
        curve=tuple((d, outcomes(curve_cases, d, policy, assumed)) for d in DROPS),
        is_kept=is_kept,
    )


def outcomes(cases: int, drop: float, policy: GatePolicy, assumed: Assumptions) -> Decided:
    """The shares of runs in which a task of ``cases`` passes and regresses at a true ``drop``."""
    shares, tails = assumed.differences(drop), policy.tails_of(assumed.tasks)
    found = decided_among(cases, shares, policy.margin, tails)
    return found if cases >= policy.min_cases else found._replace(passes=0.0)


def sight(cases: int, policy: GatePolicy, assumed: Assumptions) -> Sight:
    """The sight of a task of ``cases``."""
    tail = policy.tails_of(assumed.tasks).low
    drop = smallest_detectable_drop(cases, tail, assumed.one_way, assumed.power)
    passes = outcomes(cases, 0.0, policy, assumed).passes
    return Sight(cases, drop and max(drop, policy.margin), passes**assumed.tasks)


def cases_to_pass(policy: GatePolicy, assumed: Assumptions) -> int | None:
    """Cases of each task with which an unchanged model passes with the power asked for."""

    def is_enough(cases: int) -> bool:
        return outcomes(cases, 0.0, policy, assumed).passes ** assumed.tasks >= assumed.power

    if assumed.flips == 0:
        return max(policy.min_cases, cases_without_flips(policy.margin, policy.confidence))
    found = fewest_cases(is_enough)
    return found and max(found, policy.min_cases)


def cases_to_see(drop: float, policy: GatePolicy, assumed: Assumptions) -> int | None:
    """Cases of a task that show its drop with the power asked for; ``None`` where no number does,
    as for a drop within the margin, which passes."""
    if drop < policy.margin:
        return None
    broke = min(drop + assumed.one_way, 1 - assumed.one_way)
    tail = policy.tails_of(assumed.tasks).low
    return fewest_cases(
        lambda cases: detection_power(cases, broke, assumed.one_way, tail) >= assumed.power
    )


@dataclass(frozen=True, slots=True)
class Observed:
    """Sizes and flips of stored runs."""

    tasks: tuple[OwnTask, ...]
    repeats: int
    flips: float | None
    """Share of cases of which one answer flips with nothing changed; ``None`` where no case has a
    second answer."""


def observed(before: Side, after: Side) -> Observed:
    """The sizes and flips that two sides show, or one side paired with itself.

    Of one side, its repeats tell, and of two of which one took the other's answers. Of two others
    with the same weights all flips count. Of other models, the rarer direction counts twice, since
    a change shows in the difference of the two.
    """
    is_same = is_same_model(before, after)
    is_one = before.record is after.record and before.model == after.model
    is_one |= holds_copies(before, after)
    names = [t.name for t in after.record.tasks if before.task_record(t.name)]
    sizes, repeats, flips, cases = [], 1, [], 0
    for name in names:
        required = common_required(before, after, name)
        compared = compare(before, after, name, required=required)
        found = pairs_of(compared.cases)
        if not found.differences:
            continue
        size, wordings = len(found.differences), len(set(found.wordings))
        sizes.append(OwnTask(name, size, wordings, compared.is_kept))
        cases, repeats = cases + size, max(repeats, found.repeats)
        if is_one:
            flips += [2 * r.passed * (r.repeats - r.passed) / (r.repeats * (r.repeats - 1))
                      for r in repeated(compared.cases)[0] if r.repeats > 1]  # fmt: skip
        else:
            flips.append(_flipped(found, is_same=is_same))
    return Observed(tuple(sizes), repeats, sum(flips) / cases if flips else None)


def _flipped(pairs: PairedCases, *, is_same: bool) -> float:
    """Cases of which one answer flips: with K answers, a mean square of differences is a K-th."""
    flips = flips_of(pairs.differences, pairs.repeats)
    return pairs.repeats * (sum(flips) if is_same else 2 * min(flips))
