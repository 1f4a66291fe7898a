"""The report as lm-evaluation-harness writes its results: for each model a folder with
``results_TIME.json`` and, for each task, ``samples_TASK_TIME.jsonl``.

Each behavior is a metric, beside ``format_success_rate``. An answer that is an error has no place
in these files and is left out. ``finish_reasons`` is a field of our own, which ``harness judge``
reads.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from math import sqrt

from harness import __version__
from harness.core.case import JsonValue
from harness.core.completion import FinishReason
from harness.core.composite import composite
from harness.core.errors import HarnessError
from harness.core.record import FORMAT_SUCCESS, BehaviorResult, Sample, TaskRecord
from harness.core.verdict import JUDGED, Outcome
from harness.gate.compare import Side
from harness.report.report import Report
from harness.report.words import numbers as words

FILTER = "none"
_HASHED = ("doc", "prompt", "target")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\"<>:/|\\?*\[\]]+")
"""Characters that lm-evaluation-harness replaces in a model's name, and those that no name has."""
MAX_NAME = 120
"""Bytes of a model's or a task's name that stand in a file's, which has 255."""


def files(report: Report) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Names below the folder, and contents in parts; each is to be read before the next."""
    models: dict[str, str] = {}
    for side in report.sides:
        folder, time = _file_name(side.model), _time(side)
        if models.setdefault(folder, side.model) != side.model:  # "a:b" beside "a/b"
            folder = f"{_short_hash(side.model)}_{folder}"
        hashes: dict[str, JsonValue] = {}
        for task in side.record.tasks:
            name = f"{folder}/samples_{_file_name(task.name)}_{time}.jsonl"
            yield name, _sample_lines(side, task, hashes)
        results = json.dumps({**_results(side), "task_hashes": hashes}, indent=2)
        yield f"{folder}/results_{time}.json", [f"{results}\n".encode()]


def _sample_lines(side: Side, task: TaskRecord, hashes: dict[str, JsonValue]) -> Iterator[bytes]:
    """The task's lines; after the last, its hash is put into ``hashes``."""
    joined = hashlib.sha256()
    for sample in _samples(side, task):
        joined.update("".join(str(sample[f"{part}_hash"]) for part in _HASHED).encode())
        yield f"{json.dumps(sample)}\n".encode()
    hashes[task.name] = joined.hexdigest()


def remarks(report: Report) -> Iterator[str]:
    """Lines on the answers that the files do not hold."""
    for side in report.sides:
        samples = [s for s in side.record.samples if s.model == side.model]
        if errors := sum(_is_error(sample) for sample in samples):
            answers = words.plural(errors, "answer")
            yield f"{side.model}: {answers} left out: the form has no place for an error"


def _file_name(text: str) -> str:
    """A name of a model or a task as lm-evaluation-harness writes it, which leads nowhere else. Of
    a long one the end stands there, and its hash."""
    name = _UNSAFE.sub("__", text)
    name = f"_{name}" if name.startswith(".") else name
    if len(name.encode()) <= MAX_NAME:
        return name
    kept = name.encode()[-MAX_NAME + 13 :].decode("utf-8", "ignore")
    return f"{_short_hash(text)}_{kept}"


def _short_hash(text: str) -> str:
    return _hash(text)[:12]


def _time(side: Side) -> str:
    """The time of the run (UTC) as file names have it: what follows the last underscore."""
    return _created(side).replace(tzinfo=None).isoformat().replace(":", "-")


def _created(side: Side) -> datetime:
    try:
        return datetime.fromisoformat(side.record.created).astimezone(UTC)
    except (ValueError, OverflowError):
        raise HarnessError(
            f"run {side.record.id}: created is no time, restore its run.json"
        ) from None


def _samples(side: Side, task: TaskRecord) -> Iterator[dict[str, JsonValue]]:
    """One sample for each case that was answered, with all answers to it."""
    by_case: dict[str, list[Sample]] = {}
    for sample in side.record.samples:
        if sample.model == side.model and sample.task == task.name:
            by_case.setdefault(sample.case_id, []).append(sample)
    for number, samples in enumerate(by_case.values()):
        answered = [sample for sample in samples if not _is_error(sample)]
        if answered:
            yield _sample(number, answered, task)


def _is_error(sample: Sample) -> bool:
    return sample.completion.finish_reason is FinishReason.ERROR


def _sample(number: int, answers: Sequence[Sample], task: TaskRecord) -> dict[str, JsonValue]:
    """One row: ``answers`` to one case, of which the first is the filtered one."""
    first = answers[0]
    target = _target(first.reference)
    messages: JsonValue = [{"role": m.role, "content": m.content} for m in first.messages]
    prompt = json.dumps(messages, ensure_ascii=False)
    doc: dict[str, JsonValue] = {
        "id": first.case_id,
        "messages": messages,
        "reference": target,
        "template": first.template,
        "tags": list(first.tags),
    }
    metrics = _metrics(answers, task)
    return {
        "doc_id": number,
        "doc": doc,
        "target": target,
        "arguments": {"gen_args_0": {"arg_0": [prompt], "arg_1": _decoding(task)}},
        "resps": [[answer.completion.text for answer in answers]],
        "filtered_resps": [first.completion.text],
        "filter": FILTER,
        "metrics": list(metrics),
        "doc_hash": _hash(json.dumps(doc, indent=2, ensure_ascii=False)),
        "prompt_hash": _hash(prompt),
        "target_hash": _hash(target),
        "finish_reasons": [answer.completion.finish_reason.value for answer in answers],
        **metrics,
    }


def _target(reference: JsonValue) -> str:
    if reference is None:
        return ""
    return reference if isinstance(reference, str) else json.dumps(reference, ensure_ascii=False)


def _decoding(task: TaskRecord) -> JsonValue:
    """Decoding parameters in the words of lm-evaluation-harness."""
    sampling = asdict(task.sampling)
    tokens = sampling.pop("max_new_tokens")
    return {
        "until": [],
        "max_gen_toks": tokens,
        "do_sample": sampling["temperature"] > 0,
    } | sampling


def _metrics(answers: Sequence[Sample], task: TaskRecord) -> dict[str, JsonValue]:
    """The mean over a case's judged answers, by behavior: 1.0 is passed."""
    outcomes: dict[str, list[Outcome]] = {}
    for answer in answers:
        found = composite(answer.verdicts, task.required)
        named = {FORMAT_SUCCESS: found, **answer.verdicts} if found else answer.verdicts
        for name, verdict in named.items():
            if verdict.outcome in JUDGED:
                outcomes.setdefault(name, []).append(verdict.outcome)
    return {name: found.count(Outcome.PASSED) / len(found) for name, found in outcomes.items()}


def _results(side: Side) -> dict[str, JsonValue]:
    record, model = side.record, side.model_record
    tasks = record.tasks
    git = record.environment.get("git")
    return {
        "results": {task.name: _task_results(side, task) for task in tasks},
        "group_subtasks": {},
        "configs": {task.name: _config(task) for task in tasks},
        "versions": {task.name: task.cases_sha256[:12] for task in tasks},
        "n-shot": {task.name: 0 for task in tasks},
        "higher_is_better": {
            task.name: {result.behavior: True for result in _rated(side, task)} for task in tasks
        },
        "n-samples": {
            task.name: {"original": task.cases, "effective": _answered(side, task)}
            for task in tasks
        },
        "config": {
            "model": side.model.partition(":")[0],
            "model_args": side.model.partition(":")[2],
            "model_num_parameters": model.parameters if model else None,
            "model_dtype": model.dtype if model else None,
            "model_sha": (model.weights_sha256 if model else None) or "",
            "batch_size": None,
            "device": model.device if model else None,
            "limit": None,
        },
        "git_hash": git.get("commit") if isinstance(git, dict) else None,
        "date": _created(side).timestamp(),
        "slm_harness_version": __version__,
        "model_source": side.model.partition(":")[0],
        "model_name": side.model,
        "model_name_sanitized": _file_name(side.model),
        "system_instruction": None,
        "system_instruction_sha": None,
        "fewshot_as_multiturn": False,
        "chat_template": None,
        "chat_template_sha": model.chat_template_sha256 if model else None,
        "total_evaluation_time_seconds": str(record.seconds),
    }


def _config(task: TaskRecord) -> JsonValue:
    return {
        "task": task.name,
        "description": task.description,
        "output_type": "generate_until",
        "repeats": task.repeats,
        "generation_kwargs": _decoding(task),
        "num_fewshot": 0,
    }


def _answered(side: Side, task: TaskRecord) -> int:
    own = (s for s in side.record.samples if s.model == side.model and s.task == task.name)
    return len({sample.case_id for sample in own if not _is_error(sample)})


def _rated(side: Side, task: TaskRecord) -> Iterator[BehaviorResult]:
    """The results that are rates."""
    for result in side.record.results:
        if (result.model, result.task) == (side.model, task.name) and result.rate is not None:
            yield result


def _task_results(side: Side, task: TaskRecord) -> JsonValue:
    found: dict[str, JsonValue] = {
        "name": task.name,
        "alias": task.name,
        "sample_len": _answered(side, task),
    }
    for result in _rated(side, task):
        found[f"{result.behavior},{FILTER}"] = result.rate
        found[f"{result.behavior}_stderr,{FILTER}"] = _standard_error(result)
    return found


def _standard_error(result: BehaviorResult) -> JsonValue:
    """The standard error of a mean of ones and zeros, with ``n - 1`` as lm-evaluation-harness has
    it. "N/A", its word, where cases were answered several times."""
    judged = result.passed + result.failed
    if result.rate is None or judged < 2 or result.repeats > 1:
        return "N/A"
    return sqrt(result.rate * (1 - result.rate) / (judged - 1))


def _hash(text: str) -> str:
    """As lm-evaluation-harness hashes; half a character cannot be, and counts as its escape."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
