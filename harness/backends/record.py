"""``record:RUN[+model=REF]``: replays the completions of a stored run, without any model.

``RUN`` is a run's folder or the id of one under ``reports/runs``. A run of several models needs
``+model=`` to say which. A session asks it the cases that it answered and no others, so that what
an interrupted run has can be judged. A request that the run did not answer, or answered under
another prompt or other decoding, comes back as an error.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request, failed
from harness.core.record import ModelRecord, RunRecord, Sample
from harness.core.suggestion import did_you_mean
from harness.engine.local import GivenAnswers, LocalModel
from harness.engine.model import AnsweredCases, EngineSettings, OnStep, OpenModel
from harness.files.hash_memory import Stamp
from harness.model_files.fingerprint import stamp_of
from harness.model_files.folders import check_options
from harness.records.runs import SAMPLES_FILE, find_run, read_run, record_file


def preflight(ref: ModelRef, settings: EngineSettings) -> None:
    check_options(ref, "model")
    if settings.quantize is not None:
        raise HarnessError(
            f"--model {ref}: --quantize {settings.quantize}: a stored run's answers are what they "
            "are, name the model itself"
        )
    _open(ref)


def answered_cases(ref: ModelRef) -> AnsweredCases:
    return _answered(*_open(ref))


def connect(ref: ModelRef, settings: EngineSettings) -> LocalModel:
    """A stored run, which answers in this process, since it cannot crash or hang."""
    return LocalModel(ref, partial(open_model, ref, settings))


def open_model(ref: ModelRef, settings: EngineSettings) -> OpenModel:
    run, model = _open(ref)
    return Replay(ref, run, model)


class Replay(GivenAnswers):
    """Replays the completions of one model of one run."""

    kind = "a stored run has"

    def __init__(self, ref: ModelRef, run: RunRecord, model: ModelRecord) -> None:
        self.ref = ref
        self.model = model
        self.tasks = {task.name: task for task in run.tasks}
        self.answered = _answered(run, model)
        self.samples: dict[tuple[str, str, int], Sample] = {
            (s.task, s.case_id, s.repeat): s for s in run.samples if s.model == model.ref
        }

    def describe(self) -> ModelRecord:
        """The recorded model without its measurements, which a replay does not have, and with a
        warning where its run was ended early."""
        return replace(
            self.model,
            ref=str(self.ref),
            kind=self.ref.kind,
            is_measurable=False,
            load_seconds=None,
            generate_seconds=None,
            peak_memory_mb=None,
            warnings=() if self.answered.is_whole else tuple(self._lacking()),
        )

    def _lacking(self) -> Iterator[str]:
        for name, task in self.tasks.items():
            has = len(self.answered.by_task.get(name, ()))
            if 0 < has < task.cases:
                yield f"its run was ended early and has {has:,} of {task.cases:,} cases of {name}"

    def generate(self, batch: Sequence[Request], on_step: OnStep) -> list[Completion]:
        return [self._answer(request) for request in batch]

    def _answer(self, request: Request) -> Completion:
        sample = self.samples.get((request.task, request.case_id, request.repeat))
        if request.timed or sample is None:
            return failed(request, "the stored run has no completion for this case")
        if sample.prompt_sha256 != request.prompt_sha256:
            return failed(request, "the stored run answered another prompt under this case's id")
        asked = self.tasks[request.task].request(sample)
        if (asked.sampling, asked.grammar) != (request.sampling, request.grammar):
            return failed(request, "the stored run was decoded in another way")
        return sample.completion


def _open(ref: ModelRef) -> tuple[RunRecord, ModelRecord]:
    try:
        run = _read(find_run(ref.location))
    except HarnessError as error:
        raise HarnessError(*(f"--model {ref}: {m}" for m in error.mistakes)) from None
    if run.status == "partial" and not run.samples:
        raise HarnessError(
            f"--model {ref}: the session was killed before it wrote its answers, which are in the "
            "store: run its command again"
        )
    models = {model.ref: model for model in run.models}
    wanted = ref.option("model")
    if wanted is None and len(models) == 1:
        return run, run.models[0]
    if wanted is None:
        raise HarnessError(
            f"--model {ref}: the run has {len(models)} models, add +model= with one of: "
            + ", ".join(models)
        )
    if wanted not in models:
        hint = did_you_mean(wanted, models, f"there are: {', '.join(models)}")
        raise HarnessError(f"--model {ref}: the run has no model {wanted!r}, {hint}")
    return run, models[wanted]


def _read(path: Path) -> RunRecord:
    """The run, which is read once as long as its files stay the same: it is asked what it has, then
    whether it can be opened, then for its answers."""
    folder = path if path.is_dir() else path.parent
    files = (path, record_file(folder), folder / SAMPLES_FILE)
    return _read_once(path.resolve(), tuple(map(stamp_of, files)))


@lru_cache(maxsize=2)
def _read_once(path: Path, stamps: tuple[Stamp | None, ...]) -> RunRecord:
    return read_run(path)


def _answered(run: RunRecord, model: ModelRecord) -> AnsweredCases:
    by_task: dict[str, set[str]] = {}
    for sample in run.samples:
        if sample.model == model.ref:
            by_task.setdefault(sample.task, set()).add(sample.case_id)
    is_stopped = model.early_stop is not None and model.early_stop.is_stopped
    lacks = any(0 < len(by_task.get(task.name, ())) < task.cases for task in run.tasks)
    is_whole = run.status == "complete" and run.shard is None and not (is_stopped or lacks)
    return AnsweredCases({task: frozenset(ids) for task, ids in by_task.items()}, is_whole)
