"""The line of an experiment's log that one request becomes."""

from datetime import UTC, datetime
from functools import lru_cache

from harness import __version__
from harness.ab.entry import LogEntry
from harness.ab.experiment import Arm, Experiment
from harness.core.plan import sha256_of
from harness.core.record import ModelRecord
from harness.serve.app import Server
from harness.serve.guard import Entry
from harness.tasks.task import Task

TASK_PARTS = {"system", "prompt", "output", "sampling", "template"}
"""Parts of ``task.yaml`` that answers or verdicts depend on."""


def log_entry(
    experiment: Experiment,
    arm: Arm,
    server: Server,
    entry: Entry,
    *,
    key: str | None,
    came: float,
    has_texts: bool,
) -> LogEntry:
    """The line of a request that the arm was asked.

    Args:
        experiment: the arm's.
        arm: which was drawn.
        server: the arm's.
        entry: the request, once its response has ended.
        key: hash of the sticky key.
        came: time of the request, in seconds of the epoch.
        has_texts: prompt and answer are part of the line.
    """
    request, completion, judged = entry.request, entry.completion, entry.judged
    assert request is not None, "the arm was asked"
    is_task = entry.path.startswith("/v1/tasks/")
    task = server.tasks[request.task].task if is_task else None
    model = server.batching.model
    return LogEntry(
        time=f"{datetime.fromtimestamp(came, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
        id=entry.id,
        experiment=experiment.name,
        split=experiment.split,
        arm=arm,
        model=str(experiment.ref(arm)),
        weights=model.weights_sha256 if model else None,
        identity=_identity(model),
        key=key,
        status=entry.status,
        seconds=round(entry.seconds, 4),
        task=task.name if task else "",
        task_sha256=_task_hash(task) if task else "",
        required=task.required if task else (),
        policy=entry.policy,
        prompt_tokens=completion.prompt_tokens if completion else 0,
        completion_tokens=len(completion.token_ids) if completion else 0,
        finish_reason=completion.finish_reason.value if completion else None,
        attempts=judged.attempts if judged else request.repeat + 1,
        is_repaired=judged.repaired if judged else False,
        error=entry.more.get("error", "") if completion is None else "",
        verdicts=judged.verdicts if judged else {},
        messages=request.messages if has_texts else None,
        text=(completion.text if completion else "") if has_texts else None,
    )


def _identity(model: ModelRecord | None) -> str:
    """Hash of what answers depend on beside the weights."""
    if model is None:
        return ""
    parts = (model.base_sha256, model.tokenizer_sha256, model.chat_template_sha256)
    return sha256_of([*parts, model.dtype, model.quantization])[:16]


@lru_cache(maxsize=64)
def _task_hash(task: Task) -> str:
    """Hash of what a task's answers and verdicts depend on; the checks are this version's."""
    written = task.file.model_dump(mode="json", include=TASK_PARTS)
    return sha256_of([written, task.schema_sha256, task.required, __version__])[:16]
