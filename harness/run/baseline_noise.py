"""Measures how many cases of a run flip by themselves: by a run of the same weights on the same
plan, by the run's second answers or repeats, or by asking the model once more in other batches."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness import backends
from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.record import ModelRecord, RunRecord, Sample
from harness.engine.events import Answered
from harness.engine.model import EngineSettings
from harness.gate.compare import Side
from harness.gate.copies import holds_copies
from harness.gate.noise import flip_rate, flip_rate_of_repeats, recorded_flip_rate
from harness.model_files.hub import local_copy
from harness.records.attempts import runs_again
from harness.records.baseline_file import MeasuredNoise
from harness.records.runs import read_run
from harness.tasks.generate.stored import case_of_sample
from harness.tasks.judging import judge_answer
from harness.tasks.kept import task_folder
from harness.tasks.task import Task, load_task

OWN = "its second answers in other batches"
"""Source of the noise that a run measured itself."""
BATCH_TOKENS = 1_024
"""Few answers at once, where a run has as many as memory holds."""


def noise_of_record(record: RunRecord, refs: Sequence[str], runs: Path) -> MeasuredNoise | None:
    """The noise by the run's second answers, by another run in the folder ``runs`` that generated
    its answers, or by the run's repeats; ``None`` where there is none of them.

    Raises:
        HarnessError: the other run is damaged.
    """
    own = {ref: rate for ref in refs if (rate := recorded_flip_rate(Side(record, ref))) is not None}
    if own.keys() == {*refs}:
        return MeasuredNoise(OWN, own)
    for other in runs_again(record, refs, runs):
        again = read_run(runs / other)
        sides = {ref: (Side(record, ref), _same(record, ref, again)) for ref in refs}
        if any(holds_copies(*pair) for pair in sides.values()):
            continue
        rates = {ref: flip_rate(*pair) for ref, pair in sides.items()}
        return MeasuredNoise(f"run {other} of the same weights", rates)
    repeats = {ref: flip_rate_of_repeats(Side(record, ref)) for ref in refs}
    known = {ref: rate for ref, rate in repeats.items() if rate is not None}
    return MeasuredNoise("its repeats", known) if known else None


def noise_again(record: RunRecord, refs: Sequence[str], tasks_dir: Path) -> MeasuredNoise:
    """The noise by asking the models once more, in other batches and without the network.

    Raises:
        HarnessError: as ``flip_rate_again``.
    """
    rates = {ref: flip_rate_again(record, ref, tasks_dir) for ref in refs}
    return MeasuredNoise(f"asking again in batches of {BATCH_TOKENS:,} tokens", rates)


def _same(record: RunRecord, ref: str, again: RunRecord) -> Side:
    """The model of another run that has the weights of ``ref``."""
    weights = next(m.weights_sha256 for m in record.models if m.ref == ref)
    return Side(again, next(m.ref for m in again.models if m.weights_sha256 == weights))


def flip_rate_again(record: RunRecord, ref: str, tasks_dir: Path) -> float:
    """The largest share, over tasks, of cases whose outcome by the task's checks differs between
    the run's answers and those of the same weights asked again, without the network.

    Raises:
        HarnessError: the model or a task is not there, or the model has other weights by now.
    """
    known = next(m for m in record.models if m.ref == ref)
    samples = [s for s in record.samples if s.model == ref]
    tasks = {name: load_task(task_folder(tasks_dir, name)) for name in {s.task for s in samples}}
    answers = _asked(record, known, samples)
    before = [_judged(s, s.completion, tasks[s.task]) for s in samples]
    again = [_judged(s, a, tasks[s.task]) for s, a in zip(samples, answers, strict=True)]
    sides = (Side(replace(record, samples=tuple(own)), ref) for own in (before, again))
    return flip_rate(*sides)


def _asked(record: RunRecord, known: ModelRecord, samples: list[Sample]) -> list[Completion]:
    ref = ModelRef.parse(known.ref)
    if known.is_served:
        raise HarnessError(f"{ref}: is served, so nothing says that its weights are the same")
    for location in filter(None, (ref.location, known.base)):
        if not Path(location).exists() and local_copy(location) is None:
            raise HarnessError(f"{location}: is not on this machine")
    settings = EngineSettings(known.dtype, batch_tokens=BATCH_TOKENS, quantize=known.quantization)
    backends.preflight(ref, settings)
    tasks = {t.name: t for t in record.tasks}
    requests = [tasks[s.task].request(s) for s in samples]
    model = backends.connect(ref, settings)
    try:
        events = model.events(requests)
        found = {e.request.key: e.completion for e in events if isinstance(e, Answered)}
    finally:
        model.close()
    if model.model is None or model.model.weights_sha256 != known.weights_sha256:
        raise HarnessError(f"{ref}: has other weights by now")
    return [found[r.key] for r in requests]


def _judged(sample: Sample, completion: Completion, task: Task) -> Sample:
    verdicts = judge_answer(case_of_sample(sample), completion, task)
    return replace(sample, completion=completion, verdicts=verdicts)
