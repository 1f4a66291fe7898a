"""Finds cases whose outcome flips between runs, repeats or second answers of one model (A/A)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.core.completion import FinishReason
from harness.core.noise import BatchNoise, FlippedCase, FlipRate
from harness.core.record import FORMAT_SUCCESS, Sample
from harness.core.verdict import JUDGED, Outcome
from harness.gate.comparable import common_required
from harness.gate.compare import (
    CaseChange,
    Change,
    Side,
    compare,
    composite_outcome,
    required_behaviors,
)
from harness.gate.evidence import pairs_of, repeated
from harness.stats.intervals import clopper_pearson
from harness.stats.paired import flips_of

_FLIPS = (Change.REGRESSED, Change.FIXED)


@dataclass(frozen=True, slots=True)
class TaskNoise:
    """Cases of one task that flip without any change of the model."""

    flipped: frozenset[str]
    """Case ids."""
    judged: int
    """Cases judged every time."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Cases of which a model's own answers flip between passing and failing."""

    source: str
    """Source of the measurement: ``run 2026...``, or the repeats of the run before."""
    tasks: Mapping[str, TaskNoise] = field(default_factory=dict)

    def cases(self, task: str) -> frozenset[str]:
        """Ids of the task's cases that flip."""
        found = self.tasks.get(task)
        return found.flipped if found else frozenset()


def noise_between(before: Side, again: Side) -> Noise:
    """Cases whose composite differs between two runs of one model."""
    tasks = {}
    for task in (t.name for t in again.record.tasks if before.task_record(t.name)):
        required = common_required(before, again, task)
        cases = compare(before, again, task, required=required).cases
        flipped = frozenset(c.sample.case_id for c in cases if c.change in _FLIPS)
        kept = (*_FLIPS, Change.STILL_FAILING, Change.STILL_PASSING)
        judged = {c.sample.case_id for c in cases if c.change in kept}
        tasks[task] = TaskNoise(flipped, len(judged))
    return Noise(f"run {again.record.id} of the same model", tasks)


def flip_rate(before: Side, again: Side) -> float:
    """The largest share, over tasks, of cases whose composite differs between two runs of one model
    (A/A): the effect of batching alone. Of several answers to a case, in equivalents of cases."""
    return _largest(_flip_rates(before, again))


def batch_noise(first: Side, again: Side) -> BatchNoise:
    """The noise of a model, by its answers to some cases and its second answers to the same."""
    samples, seconds = ([*side.record.samples] for side in (first, again))
    changes = [
        (task.name, case)
        for task in first.record.tasks
        for case in compare(
            first, again, task.name, required=common_required(first, again, task.name)
        ).cases
    ]
    return BatchNoise(
        model=first.model,
        answers=len(seconds),
        errors=sum(s.completion.finish_reason is FinishReason.ERROR for s in seconds),
        rows=_rows(samples),
        rows_again=_rows(seconds),
        rates=tuple(_flip_rates(first, again)),
        flipped=tuple(found for task, case in changes if (found := _flipped(task, case))),
    )


def recorded_noise(side: Side) -> BatchNoise | None:
    """The noise that a run measured of its own model."""
    return next((found for found in side.record.noise if found.model == side.model), None)


def recorded_flip_rate(side: Side) -> float | None:
    """``flip_rate`` by a run's own second answers; ``None`` where there are none to judge."""
    found = recorded_noise(side)
    return _largest(found.rates) if found and found.rates else None


def noise_of_side(side: Side) -> Noise | None:
    """Cases that flip by a run's own second answers, else by its repeats."""
    found = recorded_noise(side)
    if found is None or not found.rates:
        return noise_of_repeats(side)
    flipped = [case for case in found.flipped if case.is_composite]
    tasks = {
        rate.task: TaskNoise(
            frozenset(case.case_id for case in flipped if case.task == rate.task), rate.cases
        )
        for rate in found.rates
        if rate.behavior == FORMAT_SUCCESS
    }
    return Noise(f"second answers of run {side.record.id} in other batches", tasks)


def _flip_rates(before: Side, again: Side) -> Iterator[FlipRate]:
    """The rates of each task that both have: the composite's, then each behavior's."""
    for task in (t.name for t in again.record.tasks if before.task_record(t.name)):
        required = common_required(before, again, task)
        cases = compare(before, again, task, required=required).cases
        names = dict.fromkeys(name for case in cases for name in case.behaviors)
        for behavior in (None, *names):
            pairs = pairs_of(cases, behavior)
            flipped = sum(flips_of(pairs.differences, pairs.repeats))
            interval = clopper_pearson(flipped, len(pairs.differences))
            if interval is not None:
                name = behavior or FORMAT_SUCCESS
                yield FlipRate(task, name, flipped, len(pairs.differences), (*interval,))


def _largest(rates: Iterable[FlipRate]) -> float:
    return max((r.rate for r in rates if r.behavior == FORMAT_SUCCESS), default=0.0)


def _flipped(task: str, case: CaseChange) -> FlippedCase | None:
    broke, fixed = (
        tuple(name for name, change in case.behaviors.items() if change is wanted)
        for wanted in _FLIPS
    )
    if not broke and not fixed:
        return None
    sample, is_composite = case.sample, case.change in _FLIPS
    return FlippedCase(task, sample.case_id, sample.repeat, broke, fixed, is_composite)


def _rows(samples: Sequence[Sample]) -> tuple[int, int] | None:
    rows = [s.completion.timing.batch_rows for s in samples if s.completion.timing]
    return (min(rows), max(rows)) if rows else None


def noise_of_repeats(side: Side) -> Noise | None:
    """Cases whose repeats in one run disagree; ``None`` where no case has repeats."""
    if not any(sample.repeat for sample in side.record.samples):
        return None
    tasks = {}
    for task in side.record.tasks:
        required = required_behaviors(side, task.name)
        outcomes: dict[str, list[Outcome | None]] = {}
        for (case_id, _, _), sample in side.samples(task.name).items():
            outcomes.setdefault(case_id, []).append(composite_outcome(sample.verdicts, required))
        judged = {
            name: set(found)
            for name, found in outcomes.items()
            if len(found) > 1 and set(found) <= {*JUDGED}
        }
        if judged:
            flipped = frozenset(name for name, found in judged.items() if len(found) > 1)
            tasks[task.name] = TaskNoise(flipped, len(judged))
    return Noise(f"the repeats of run {side.record.id}", tasks) if tasks else None


def flip_rate_of_repeats(side: Side) -> float | None:
    """The largest share, over tasks, of cases that flip between two runs, as the repeats of one run
    let expect; ``None`` where no case has repeats.

    Of a case with pass probability p, the K answers of two runs differ with a mean square of
    2 p (1 - p) / K; p (1 - p) is estimated without bias as x (K - x) / (K (K - 1)) of x passes.
    """
    shares = []
    for task in side.record.tasks:
        required = required_behaviors(side, task.name)
        cases = compare(side, side, task.name, required=required).cases
        found = [case for case in repeated(cases)[0] if case.repeats > 1]
        squares = [
            2 * c.passed * (c.repeats - c.passed) / (c.repeats**2 * (c.repeats - 1)) for c in found
        ]
        if squares:
            shares.append(sum(squares) / len(squares))
    return max(shares, default=None)
