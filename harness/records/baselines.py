"""Baselines: one small file each, to be committed, with a run's verdicts and hashes.

A baseline holds what a comparison needs and no more: the SHA-256 of each prompt and each answer,
the verdicts, and the texts only where they were asked for. A user makes and replaces it; a run
never does. It is read as hostile input, as a run is.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.core.completion import Completion, FinishReason
from harness.core.errors import HarnessError
from harness.core.record import RunRecord, Sample, TimedAnswer
from harness.core.suggestion import did_you_mean
from harness.core.verdict import FailureCode, Outcome, Verdict
from harness.files.atomic import write_whole
from harness.files.strict_json import damaged, mistake, parse_json, validator
from harness.records.runs import LATEST, find_run, read_run, record_file, strangers

SUFFIX = ".json"
VERSION = 1

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
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
    completion: str | None = None
    """The text; ``None`` in a baseline without texts."""


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


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline that was read: a record that can be compared."""

    name: str
    saved: str
    has_texts: bool
    record: RunRecord
    """Its samples have no messages, no references, and no texts unless ``has_texts``."""


def save_baseline(
    name: str,
    record: RunRecord,
    root: Path,
    *,
    models: tuple[str, ...] = (),
    has_texts: bool = False,
    is_replaced: bool = False,
) -> Path:
    """Write a baseline of a run, or of some of its models, and return its file.

    Raises:
        HarnessError: the run is empty or was interrupted, the name is invalid or taken.
    """
    if not _NAME.fullmatch(name):
        raise HarnessError(f"{name!r}: is no name for a file, use letters, digits, '.', '-', '_'")
    if name == LATEST:
        raise HarnessError(f"{name!r}: always means the latest run, choose another name")
    path = root / f"{name}{SUFFIX}"
    if path.exists() and not is_replaced:
        raise HarnessError(f"{path}: is there already, say --replace to write it anew")
    kept = tuple(s for s in record.samples if not models or s.model in models)
    if record.status != "complete":
        raise HarnessError(f"run {record.id}: was interrupted, a baseline is made of a whole run")
    if not kept or not any(s.verdicts for s in kept):
        raise HarnessError(f"run {record.id}: holds no judged answer to make a baseline of")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, _text(name, _of_models(record, kept), has_texts))
    return path


def read_baseline(path: Path) -> Baseline:
    """Read a baseline's file and check every value of it.

    Raises:
        HarnessError: it cannot be read, or is damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise HarnessError(f"{path}: {error.strerror}, name a baseline") from None
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
        if wrong := strangers(file.run, samples):
            raise ValueError(wrong[0])
    except ValidationError as error:
        raise damaged([f"{path}: {mistake(e)}" for e in error.errors()]) from None
    except ValueError as error:
        raise damaged([f"{path}: {error}"]) from None
    record = replace(file.run, samples=samples, timed=file.timed)
    return Baseline(file.name, file.saved, file.texts, record)


def baseline_names(root: Path) -> list[str]:
    """The baselines in a folder, by name."""
    return sorted(p.stem for p in root.glob(f"*{SUFFIX}")) if root.is_dir() else []


def find_baseline(name: str, root: Path) -> Path:
    """The file of a baseline.

    Raises:
        HarnessError: there is none of that name.
    """
    known = baseline_names(root)
    if name in known:
        return root / f"{name}{SUFFIX}"
    hint = did_you_mean(name, known, f"there are: {', '.join(known) or 'none'}")
    make = "; make one: harness baseline save NAME"
    raise HarnessError(f"baseline {name!r}: not in {root}, {hint}{'' if known else make}")


def read_named_baseline(name: str, root: Path) -> Baseline:
    """Read the baseline of a name, and check that its file was saved under that name.

    Raises:
        HarnessError: there is none, it is damaged, or the file is a copy of another baseline.
    """
    path = find_baseline(name, root)
    found = read_baseline(path)
    if found.name != name:
        raise HarnessError(
            f"{path}: holds the baseline {found.name!r:.80} under another name: name the file "
            f"itself, or make it anew: harness baseline save {name} --replace"
        )
    return found


def read_run_or_baseline(text: str, runs: Path, baselines: Path) -> RunRecord:
    """The record that a user named: a baseline by name or file, else a run (``find_run``).

    ``latest`` is always a run: no baseline's file can take its place.

    Raises:
        HarnessError: there is neither, there are both, or it is damaged.
    """
    if text in baseline_names(baselines) and text != LATEST:
        if record_file(runs / text).is_file():
            raise HarnessError(
                f"{text!r}: is a baseline and a run, name {baselines / text}{SUFFIX} "
                f"or {runs / text}"
            )
        return read_named_baseline(text, baselines).record
    path = Path(text)
    if path.suffix == SUFFIX and path.is_file() and b'"baseline_version"' in _head(path):
        return read_baseline(path).record
    try:
        return read_run(find_run(text, runs))
    except HarnessError as error:
        known = ", ".join(baseline_names(baselines))
        also = f" (baselines: {known})" if known else ""
        raise HarnessError(f"{error}{also}") from None


def digest(text: str) -> str:
    """SHA-256 of a completion's text, in hex."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(200)


def _of_models(record: RunRecord, kept: tuple[Sample, ...]) -> RunRecord:
    """The record without the models, results and tasks that have no kept sample."""
    models, tasks = {s.model for s in kept}, {s.task for s in kept}
    return replace(
        record,
        models=tuple(m for m in record.models if m.ref in models),
        tasks=tuple(t for t in record.tasks if t.name in tasks),
        results=tuple(r for r in record.results if r.model in models),
        samples=kept,
        timed=tuple(t for t in record.timed if t.model in models),
    )


def _text(name: str, record: RunRecord, has_texts: bool) -> Iterable[str]:
    judged = _judged(record.samples)
    head: dict[str, Any] = {
        "baseline_version": VERSION,
        "name": name,
        "saved": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "texts": has_texts,
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
        name: _verdict(line.not_passed.get(name, "passed"))
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
        verdicts=verdicts,
    )


def _require_unique(samples: Iterable[Sample]) -> None:
    seen: set[tuple[str, str, str, int]] = set()
    for sample in samples:
        key = (sample.model, sample.task, sample.case_id, sample.repeat)
        if key in seen:
            raise ValueError(f"case {sample.case_id} of {sample.model} stands in it twice")
        seen.add(key)


def _verdict(status: str) -> Verdict:
    outcome, _, code = status.partition(" ")
    return Verdict(Outcome(outcome), FailureCode(code) if code else None)


@cache
def _adapter() -> TypeAdapter[BaselineFile]:
    return TypeAdapter(BaselineFile)


@cache
def _validate() -> Callable[[Any], BaselineFile]:
    return validator(_adapter())
