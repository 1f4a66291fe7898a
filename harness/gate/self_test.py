"""Tries the gate on a user's own suite: how often it is alarmed by nothing, and by injected losses.

Each draw is a suite of the user's cases. What flips with nothing changed comes from two runs of one
model, or from two halves of a run's answers, which trade places wording by wording; without a
second answer, cases flip each way at an assumed rate. Then a loss of a known size is written into
one task, of its cases or of its shares, and the gate's own functions decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.core.verdict import Outcome
from harness.gate.comparable import has_too_many_errors
from harness.gate.compare import Comparison, Side
from harness.gate.decision import margin_of_all, overall
from harness.gate.injection import DrawnTask, Loss
from harness.gate.outcome import GateOutcome, outcome_of
from harness.gate.policy import GatePolicy
from harness.gate.task_pairs import evidence_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Chosen = NDArray[np.integer[Any]]

SEED = 20251120
DRAWS = 200
"""Draws of each cell for up to ``CASES_AT_ONCE`` cases; fewer for more cases."""
CASES_AT_ONCE = 300
MIN_DRAWS = 20
UNCHANGED_CELLS = 3
"""The unchanged model is drawn so many times as often as a cell."""
UNJUDGED_SHARE = 4
"""Skips and errors are drawn so many times less often: they always have the same outcome."""
FLIPS = 0.02
"""Share of cases that flip where no run and no flag tells."""
POINTS = (1, 2, 3, 5, 7, 10)
"""Injected drops; the margin of the tasks that lose is added."""


class Injection(StrEnum):
    """The kinds of loss."""

    CASES = "cases fail"
    WORDINGS = "wordings fail whole"
    SKIPS = "cases skipped"
    ERRORS = "cases with errors"
    SHARES = "shares fall"
    """Of a graded behavior whose drop a pass bounds: cases lose half of their share."""


_OUTCOMES = {Injection.SKIPS: Outcome.SKIPPED, Injection.ERRORS: Outcome.ERROR}


@dataclass(frozen=True, slots=True)
class Cell:
    """The decisions on draws with one kind and size of loss; without a kind, with none."""

    kind: Injection | None
    drop: float
    """The injected drop, as a share of one task's cases."""
    draws: int
    regressions: int = 0
    passes: int = 0
    losing: int = 0
    """Draws in which a pass would be wrong: their cases lost the margin or more; with skips and
    errors, any."""
    false_passes: int = 0
    is_kept: bool = False
    """Kept skills lose, one after the other; else all other tasks do."""


class DrawnSize(NamedTuple):
    """The size of a task that is drawn."""

    task: str
    cases: int
    wordings: int
    is_kept: bool


@dataclass(frozen=True, slots=True)
class SelfTest:
    """The gate's error rates on one suite."""

    policy: GatePolicy
    seed: int
    tasks: tuple[DrawnSize, ...]
    flips: float | None
    """The assumed rate of flips; ``None`` where they are as recorded."""
    unchanged: Cell
    cells: tuple[Cell, ...]
    """Without those sizes that a task has too few passing cases for."""

    def of_kind(self, kind: Injection, *, is_kept: bool = False) -> tuple[Cell, ...]:
        return tuple(c for c in self.cells if c.kind is kind and c.is_kept is is_kept)


def default_draws(cases: int) -> int:
    """Draws of a cell: fewer of larger suites, so that the time is bounded."""
    return max(MIN_DRAWS, min(DRAWS, DRAWS * CASES_AT_ONCE // max(1, cases)))


def self_test(
    suite: "Suite", policy: GatePolicy, draws: int | None = None, seed: int = SEED
) -> SelfTest:
    """Draw the suite with nothing injected, then with each kind and size of loss."""
    count = draws or default_draws(sum(task.cases for task in suite.tasks))
    unchanged = suite.drawn(Cell(None, 0.0, UNCHANGED_CELLS * count), policy, seed)
    cells = [
        Cell(kind, d, -(-count // UNJUDGED_SHARE) if kind in _OUTCOMES else count, is_kept=is_kept)
        for is_kept in (False, True)
        for kind in Injection
        for d in sorted({*(points / 100 for points in POINTS), _margin(policy, is_kept=is_kept)})
    ]
    return SelfTest(
        policy,
        seed,
        tuple(
            DrawnSize(t.comparison.task, t.cases, len(set(t.wordings)), t.comparison.is_kept)
            for t in suite.tasks
        ),
        suite.flips,
        unchanged,
        tuple(suite.drawn(c, policy, seed) for c in cells if suite.can_lose(c)),
    )


class Suite:
    """The tasks of a record, to be drawn from."""

    def __init__(self, comparisons: Sequence[Comparison], flips: float | None = None) -> None:
        """With ``flips`` the flips of the comparisons are not used, and so many are drawn."""
        self.flips = flips
        self.tasks = [DrawnTask(comparison) for comparison in comparisons]

    def can_lose(self, cell: Cell) -> bool:
        """Each task that loses passes on enough cases to lose so many, or has so much of its
        shares; there is one."""
        losing = self.losing(cell)
        if cell.kind is Injection.SHARES:
            enough = (sum(own.values()) >= cell.drop for i in losing for own in self._losable[i])
        else:
            enough = (
                sum(map(bool, breakable)) >= cell.drop * self.tasks[i].cases
                for i in losing
                for breakable in self._breakable[i]
            )
        return bool(losing) and all(enough)

    def losing(self, cell: Cell) -> list[int]:
        """Indices of the tasks that lose, one after the other."""
        found = self.lowered if cell.kind is Injection.SHARES else range(len(self.tasks))
        return [i for i in found if self.tasks[i].comparison.is_kept is cell.is_kept]

    def drawn(self, cell: Cell, policy: GatePolicy, seed: int) -> Cell:
        """The cell with its decisions counted. Losses go to one task after the other."""
        import numpy as np

        place = 0 if cell.kind is None else 1 + list(Injection).index(cell.kind)
        rng = np.random.default_rng(
            [seed, place, round(cell.drop * 1e6), *([1] if cell.is_kept else [])]
        )
        losing = self.losing(cell) if cell.kind is not None else [0]
        for i in range(cell.draws):
            chosen, lost = self.draw(rng, cell, losing[i % len(losing)])
            outcome = self.decision(chosen, policy)
            is_pass = outcome is GateOutcome.PASS
            is_losing = _is_losing(cell, lost, policy)
            cell = replace(
                cell,
                regressions=cell.regressions + (outcome is GateOutcome.REGRESSION),
                passes=cell.passes + is_pass,
                losing=cell.losing + is_losing,
                false_passes=cell.false_passes + (is_pass and is_losing),
            )
        return cell

    def draw(
        self, rng: "np.random.Generator", cell: Cell, losing: int
    ) -> tuple[list["Chosen"], float]:
        """The loss of each case of each task, as indices, and the share of cases of the task at
        index ``losing`` that lost something, or of its graded behavior the mean that was lost."""
        chosen, lost = [], 0.0
        for i, task in enumerate(self.tasks):
            losses = self._noise(rng, i)
            if i == losing and cell.kind is not None:
                lost = (
                    self._lower(rng, i, losses, cell.drop)
                    if cell.kind is Injection.SHARES
                    else self._inject(rng, i, losses, cell.kind, cell.drop)
                )
            chosen.append(_indices(task, losses))
        return chosen, lost

    def decision(self, chosen: Sequence["Chosen"], policy: GatePolicy) -> GateOutcome:
        """The gate's outcome on a draw."""
        for task, own in zip(self.tasks, chosen, strict=True):
            answers = task.cases * task.repeats
            if any(has_too_many_errors(e, answers, policy.max_errors) for e in task.errors(own)):
                return GateOutcome.NOT_COMPARABLE
        pairs = [task.pairs(own) for task, own in zip(self.tasks, chosen, strict=True)]
        found, pooled = evidence_of(pairs, policy)
        judged = [task for task in found if task]
        if len(judged) < len(found):
            return GateOutcome.NOT_COMPARABLE
        outcomes = [outcome_of(task, task.own_policy(policy))[0] for task in judged]
        return overall(outcomes, pooled, margin_of_all(judged, policy))

    @cached_property
    def _breakable(self) -> list[tuple[list[tuple[int, ...]], list[tuple[int, ...]]]]:
        """For each task, with its sides as they are and swapped."""
        return [(t.breakable(is_swapped=False), t.breakable(is_swapped=True)) for t in self.tasks]

    @cached_property
    def lowered(self) -> list[int]:
        """Indices of the tasks with a graded behavior whose drop a pass bounds."""
        return [i for i, task in enumerate(self.tasks) if task.held]

    @cached_property
    def _losable(self) -> list[tuple[dict[int, float], dict[int, float]]]:
        """For each task, with its sides as they are and swapped; empty without such a behavior."""
        return [
            (t.losable(t.held, is_swapped=False), t.losable(t.held, is_swapped=True))
            if t.held
            else ({}, {})
            for t in self.tasks
        ]

    @cached_property
    def _wordings(self) -> list["Chosen"]:
        """For each task, the index of each case's wording."""
        import numpy as np

        return [np.unique(task.wordings.astype(str), return_inverse=True)[1] for task in self.tasks]

    def _noise(self, rng: "np.random.Generator", i: int) -> list[Loss]:
        """Flips with nothing changed in the task at index ``i``."""
        if self.flips is None:
            swapped = rng.random(self._wordings[i].max() + 1) < 0.5
            return [Loss(is_swapped=bool(s)) for s in swapped[self._wordings[i]]]
        breakable, losable = self._breakable[i][0], self._losable[i][0]
        rate, name = _rate(breakable, self.flips), self.tasks[i].held
        flips, ways = rng.random(len(breakable)) < rate, rng.random((2, len(breakable)))
        found = []
        for case, own in enumerate(breakable):
            loss = Loss(is_before=bool(ways[1][case] < 0.5))
            if not flips[case] or not (own or case in losable):
                loss = Loss()
            elif own:
                loss = loss._replace(outcome=Outcome.FAILED, behavior=_pick(own, ways[0][case]))
            else:
                loss = loss._replace(outcome=Outcome.FAILED, halved=name)
            found.append(loss)
        return found

    def _lower(self, rng: "np.random.Generator", i: int, losses: list[Loss], drop: float) -> float:
        """Halve shares of the graded behavior that a pass bounds, each with the probability at
        which its mean falls by ``drop`` on average; the drop that was drawn."""
        sides = self._losable[i]
        own = {case: sides[loss.is_swapped].get(case, 0.0) for case, loss in enumerate(losses)}
        rate = drop / (sum(own.values()) or 1.0)
        drawn = rng.random(len(losses))
        broken = [case for case, lost in own.items() if lost and drawn[case] < rate]
        for case in broken:
            swapped = losses[case].is_swapped
            losses[case] = Loss(Outcome.FAILED, is_swapped=swapped, halved=self.tasks[i].held)
        return sum(own[case] for case in broken)

    def _inject(
        self, rng: "np.random.Generator", i: int, losses: list[Loss], kind: Injection, drop: float
    ) -> float:
        """Write losses into cases that pass, or into whole wordings; the share that was lost.

        Each breaks with the probability at which ``drop`` of all cases breaks on average. Of skips
        and errors there are exactly so many, one at least.
        """
        outcome = _OUTCOMES.get(kind, Outcome.FAILED)
        sides, wordings = self._breakable[i], self._wordings[i]
        behaviors = [sides[loss.is_swapped][case] for case, loss in enumerate(losses)]
        can_break = [case for case, own in enumerate(behaviors) if own]
        which = rng.random(len(losses))
        if kind in _OUTCOMES:
            count = max(1, round(drop * len(losses)))
            broken = rng.permutation(can_break)[:count].tolist()
        else:
            units = rng.random(len(losses)), which
            if kind is Injection.WORDINGS:
                units = units[0][wordings], units[1][wordings]
            drawn, which = units
            broken = [case for case in can_break if drawn[case] < _rate(behaviors, drop)]
        for case in broken:
            behavior = 0 if outcome is Outcome.ERROR else _pick(behaviors[case], which[case])
            losses[case] = Loss(outcome, behavior, is_swapped=losses[case].is_swapped)
        return len(broken) / len(losses)


def halves(side: Side) -> tuple[Side, Side] | None:
    """Two sides with half of the answers to each case; ``None`` where a case has one answer."""
    repeats = 1 + max((s.repeat for s in side.record.samples if s.model == side.model), default=0)
    half = repeats // 2
    if not half:
        return None
    found = []
    for first in (0, half):
        samples = (
            replace(s, repeat=s.repeat - first)
            for s in side.record.samples
            if first <= s.repeat < first + half
        )
        found.append(Side(replace(side.record, samples=tuple(samples)), side.model))
    return found[0], found[1]


def _is_losing(cell: Cell, lost: float, policy: GatePolicy) -> bool:
    """A pass would be wrong."""
    if cell.kind is None:
        return False
    if cell.kind in _OUTCOMES:
        return lost > 0
    margin = _margin(policy, is_kept=cell.is_kept)
    if cell.kind in (Injection.CASES, Injection.SHARES):
        return cell.drop >= margin
    is_new = policy.scope == "new" and cell.drop >= policy.wording_margin
    return lost >= margin or is_new


def _margin(policy: GatePolicy, *, is_kept: bool) -> float:
    return policy.for_task(is_kept=is_kept).margin


def _indices(task: DrawnTask, losses: Sequence[Loss]) -> "Chosen":
    import numpy as np

    return np.array([task.places[loss] for loss in losses])


def _rate(breakable: Sequence[tuple[int, ...]], share: float) -> float:
    """The probability for each case that passes at which ``share`` of all cases is lost."""
    return share * len(breakable) / max(1, sum(map(bool, breakable)))


def _pick(behaviors: Sequence[int], at: float) -> int:
    return behaviors[int(at * len(behaviors))]
