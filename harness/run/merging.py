"""Joins the shards of a divided run: their answers are judged as if one session had them all.

Verdicts are not copied: a behavior over all completions was judged in no shard, and budgets are of
the whole. Times are pooled where all shards ran on equal processors, and else dropped.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from harness.core.completion import Completion, Timing
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request, failed
from harness.core.portable import command_line
from harness.core.record import ModelRecord, RunRecord, Sample, TimedAnswer
from harness.core.shard import MergedShard
from harness.engine.host import ModelHost
from harness.engine.local import GivenAnswers, LocalModel
from harness.engine.model import OnStep
from harness.records.runs import find_run, read_run
from harness.run.mergeable import device_kind, require_mergeable
from harness.run.plan import RunPlan
from harness.run.trained_cases import with_trained_warnings


@dataclass(frozen=True)
class MergedShards:
    """All shards of one run, by index."""

    runs: tuple[RunRecord, ...]

    @classmethod
    def read(cls, names: Iterable[str], report_dir: Path) -> "MergedShards":
        """Read the runs, each named as after ``harness report``.

        Raises:
            HarnessError: one cannot be read, or they are not all shards of one run, each once.
        """
        return cls(require_mergeable([read_run(find_run(name, report_dir)) for name in names]))

    @property
    def models(self) -> tuple[tuple[ModelRef, tuple[str, ...]], ...]:
        """Every model with the tasks that it answered."""
        tasks: dict[str, dict[str, None]] = {m.ref: {} for run in self.runs for m in run.models}
        for sample in self._samples.values():
            tasks[sample.model][sample.task] = None
        return tuple((ModelRef.parse(ref), tuple(own)) for ref, own in tasks.items())

    @property
    def unmeasured(self) -> str:
        """One line where latency and memory of the whole run are not known; else empty."""
        devices = {device_kind(m) for run in self.runs for m in run.models}
        processors = {repr(run.environment.get("cpu")) for run in self.runs}
        if len(self.runs) > 1 and devices != {"cpu"}:
            return "the shards' records do not name their GPUs or servers, which may be of any kind"
        if len(processors) > 1:
            return f"the shards ran on {len(processors)} kinds of processor"
        return ""

    def host(self) -> ModelHost:
        """A host whose models give the shards' answers."""
        return ModelHost(lambda ref: LocalModel(ref, partial(_MergedModel, ref, self)))

    def require_plan(self, plan: RunPlan, suites_sha256: str) -> None:
        """Check that this session judges what the shards answered.

        Raises:
            HarnessError: the plan or the suites are others.
        """
        shard = self.runs[0].shard
        assert shard is not None, "it was checked"
        if shard.suites_sha256 != suites_sha256:
            raise HarnessError(
                "the files of the suites are not those of the shards: merge in the same checkout"
            )
        asked = [(str(ref), r) for ref, own in plan.requests.items() for r in own]
        is_whole = all((ref, r.task, r.case_id, r.repeat) in self._samples for ref, r in asked)
        if plan.fingerprint != shard.plan_fingerprint or not is_whole:
            raise HarnessError(
                "the cases, prompts or decoding here are not those of the shards: merge in the "
                "same checkout, with the same selection"
            )

    def completed(self, record: RunRecord, plan: RunPlan) -> RunRecord:
        """The record of this session as that of the divided run: its machine, times and models."""
        first = self.runs[0]
        loads = [run.load for run in self.runs if run.load is not None]
        interleaved = [r.is_interleaved for r in self.runs if r.is_interleaved is not None]
        models = tuple(replace(self.described(m.ref), error=m.error) for m in record.models)
        return with_trained_warnings(
            replace(
                record,
                models=models,
                seconds=sum(run.seconds for run in self.runs),
                command=command_line("harness", ("run", "merge", *(r.id for r in self.runs))),
                environment=first.environment,
                timed=tuple(self._pooled()),
                is_interleaved=all(interleaved) if interleaved and not self.unmeasured else None,
                load=max(loads, key=lambda load: load.highest or 0.0, default=None),
                shards=tuple(map(_merged, self.runs)),
            ),
            plan,
        )

    def described(self, ref: str) -> ModelRecord:
        """A model over all shards: the highest of their peaks, and the time of all."""
        own = [m for run in self.runs for m in run.models if m.ref == ref]
        trained: dict[str, tuple[str, ...]] = {}
        for model in own:
            for task, cases in (model.trained_cases or {}).items():
                trained[task] = (*trained.get(task, ()), *cases)
        is_known = all(model.trained_cases is not None for model in own)
        return replace(
            own[0],
            load_seconds=_total(m.load_seconds for m in own),
            generate_seconds=_total(m.generate_seconds for m in own),
            peak_memory_mb=None if self.unmeasured else _highest(m.peak_memory_mb for m in own),
            warnings=tuple(w for w in own[0].warnings if all(w in m.warnings for m in own)),
            trained_cases=trained if is_known else None,
            attempt=None,
        )

    def answer(self, ref: ModelRef, request: Request) -> Completion:
        """The completion that a shard has; an error where its own was lost."""
        if request.timed:
            timed = self._timed.get((str(ref), request.task, request.case_id))
            return _timed(request, timed) if timed else failed(request, "was not timed")
        return self._samples[str(ref), request.task, request.case_id, request.repeat].completion

    @cached_property
    def _samples(self) -> Mapping[tuple[str, str, str, int], Sample]:
        every = (s for run in self.runs for s in run.samples)
        return {(s.model, s.task, s.case_id, s.repeat): s for s in every}

    @cached_property
    def _timed(self) -> Mapping[tuple[str, str, str], TimedAnswer]:
        return {(t.model, t.task, t.case_id): t for t in self._pooled()}

    def _pooled(self) -> Iterator[TimedAnswer]:
        """The timed answers, one shard after the other: neighbours were measured together."""
        every = [] if self.unmeasured else [t for run in self.runs for t in run.timed]
        for order, timed in enumerate(every):
            yield replace(timed, order=order)


class _MergedModel(GivenAnswers):
    """An ``OpenModel`` that gives the answers of all shards."""

    kind = "merged shards have"

    def __init__(self, ref: ModelRef, shards: MergedShards) -> None:
        self.ref = ref
        self.shards = shards

    def describe(self) -> ModelRecord:
        return self.shards.described(str(self.ref))

    def generate(self, batch: Sequence[Request], on_step: OnStep) -> list[Completion]:
        return [self.shards.answer(self.ref, request) for request in batch]


def _timed(request: Request, timed: TimedAnswer) -> Completion:
    return Completion(
        text="",
        case_id=request.case_id,
        token_ids=(0,) * timed.tokens,
        timing=Timing(timed.seconds, timed.first_token_seconds, batch_rows=1),
    )


def _merged(run: RunRecord) -> MergedShard:
    cpu = run.environment.get("cpu")
    devices = tuple(m.device or "" for m in run.models)
    return MergedShard(
        run.id, run.created, run.seconds, cpu if isinstance(cpu, dict) else {}, devices
    )


def _total(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _highest(values: Iterable[float | None]) -> float | None:
    found = list(values)
    return None if None in found else max(v for v in found if v is not None)
