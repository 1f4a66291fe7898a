"""The subject of a report: one or two runs, and the pair of models that is compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.core.errors import HarnessError
from harness.core.record import RunRecord
from harness.core.review import ReviewedAnswer
from harness.gate.compare import Comparison, Side, compare_all
from harness.gate.copies import holds_copies
from harness.gate.decision import GateDecision, decide
from harness.gate.log_decision import LogDecision
from harness.gate.noise import Noise, flip_rate, noise_between, noise_of_side
from harness.gate.policy import GatePolicy
from harness.model_files.training_record import Training
from harness.parity.values import Parity


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a format renders: each format is a function of this value alone."""

    runs: tuple[RunRecord, ...]
    """One, or two of which the first is before."""
    before: Side | None
    """``None`` where one model is all there is."""
    after: Side
    comparisons: tuple[Comparison, ...]
    """One per task; none without a side before."""
    decision: GateDecision | None = None
    """The gate's decision on the pair, where it was asked."""
    noise: Noise | None = None
    """The cases that flip with nothing changed, where a model was asked twice."""
    history: tuple[RunRecord, ...] = ()
    """Other stored runs, without their samples."""
    trainings: Mapping[tuple[str, str], Training] = field(default_factory=dict)
    """The trainings of adapters, by run id and ``ModelRecord.ref``."""
    experiment: LogDecision | None = None
    """The gate's decision on the log of an experiment, whose arms are the pair."""
    notes: tuple[str, ...] = ()
    """Lines about what the report could not have."""
    review: tuple[ReviewedAnswer, ...] = ()
    """A person's verdicts on answers."""
    parity: Parity | None = None
    """Each model of the last run compared with the one it was made from, where measured."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """Every model of every run, in the order of the runs; the pair is among them."""
        return tuple(Side(run, model.ref) for run in self.runs for model in run.models)

    def place(self, side: Side) -> int:
        """The index of a side in ``sides``, found without comparing records value by value.

        Of a run that is compared with itself, before is the first index and after the last.
        """
        found = enumerate(self.sides)
        same = [i for i, s in found if s.record is side.record and s.model == side.model]
        return same[-1 if side is self.after else 0]

    @property
    def pair(self) -> tuple[Side, ...]:
        """The sides before and after, or the side after alone."""
        return (self.after,) if self.before is None else (self.before, self.after)

    @property
    def name(self) -> str:
        """The ids of the runs, as a file name."""
        return "..".join(run.id for run in self.runs)


def with_pair(report: Report, before: Side, after: Side) -> Report:
    """The same runs with another pair, judged by the same policy."""
    decision = report.decision and decide(before, after, report.decision.policy)
    judged = tuple(task.comparison for task in decision.tasks) if decision else ()
    comparisons = judged or compare_all(before, after)
    is_same = report.before is not None and before.record is report.before.record
    return replace(
        report,
        before=before,
        after=after,
        comparisons=comparisons,
        decision=decision,
        experiment=report.experiment if is_same and after.record is report.after.record else None,
    )


def with_noise(report: Report, again: RunRecord) -> Report:
    """The report with the flips between the side before and another run of the same model, which
    the gate, where it was asked, takes for noise.

    Raises:
        HarnessError: there is no pair, or the run records no model or none of the same cases.
    """
    if report.before is None:
        raise HarnessError(f"--noise: run {report.after.record.id} is not compared with another")
    refs = [m.ref for m in again.models]
    if not refs:
        raise HarnessError(f"--noise: run {again.id} records no model")
    side = Side(again, report.before.model if report.before.model in refs else refs[-1])
    if holds_copies(report.before, side):
        raise HarnessError(
            f"--noise: run {again.id} took answers of run {report.before.record.id} from the "
            "store, which cannot flip: make one with --fresh"
        )
    noise = noise_between(report.before, side)
    if not any(task.judged for task in noise.tasks.values()):
        raise HarnessError(
            f"--noise: run {again.id} judged none of the cases that {report.before.model} was "
            f"asked in run {report.before.record.id}: name a run of that model on the same cases"
        )
    found = replace(report, noise=noise)
    if report.decision is None:
        return found
    policy = report.decision.policy
    floor = max(policy.noise_floor, flip_rate(report.before, side))
    judged = decide(report.before, report.after, policy.model_copy(update={"noise_floor": floor}))
    return replace(found, decision=judged)


def with_decision(report: Report, decision: GateDecision) -> Report:
    """The report with a decision against another side before, whose run takes the first's place."""
    if decision.before is report.before:
        return replace(report, decision=decision)
    return replace(
        report,
        runs=(decision.before.record, *report.runs[1:]),
        before=decision.before,
        comparisons=compare_all(decision.before, decision.after),
        decision=decision,
    )


def report_on(
    *runs: RunRecord,
    before: str | None = None,
    after: str | None = None,
    policy: GatePolicy | None = None,
) -> Report:
    """The report on a pair: the first and the last model of the only run, or each run's last.

    Args:
        runs: one, or two of which the first is before.
        before: the ref or name of another model for the side before.
        after: the ref or name of another model for the side after.
        policy: the gate's; without one, the gate is not asked.

    Raises:
        HarnessError: a run has no models, or none of that name.
    """
    first, last = runs[0], runs[-1]
    candidate = _side(last, after, -1)
    baseline = None
    if len(runs) > 1:
        baseline = _side(first, before, -1)
    elif before is not None or len(first.models) > 1:
        baseline = _side(first, before, 0)
    decision = decide(baseline, candidate, policy) if baseline and policy else None
    compared = compare_all(baseline, candidate, _compared(decision)) if baseline else ()
    noise = noise_of_side(baseline or candidate)
    return Report(runs, baseline, candidate, compared, decision, noise)


def _compared(decision: GateDecision | None) -> tuple[Comparison, ...]:
    """The comparisons that a decision was made by, where their cases are paired by prompt."""
    if decision is None or "prompts" in decision.policy.allow:
        return ()
    return tuple(task.comparison for task in decision.tasks)


def _side(run: RunRecord, wanted: str | None, position: int) -> Side:
    if not run.models:
        raise HarnessError(f"run {run.id}: it records no model, so there is nothing to report on")
    if wanted is None:
        return Side(run, run.models[position].ref)
    found = [m.ref for m in run.models if wanted in (m.ref, m.name)]
    if len(found) != 1:
        known = ", ".join(m.ref for m in run.models)
        what = "is ambiguous in" if found else "is not in"
        raise HarnessError(f"model {wanted!r} {what} run {run.id}, name one of: {known}")
    return Side(run, found[0])
