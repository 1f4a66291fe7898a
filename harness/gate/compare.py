"""Pairs two models' answers to the same cases and names each change.

A pure function of records: no file, no model, no clock. It counts changes; the gate decides which
of them are more than noise.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.core.composite import composite
from harness.core.record import (
    FORMAT_SUCCESS,
    BehaviorResult,
    ModelRecord,
    RunRecord,
    Sample,
    TaskRecord,
)
from harness.core.verdict import JUDGED, Outcome, Verdict

PairKey = tuple[str, str, int]
"""Case id, hash of the prompt, repeat: answers are paired where all three agree."""
Outcomes = tuple[Outcome | None, Outcome | None]
"""Before and after, of one answer; ``None`` where it is undecided or missing."""


class Change(StrEnum):
    """The change of one case, for one behavior or for the composite."""

    REGRESSED = "regressed"
    FIXED = "fixed"
    STILL_FAILING = "still failing"
    STILL_PASSING = "still passing"
    NOT_JUDGED = "not judged"
    """An error or a skip on either side, so the change is unknown."""
    ADDED = "added"
    """On the later side only. The same case id with another prompt is another case."""
    REMOVED = "removed"
    """On the earlier side only."""


@dataclass(frozen=True, slots=True)
class Side:
    """One model of one run, as the earlier or the later side of a comparison."""

    record: RunRecord
    model: str
    """``ModelRecord.ref``."""

    @property
    def model_record(self) -> ModelRecord | None:
        return next((m for m in self.record.models if m.ref == self.model), None)

    @property
    def is_stopped(self) -> bool:
        """The model was not asked all cases, since the decision was made before."""
        found = self.model_record
        return found is not None and found.early_stop is not None and found.early_stop.is_stopped

    def task_record(self, task: str) -> TaskRecord | None:
        return next((t for t in self.record.tasks if t.name == task), None)

    def result(self, task: str, behavior: str) -> BehaviorResult | None:
        """The run's result of one behavior over all its cases, paired or not."""
        wanted = (self.model, task, behavior)
        found = (r for r in self.record.results if (r.model, r.task, r.behavior) == wanted)
        return next(found, None)

    def samples(self, task: str, *, by_prompt: bool = True) -> dict[PairKey, Sample]:
        """The answers to one task's cases, in the order of the run.

        Without ``by_prompt`` the hash in the keys is empty, so that cases are paired by id alone.
        """
        return {
            (s.case_id, s.prompt_sha256 if by_prompt else "", s.repeat): s
            for s in self.record.samples
            if s.model == self.model and s.task == task
        }


@dataclass(frozen=True, slots=True)
class CaseChange:
    """One case on both sides."""

    before: Sample | None
    after: Sample | None
    change: Change
    """Change of the composite: all required behaviors."""
    behaviors: Mapping[str, Change]
    outcomes: Outcomes
    """The composite's, of which ``change`` is made."""

    @property
    def sample(self) -> Sample:
        """Either side's sample, for values that both share: the case id, the prompt, the tags."""
        found = self.after or self.before
        assert found is not None, "a case stands on one side at least"
        return found


@dataclass(frozen=True, slots=True)
class BehaviorChange:
    """Changes of one behavior over all pairs, and its result in each run."""

    behavior: str
    before: BehaviorResult | None
    after: BehaviorResult | None
    counts: Mapping[Change, int]
    """Number of cases by kind of change; zero counts are left out."""

    def count(self, change: Change) -> int:
        return self.counts.get(change, 0)

    @property
    def judged(self) -> int:
        """Pairs judged on both sides: the n of a paired test."""
        paired = (Change.REGRESSED, Change.FIXED, Change.STILL_FAILING, Change.STILL_PASSING)
        return sum(self.count(change) for change in paired)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The two sides of one task, paired."""

    task: str
    before: Side
    after: Side
    required: tuple[str, ...]
    """Behaviors that a case must pass, on both sides."""
    composite: BehaviorChange
    behaviors: tuple[BehaviorChange, ...]
    cases: tuple[CaseChange, ...]

    @property
    def is_kept(self) -> bool:
        """The task is a kept skill, by the later run."""
        task = self.after.task_record(self.task)
        return task is not None and task.kept

    def bucket(self, *changes: Change) -> tuple[CaseChange, ...]:
        """The cases whose composite changed in one of these ways, in the order of the run."""
        return tuple(c for c in self.cases if c.change in changes)


def compare(
    before: Side,
    after: Side,
    task: str,
    *,
    by_prompt: bool = True,
    required: tuple[str, ...] | None = None,
) -> Comparison:
    """Pair the two sides' answers to a task's cases and name each change.

    With ``by_prompt`` the same case id with another prompt is another case. ``required`` are the
    behaviors of the composite, for both sides; by default those that the later side requires.
    Cases that a stopped later side was not asked are left out.
    """
    old = before.samples(task, by_prompt=by_prompt)
    new = after.samples(task, by_prompt=by_prompt)
    if after.is_stopped:
        asked = {case_id for case_id, _, _ in new}
        old = {key: sample for key, sample in old.items() if key[0] in asked}
    if required is None:
        required = _required(before, after, task)
    cases = tuple(_pair(old, new, required))
    names = dict.fromkeys(name for case in cases for name in case.behaviors)
    behaviors = tuple(
        _behavior(
            name, before, after, task, (c.behaviors[name] for c in cases if name in c.behaviors)
        )
        for name in names
    )
    composite = _behavior(FORMAT_SUCCESS, before, after, task, (c.change for c in cases))
    return Comparison(task, before, after, required, composite, behaviors, cases)


def compare_all(
    before: Side, after: Side, known: Iterable[Comparison] = ()
) -> tuple[Comparison, ...]:
    """One Comparison for each task that either side has, in the order of the later run.

    ``known`` are comparisons of these sides by prompt: one of them is taken where it is the same.
    """
    tasks = [t.name for t in (*after.record.tasks, *before.record.tasks)]
    made = {(c.task, c.required): c for c in known}
    return tuple(
        made.get((task, _required(before, after, task))) or compare(before, after, task)
        for task in dict.fromkeys(tasks)
    )


def _required(before: Side, after: Side, task: str) -> tuple[str, ...]:
    return required_behaviors(after if after.task_record(task) else before, task)


def required_behaviors(side: Side, task: str) -> tuple[str, ...]:
    """Required behaviors of the task that this run judged.

    A run of ``-k json_validity`` has no composite rate, but its cases still pass or fail.
    """
    described = side.task_record(task)
    required = described.required if described else ()
    judged = judged_behaviors(side, task)
    return tuple(name for name in required if name in judged)


def judged_behaviors(side: Side, task: str) -> tuple[str, ...]:
    """Behaviors that judged any of this side's answers to the task, in the order of the run."""
    answered = (s for s in side.record.samples if s.model == side.model and s.task == task)
    # Almost all answers are judged by the same behaviors.
    found = dict.fromkeys(tuple(sample.verdicts) for sample in answered)
    return tuple(dict.fromkeys(name for names in found for name in names))


def composite_outcome(verdicts: Mapping[str, Verdict], required: Iterable[str]) -> Outcome | None:
    """The composite outcome of one completion; ``None`` where it is undecided."""
    found = composite(verdicts, required)
    return None if found is None else found.outcome


def composite_outcomes(
    before: Sample | None, after: Sample | None, required: Sequence[str]
) -> Outcomes:
    """The composite outcomes of a pair. A case that passes after does so by every required behavior
    that judged it before: one that skips it, or has no verdict, leaves the case undecided."""
    was = composite_outcome(before.verdicts, required) if before else None
    now = composite_outcome(after.verdicts, required) if after else None
    if before and after and now is Outcome.PASSED:
        for name in required:
            if not _is_judged(after.verdicts[name]) and _is_judged(before.verdicts.get(name)):
                return was, None
    return was, now


def _is_judged(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.outcome in JUDGED


def change_of(before: Outcome | None, after: Outcome | None) -> Change:
    """The Change between two outcomes of a case that both sides have."""
    if before not in JUDGED or after not in JUDGED:
        return Change.NOT_JUDGED
    if before is after:
        return Change.STILL_PASSING if after is Outcome.PASSED else Change.STILL_FAILING
    return Change.FIXED if after is Outcome.PASSED else Change.REGRESSED


def _pair(
    before: Mapping[PairKey, Sample], after: Mapping[PairKey, Sample], required: tuple[str, ...]
) -> Iterable[CaseChange]:
    for key in dict.fromkeys((*after, *before)):
        yield case_change(before.get(key), after.get(key), required)


def case_change(old: Sample | None, new: Sample | None, required: tuple[str, ...]) -> CaseChange:
    """The change of one case between two answers, one of which may be missing."""
    outcomes = composite_outcomes(old, new, required)
    return CaseChange(old, new, _change(old, new, outcomes), _per_behavior(old, new), outcomes)


def composite_change(old: Sample | None, new: Sample | None, required: tuple[str, ...]) -> Change:
    """The change of the composite between two answers, one of which may be missing."""
    return _change(old, new, composite_outcomes(old, new, required))


def _change(old: Sample | None, new: Sample | None, outcomes: Outcomes) -> Change:
    if old is None:
        return Change.ADDED
    return Change.REMOVED if new is None else change_of(*outcomes)


def _per_behavior(old: Sample | None, new: Sample | None) -> dict[str, Change]:
    was, now = (side.verdicts if side else {} for side in (old, new))
    found = {}
    for name in dict.fromkeys((*now, *was)):
        if name not in was:
            found[name] = Change.ADDED
        elif name not in now:
            found[name] = Change.REMOVED
        else:
            found[name] = change_of(was[name].outcome, now[name].outcome)
    return found


def _behavior(
    name: str, before: Side, after: Side, task: str, changes: Iterable[Change]
) -> BehaviorChange:
    counts = Counter(changes)
    ordered = {change: counts[change] for change in Change if counts[change]}
    return BehaviorChange(name, before.result(task, name), after.result(task, name), ordered)
