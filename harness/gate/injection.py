"""Writes losses into a task's recorded answers, and tabulates what each does to the gate's tests.

A case is computed once for each loss, by the gate's own functions, from changed verdicts. A draw of
a suite then only chooses a loss for each case and adds them up.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.core.grade import FieldGrade, Grade
from harness.core.record import Sample
from harness.core.verdict import JUDGED, FailureCode, Outcome, Verdict
from harness.gate.compare import CaseChange, Comparison, case_change, composite_outcome
from harness.gate.drawn_shares import DrawnShares
from harness.gate.evidence import PairedCases, pairs_of
from harness.gate.graded import GradedCases, graded_cases
from harness.gate.resources import ResourceChange
from harness.gate.task_pairs import Pinned, TaskPairs, pinned_cases

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.integer[Any]]

INJECTED = "injected"
"""The reason of every injected verdict."""


class Loss(NamedTuple):
    """A change of one case's verdicts."""

    outcome: Outcome | None = None
    """The outcome written into its verdicts; ``None`` leaves them as they are."""
    behavior: int = 0
    """Index of the required behavior that gets it; an error is written into all."""
    is_before: bool = False
    """It is written into the side before."""
    is_swapped: bool = False
    """The sides change places first."""
    halved: str = ""
    """A graded behavior of which half of the share is lost, in place of the required behavior."""


class Effect(NamedTuple):
    """The numbers that one case adds to the tests of its task."""

    rows: tuple[tuple[int, ...], ...]
    """For the composite, then each behavior: ``_row``'s numbers."""
    extras: tuple[int, int, int, int, int]
    """Answers before and after whose composite is an error; whether it is a pinned case that broke,
    one that fails on both sides, and one that is not judged any more."""


class DrawnTask:
    """The cases of one comparison, each with every loss that can be drawn."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        found = (b.behavior for b in comparison.behaviors)
        self.graded = [n for n in found if graded_cases(comparison.cases, n) is not None]
        """The behaviors that grade answers."""
        self.names = [b.behavior for b in comparison.behaviors if b.behavior not in self.graded]
        """All others."""
        groups: dict[str, list[CaseChange]] = {}
        for case in comparison.cases:
            if case.before is not None and case.after is not None:
                groups.setdefault(case.sample.case_id, []).append(case)
        self.repeats = max(map(len, groups.values()), default=1)
        self.groups = [g for g in groups.values() if len(g) == self.repeats]
        """The answers of each case; a case with fewer of them than others is left out."""
        self.losses = list(_losses(len(comparison.required), self.graded))
        self.places = {loss: i for i, loss in enumerate(self.losses)}

    @property
    def cases(self) -> int:
        return len(self.groups)

    @cached_property
    def wordings(self) -> "NDArray[np.object_]":
        """The wording of each case, named as ``pairs_of`` does."""
        import numpy as np

        return np.array([pairs_of(g).worst_wordings[0] for g in self.groups], object)

    @cached_property
    def shares(self) -> dict[str, DrawnShares]:
        """The shares of each graded behavior."""
        kinds = [_pattern(group) for group in self.groups]

        def changed(group: Sequence[CaseChange], loss: int) -> Iterator[CaseChange]:
            return _changed(group, self.losses[loss], self.comparison.required)

        return {
            name: DrawnShares(name, self.groups, kinds, len(self.losses), changed)
            for name in self.graded
        }

    @property
    def held(self) -> str:
        """The first graded behavior whose drop a pass bounds: it is required, or has a budget;
        empty where there is none."""
        task = self.comparison.after.task_record(self.comparison.task)
        held = {*self.comparison.required, *(task.budgets if task else ())}
        return next((name for name in self.graded if name in held), "")

    def losable(self, behavior: str, *, is_swapped: bool) -> dict[int, float]:
        """By the index of each case with a share of a graded behavior: what the mean share of the
        task loses if half of the case's is lost. Cases that are not judged count as cases."""
        found = self.shares[behavior].after(self.places[Loss(is_swapped=is_swapped)])
        total = sum(weight for _, weight in found.values()) * self.cases / max(1, len(found))
        return {i: share / 2 * weight / total for i, (share, weight) in found.items() if share}

    @cached_property
    def arrays(self) -> "tuple[Numbers, Numbers, Numbers]":
        """The effects of all losses, by pattern of verdicts and loss: ``Effect.rows``,
        ``Effect.extras``; and each case's pattern."""
        import numpy as np

        patterns: dict[Any, int] = {}
        effects: list[list[Effect]] = []
        for group in self.groups:
            pattern = _pattern(group)
            if pattern not in patterns:
                patterns[pattern] = len(effects)
                effects.append([self._effect(group, loss) for loss in self.losses])
        return (
            np.array([[effect.rows for effect in own] for own in effects], np.int16),
            np.array([[effect.extras for effect in own] for own in effects], np.int16),
            np.array([patterns[_pattern(group)] for group in self.groups]),
        )

    def breakable(self, *, is_swapped: bool) -> list[tuple[int, ...]]:
        """For each case, the required behaviors that all of its answers after pass; none where the
        case itself does not pass, and so cannot break."""
        return [tuple(self._passing(group, is_swapped)) for group in self.groups]

    def pairs(self, chosen: "Numbers") -> TaskPairs:
        """The pairs of a draw, given the index of each case's loss."""
        import numpy as np

        rows, extras, patterns = self.arrays
        every, extras = rows[patterns, chosen], extras[patterns, chosen]
        broke, failing, unjudged = (
            tuple(self.groups[i][0].sample.case_id for i in np.flatnonzero(extras[:, kind]))
            for kind in (2, 3, 4)
        )
        composite, *others = (self._paired(every[:, i]) for i in range(every.shape[1]))
        found: dict[str, PairedCases | GradedCases] = dict(zip(self.names, others, strict=True))
        found |= {name: own.cases(chosen.tolist()) for name, own in self.shares.items()}
        return TaskPairs(
            self.comparison,
            composite,
            {b.behavior: found[b.behavior] for b in self.comparison.behaviors},
            Pinned(broke, failing, unjudged),
            ResourceChange(),
        )

    def errors(self, chosen: "Numbers") -> tuple[int, int]:
        """Answers of a draw that are errors, before and after."""
        _, extras, patterns = self.arrays
        found = extras[patterns, chosen].sum(axis=0)
        return int(found[0]), int(found[1])

    def drawn(self, chosen: Iterable[int]) -> Iterator[CaseChange]:
        """The changed answers of a draw, as ``compare`` would pair them."""
        for group, loss in zip(self.groups, chosen, strict=True):
            yield from _changed(group, self.losses[loss], self.comparison.required)

    def _effect(self, group: Sequence[CaseChange], loss: Loss) -> Effect:
        required = self.comparison.required
        found = list(_changed(group, loss, required))
        behaviors = (pairs_of(found, name) for name in self.names)
        pinned = pinned_cases(found)
        return Effect(
            tuple(map(_row, (pairs_of(found), *behaviors))),
            (
                _errors([c.before for c in found], required),
                _errors([c.after for c in found], required),
                len(pinned.broke),
                len(pinned.failing),
                len(pinned.unjudged),
            ),
        )

    def _passing(self, group: Sequence[CaseChange], is_swapped: bool) -> Iterator[int]:
        required = self.comparison.required
        after = [c.before if is_swapped else c.after for c in group]
        verdicts = [sample.verdicts for sample in after if sample]
        if all(composite_outcome(v, required) is Outcome.PASSED for v in verdicts):
            for i, name in enumerate(required):
                if all(v[name].outcome is Outcome.PASSED for v in verdicts):
                    yield i

    def _paired(self, rows: "Numbers") -> PairedCases:
        is_present, is_judged = rows[:, 0] > 0, rows[:, 1] > 0
        return PairedCases(
            differences=tuple(rows[is_judged, 2].tolist()),
            wordings=tuple(self.wordings[is_judged]),
            worst=tuple(rows[is_present, 3].tolist()),
            worst_wordings=tuple(self.wordings[is_present]),
            passed_before=int(rows[:, 5].sum()),
            passed_after=int(rows[:, 6].sum()),
            repeats=self.repeats,
            lost=int(rows[:, 4].sum()),
        )


def _losses(required: int, graded: Sequence[str]) -> Iterator[Loss]:
    """All losses, the empty one first; again with the sides swapped."""
    for is_swapped in (False, True):
        yield Loss(is_swapped=is_swapped)
        yield Loss(Outcome.ERROR, is_swapped=is_swapped)
        for i in range(required):
            yield Loss(Outcome.FAILED, i, is_swapped=is_swapped)
            yield Loss(Outcome.FAILED, i, is_before=True, is_swapped=is_swapped)
            yield Loss(Outcome.SKIPPED, i, is_swapped=is_swapped)
        for name in graded:
            yield Loss(Outcome.FAILED, is_swapped=is_swapped, halved=name)
            yield Loss(Outcome.FAILED, is_before=True, is_swapped=is_swapped, halved=name)


def _changed(
    group: Sequence[CaseChange], loss: Loss, required: tuple[str, ...]
) -> Iterator[CaseChange]:
    for case in group:
        sides = [case.before, case.after]
        if loss.is_swapped:
            sides.reverse()
        side = 0 if loss.is_before else 1
        sides[side] = _with(sides[side], loss, required)
        yield case_change(sides[0], sides[1], required)


def _with(sample: Sample | None, loss: Loss, required: tuple[str, ...]) -> Sample | None:
    """The sample with the loss in its verdicts."""
    if sample is None or loss.outcome is None:
        return sample
    if loss.outcome is Outcome.ERROR:
        error = Verdict.error(FailureCode.BACKEND_ERROR, INJECTED)
        return replace(sample, verdicts=dict.fromkeys(sample.verdicts, error))
    if loss.halved:
        return replace(sample, verdicts=_halved(sample.verdicts, loss.halved))
    verdict = (
        Verdict.skipped(INJECTED)
        if loss.outcome is Outcome.SKIPPED
        else Verdict.failed(FailureCode.ASSERTION, INJECTED)
    )
    return replace(sample, verdicts={**sample.verdicts, required[loss.behavior]: verdict})


def _halved(verdicts: Mapping[str, Verdict], behavior: str) -> Mapping[str, Verdict]:
    """The verdicts with half of the share of one; a share of 0 stays."""
    verdict = verdicts.get(behavior)
    if verdict is None or verdict.outcome not in JUDGED or not verdict.share:
        return verdicts
    whole = (FieldGrade("", 1, 1, 1),)
    fields = verdict.grade.fields if verdict.grade else whole
    grade = Grade(
        tuple(FieldGrade(f.pointer, 2 * f.leaves, 2 * f.present, f.equal) for f in fields)
    )
    lost = Verdict.failed(FailureCode.ASSERTION, INJECTED).graded(grade)
    return {**verdicts, behavior: lost}


def _row(pairs: PairedCases) -> tuple[int, ...]:
    """One case: it is there, it is judged, its difference, its worst one, it is lost, and its
    passed answers before and after."""
    return (
        len(pairs.worst),
        len(pairs.differences),
        sum(pairs.differences),
        sum(pairs.worst),
        pairs.lost,
        pairs.passed_before,
        pairs.passed_after,
    )


def _errors(samples: Sequence[Sample | None], required: Sequence[str]) -> int:
    return sum(
        composite_outcome(s.verdicts, required) is Outcome.ERROR for s in samples if s is not None
    )


def _pattern(group: Sequence[CaseChange]) -> tuple[object, ...]:
    """All that an effect depends on."""
    return tuple((_outcomes(c.before), _outcomes(c.after), c.sample.must_pass) for c in group)


def _outcomes(sample: Sample | None) -> tuple[tuple[str, Outcome], ...]:
    return tuple((n, v.outcome) for n, v in sample.verdicts.items()) if sample else ()
