"""The format of a baseline's file: its values, how they are written, and how they are checked.

It is read as hostile input. ``harness.records.baselines`` knows names and folders.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.core.completion import Completion, FinishReason
from harness.core.errors import HarnessError
from harness.core.grade import Grade
from harness.core.record import RunRecord, Sample, TimedAnswer
from harness.core.verdict import FailureCode, Outcome, Verdict
from harness.files.strict_json import damaged, mistake, parse_json, validator
from harness.records.runs import strangers

VERSION = 1

_DROPPED = ("samples", "command", "counterexamples", "timed")


@dataclass(frozen=True, slots=True)
class BaselineLine:
    """One answer, on a line of its own, so that git shows a change of it as one line."""

    model: str
    task: str
    case: str
    prompt: str
    """SHA-256 of the conversation."""
    text: str
    """SHA-256 of the completion's text in UTF-8, with lone surrogates escaped."""
    finish: FinishReason
    repeat: int = 0
    template: str = ""
    tags: tuple[str, ...] = ()
    must_pass: bool = False
    not_passed: Mapping[str, str] = field(default_factory=dict)
    """By behavior: ``failed syntax``, ``skipped``, ``error backend_error``, or ``missing`` where
    this answer was not judged. Every other judged behavior passed."""
    grades: Mapping[str, Grade] = field(default_factory=dict)
    """By behavior, where answers are graded."""
    weight: float | None = None
    """The case's weight, where it is not 1."""
    completion: str | None = None
    """The text; ``None`` in a baseline without texts."""


@dataclass(frozen=True, slots=True)
class MeasuredNoise:
    """The cases of a baseline's models that flip without any change."""

    source: str
    """``run 2026...``, where the same weights answered the same plan again."""
    flip_rates: Mapping[str, float]
    """Share of cases by model ref: of the task with the largest."""


@dataclass(frozen=True, slots=True)
class BaselineFile:
    """The whole file."""

    baseline_version: int
    name: str
    saved: str
    """UTC, RFC 3339."""
    texts: bool
    """The file holds the completions' texts."""
    run: RunRecord
    """The run that it was made from, without ``samples`` and ``timed``."""
    judged: Mapping[str, tuple[str, ...]]
    """The behaviors that judged answers, by task."""
    samples: tuple[BaselineLine, ...] = ()
    timed: tuple[TimedAnswer, ...] = ()
    noise: MeasuredNoise | None = None
    is_first: bool = True
    """False where the user insisted on a run that is not the first of its weights."""


def parse(content: bytes, path: Path) -> tuple[BaselineFile, RunRecord]:
    """The file's values, each checked, and the record that can be compared.

    Raises:
        HarnessError: the file is damaged, or no baseline.
    """
    values = parse_json(content, path)
    if not isinstance(values, dict) or "baseline_version" not in values:
        raise HarnessError(f"{path}:1: no baseline_version, so this is no baseline: name another")
    if values["baseline_version"] != VERSION:
        raise HarnessError(
            f"{path}: baseline_version {values['baseline_version']!r:.40} is unknown, this harness "
            f"reads {VERSION}: use the harness that wrote it, or save it again"
        )
    try:
        file = _validate()(values)
        samples = tuple(_sample(line, file.judged.get(line.task, ())) for line in file.samples)
        _require_unique(samples)
        _require_shares(file.noise)
        if wrong := strangers(file.run, samples):
            raise ValueError(wrong[0])
    except ValidationError as error:
        raise damaged([f"{path}: {mistake(e)}" for e in error.errors()]) from None
    except ValueError as error:
        raise damaged([f"{path}: {error}"]) from None
    return file, replace(file.run, samples=samples, timed=file.timed)


def digest(text: str) -> str:
    """SHA-256 of a completion's text, in hex."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def text_of(
    name: str, record: RunRecord, has_texts: bool, more: Mapping[str, Any]
) -> Iterable[str]:
    """The file of a record, in parts.

    Args:
        name: the baseline's.
        record: what is kept of the run.
        has_texts: keep the completions' texts.
        more: the fields ``noise`` and ``is_first``.
    """
    judged = _judged(record.samples)
    head: dict[str, Any] = {
        "baseline_version": VERSION,
        "name": name,
        "saved": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "texts": has_texts,
        **more,
        "run": {k: v for k, v in asdict(replace(record, samples=())).items() if k not in _DROPPED},
        "judged": judged,
    }
    yield json.dumps(head, indent=1, allow_nan=False).removesuffix("\n}")
    yield from _listed("samples", (_line(s, judged[s.task], has_texts) for s in record.samples))
    yield from _listed("timed", map(asdict, record.timed))
    yield "\n}\n"


def _listed(name: str, values: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """One more member of the file: a list with one value a line."""
    yield f',\n "{name}": [\n'
    yield ",\n".join(json.dumps(v, separators=(",", ":"), allow_nan=False) for v in values)
    yield "\n ]"


def _judged(samples: Iterable[Sample]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for sample in samples:
        found.setdefault(sample.task, {}).update(dict.fromkeys(sample.verdicts))
    return {task: list(names) for task, names in found.items()}


def _line(sample: Sample, judged: Iterable[str], has_texts: bool) -> dict[str, Any]:
    text = sample.completion.text
    line = BaselineLine(
        model=sample.model,
        task=sample.task,
        case=sample.case_id,
        prompt=sample.prompt_sha256,
        text=digest(text),
        finish=sample.completion.finish_reason,
        repeat=sample.repeat,
        template=sample.template,
        tags=sample.tags,
        must_pass=sample.must_pass,
        not_passed={
            name: status
            for name in judged
            if (status := _status(sample.verdicts.get(name))) != "passed"
        },
        grades={name: v.grade for name, v in sample.verdicts.items() if v.grade},
        weight=None if sample.weight == 1 else sample.weight,
        completion=text if has_texts else None,
    )
    return {k: v for k, v in asdict(line).items() if v or k in ("case", "text")}


def _status(verdict: Verdict | None) -> str:
    if verdict is None:
        return "missing"
    return f"{verdict.outcome.value} {verdict.code.value if verdict.code else ''}".rstrip()


def _sample(line: BaselineLine, judged: tuple[str, ...]) -> Sample:
    unknown = set(line.not_passed) - set(judged)
    if unknown:
        raise ValueError(f"case {line.case}: {min(unknown)!r} is not among the judged behaviors")
    if line.completion is not None and digest(line.completion) != line.text:
        raise ValueError(f"case {line.case}: the text is not the one that was digested")
    verdicts = {
        name: _verdict(line.not_passed.get(name, "passed"), line.grades.get(name))
        for name in judged
        if line.not_passed.get(name) != "missing"
    }
    error = "the backend failed" if line.finish is FinishReason.ERROR else None
    return Sample(
        model=line.model,
        task=line.task,
        case_id=line.case,
        prompt_sha256=line.prompt,
        messages=(),
        completion=Completion(
            line.completion or "", line.finish, line.case, line.repeat, error=error
        ),
        repeat=line.repeat,
        template=line.template,
        tags=line.tags,
        must_pass=line.must_pass,
        weight=1.0 if line.weight is None else line.weight,
        verdicts=verdicts,
    )


def _require_unique(samples: Iterable[Sample]) -> None:
    seen: set[tuple[str, str, str, int]] = set()
    for sample in samples:
        key = (sample.model, sample.task, sample.case_id, sample.repeat)
        if key in seen:
            raise ValueError(f"case {sample.case_id} of {sample.model} stands in it twice")
        seen.add(key)


def _require_shares(noise: MeasuredNoise | None) -> None:
    for ref, share in noise.flip_rates.items() if noise else ():
        if not 0 <= share < 1:
            raise ValueError(f"noise.flip_rates: {share!r} of {ref!r:.80} is no share below 1")


def _verdict(status: str, grade: Grade | None) -> Verdict:
    outcome, _, code = status.partition(" ")
    return Verdict(Outcome(outcome), FailureCode(code) if code else None, grade=grade)


@cache
def _adapter() -> TypeAdapter[BaselineFile]:
    return TypeAdapter(BaselineFile)


@cache
def _validate() -> Callable[[Any], BaselineFile]:
    return validator(_adapter())
