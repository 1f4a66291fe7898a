"""Finds cases whose outcome flips between runs or repeats of one model (A/A)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.core.verdict import JUDGED, Outcome
from harness.gate.comparable import common_required
from harness.gate.compare import Change, Side, compare, composite_outcome, required_behaviors
from harness.gate.evidence import repeated

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
        found = [case for case in repeated(cases, required)[0] if case.repeats > 1]
        squares = [
            2 * c.passed * (c.repeats - c.passed) / (c.repeats**2 * (c.repeats - 1)) for c in found
        ]
        if squares:
            shares.append(sum(squares) / len(squares))
    return max(shares, default=None)
