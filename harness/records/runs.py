"""Reads and writes runs: ``<root>/<id>/run.json`` and ``samples.jsonl``, each whole or not at all.

During a run, and after one that was killed, ``run.partial.json`` stands in their place: its plan
and its models. The answers are in the store of completions. A record is read as hostile input: it
may come from a pull request. ``harness.core.record`` defines its values.
"""

import json
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness import __version__
from harness.core.errors import HarnessError
from harness.core.portable import expanded
from harness.core.record import SCHEMA_VERSION, BehaviorResult, RunRecord, Sample, TimedAnswer
from harness.core.suggestion import nearest
from harness.files.atomic import clear_unfinished, write_whole
from harness.files.paths import short_path
from harness.files.project import in_project
from harness.files.regular import read_regular
from harness.files.strict_json import NotJson, damaged, decode, mistake, parse_json, validator

RUNS = Path("reports/runs")
"""The folder of a project's runs, relative to the project."""
RUN_FILE = "run.json"
SAMPLES_FILE = "samples.jsonl"
PARTIAL_FILE = "run.partial.json"
KNOWN_VERSIONS = (SCHEMA_VERSION,)
LATEST = "latest"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def is_run_id(text: str) -> bool:
    """True for what can be a run's id: no path, and no other name of a run."""
    return _ID.fullmatch(text) is not None and text != LATEST


def new_run_id(now: datetime) -> str:
    """A unique name that sorts by time: ``20261120-131502-ab12`` (UTC)."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def write_run(record: RunRecord, root: Path) -> Path:
    """Write the record to ``<root>/<id>/`` and return that folder.

    ``run.json`` is written last, so that a folder that has one is complete. The outline is removed.

    Raises:
        ValueError: the id is no file name, or a number is not finite.
    """
    if not _ID.fullmatch(record.id):
        raise ValueError(f"{record.id!r} is no run id")
    folder = root / record.id
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / SAMPLES_FILE, map(sample_line, record.samples))
    write_whole(folder / RUN_FILE, head_text(record))
    (folder / PARTIAL_FILE).unlink(missing_ok=True)
    return folder


def write_outline(outline: RunRecord, root: Path) -> None:
    """Write what is known of a run in progress, without samples, to ``<root>/<id>/``: a run that is
    killed leaves it, and counts as one that was interrupted."""
    folder = root / outline.id
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / PARTIAL_FILE, head_text(outline))


def clear_unfinished_runs(root: Path) -> None:
    """Remove the temporary files of runs that were killed while they wrote; their outlines stay."""
    for folder in root.iterdir() if root.is_dir() else ():
        if folder.is_dir():
            clear_unfinished(folder)


def sample_line(sample: Sample) -> str:
    """One line of ``samples.jsonl``."""
    return _compact(_sample_adapter().dump_python(sample)) + "\n"


def head_text(record: RunRecord) -> Iterator[str]:
    """``run.json``: the record without its samples, and their number."""
    head = _run_adapter().dump_python(replace(record, samples=()))
    head["samples"] = {"file": SAMPLES_FILE, "count": len(record.samples)}
    yield json.dumps(head, indent=2, allow_nan=False)
    yield "\n"


def record_file(folder: Path) -> Path:
    """The head of a run's record: ``run.json``, or the outline of a killed session."""
    whole, partial = folder / RUN_FILE, folder / PARTIAL_FILE
    return partial if partial.is_file() and not whole.is_file() else whole


def check_writable(root: Path) -> None:
    """Check that runs can be written to ``root``, without creating it.

    Raises:
        HarnessError: it is, or lies below, a file or a folder without write permission.
    """
    there = next(p for p in (root, *root.absolute().parents) if p.exists())
    if not there.is_dir():
        raise HarnessError(f"{root}: {there} is a file, name a folder with --report-dir")
    if not os.access(there, os.W_OK | os.X_OK):
        raise HarnessError(f"{root}: {there} cannot be written to, name another with --report-dir")


def read_run(path: Path) -> RunRecord:
    """Read the run in a folder (or beside a ``run.json``) and check every value of it.

    A killed session leaves a partial run without samples. Unknown fields are ignored.

    Raises:
        HarnessError: one line ``file:line: what, what next`` for each mistake found.
    """
    file = record_file(path) if path.is_dir() else path
    record, counted = _read_without_samples(file)
    if file.name == PARTIAL_FILE:
        return record
    samples_file = file.parent / SAMPLES_FILE
    samples = tuple(_read_samples(samples_file))
    if wrong := strangers(record, samples):
        raise damaged([f"{file}: {line}" for line in wrong])
    expected = counted.get("count") if isinstance(counted, dict) else None
    if expected != len(samples):
        raise HarnessError(
            f"{samples_file}:{len(samples)}: holds {len(samples)} samples where {RUN_FILE} counts "
            f"{expected}: the file was cut or mixed up, copy the whole folder again"
        )
    return replace(record, samples=samples)


def read_results(path: Path) -> RunRecord:
    """Read the run in a folder without its samples, which is quick.

    Raises:
        HarnessError: one line ``file:line: what, what next`` for each mistake found.
    """
    return _read_without_samples(record_file(path))[0]


def run_ids(root: Path) -> list[str]:
    """The ids of the runs under a folder by their own time, oldest first, killed ones included.

    A folder is a run where its record can be read, bears the folder's name as its id, and says when
    it was made: a copy under another name is none. Later damage does not hide a run, so that
    reading the latest one says what is wrong with it.
    """
    found = ((_created(root / name), name) for name in _folders(root))
    return [name for created, name in sorted((c, n) for c, n in found if c is not None)]


def check_new_id(run_id: str, root: Path) -> None:
    """Check that a run may be written to ``root`` under an id that the user chose.

    Raises:
        HarnessError: it is no file name, stands for another run, or is taken.
    """
    if not is_run_id(run_id):
        raise HarnessError(
            f"--run-id {run_id!r:.80}: is no id of a run, use letters, digits, '.', '-' and '_'"
        )
    if (root / run_id).exists():
        there = short_path(root / run_id)
        raise HarnessError(f"--run-id {run_id}: {there} is there already, name another")


def find_run(text: str, root: Path | None = None) -> Path:
    """The folder of the run that a user named: an id, a unique prefix, ``latest``, or a path.

    Ids are looked for in ``root``, the project's ``reports/runs`` where that is ``None``.
    ``latest`` is the last of ``run_ids``: the newest by its own time.

    Raises:
        HarnessError: there is no such run, or there are several.
    """
    if root is None:
        root = in_project(RUNS)
    if text == LATEST:
        if runs := run_ids(root):
            return root / runs[-1]
        raise HarnessError(f"{root}: no run yet, make one: pytest suites/ --model base:PATH")
    known = _folders(root)
    if text in known:
        return root / text
    path = Path(expanded(text))
    if record_file(path).is_file():
        return path
    if path.name in (RUN_FILE, PARTIAL_FILE) and path.is_file():
        return path.parent
    matches = [i for i in known if text and i.startswith(text)]
    if len(matches) == 1:
        return root / matches[0]
    raise HarnessError(_not_found(text, root, known, matches))


def _folders(root: Path) -> list[str]:
    """The names of the folders with a record, whatever it holds."""
    if not root.is_dir():
        return []
    return sorted(p.name for p in root.iterdir() if record_file(p).is_file())


def _created(folder: Path) -> datetime | None:
    """The time in the record of a folder; ``None`` where it is no record of a run of that id."""
    try:
        head = decode(read_regular(record_file(folder)))
        if head["id"] != folder.name or "schema_version" not in head:
            return None
        created = datetime.fromisoformat(head["created"])
    except (OSError, HarnessError, NotJson, LookupError, TypeError, ValueError):
        return None
    return created if created.tzinfo else None


def _not_found(text: str, root: Path, known: list[str], matches: list[str]) -> str:
    if matches:
        return f"run {text!r} is ambiguous under {root}, type more of: {', '.join(matches)}"
    if not known:
        return f"run {text!r}: no such folder, and {root} holds no run: pytest suites/ makes one"
    near = nearest(text, known) or known[-1]
    return f"run {text!r}: neither a folder with {RUN_FILE} nor under {root}, try {near}"


def _read_without_samples(file: Path) -> tuple[RunRecord, Any]:
    """The record in ``run.json``, and its entry about the samples' file."""
    head = _read_head(file)
    counted = head.pop("samples", None)
    try:
        record = _validate_run()(head)
    except ValidationError as error:
        mistakes = [f"{file}:{_line_of(file, e['loc'])}: {mistake(e)}" for e in error.errors()]
        raise damaged(mistakes) from None
    if not _ID.fullmatch(record.id):
        raise damaged([f"{file}:{_line_of(file, ('id',))}: id: {record.id!r} is no run id"])
    wrong = [_wrong_span(found.sample) for found in record.counterexamples]
    if any(wrong):
        line = _line_of(file, ("counterexamples",))
        raise damaged([f"{file}:{line}: counterexamples: {w}" for w in wrong if w])
    is_outline = file.name == PARTIAL_FILE
    return replace(record, status="partial") if is_outline else record, counted


def _read_head(file: Path) -> dict[str, Any]:
    try:
        text = read_regular(file)
    except FileNotFoundError as error:
        raise HarnessError(f"{file}: {error.strerror}, name a folder with {RUN_FILE}") from None
    head = parse_json(text, file)
    if not isinstance(head, dict) or "schema_version" not in head:
        raise HarnessError(f"{file}:1: no schema_version, so this is no run record: name another")
    version = head["schema_version"]
    if version not in KNOWN_VERSIONS or isinstance(version, bool):
        known = " and ".join(map(str, KNOWN_VERSIONS))
        raise HarnessError(
            f"{file}:{_line_of(file, ('schema_version',))}: schema_version {version!r:.40} is "
            f"unknown, harness {__version__} reads {known}: use the harness that wrote it, "
            "or a later one"
        )
    return head


def _read_samples(file: Path) -> Iterator[Sample]:
    try:
        lines = read_regular(file).split(b"\n")
    except FileNotFoundError as error:
        raise HarnessError(
            f"{file}: {error.strerror}, it belongs beside {RUN_FILE}: copy the whole folder"
        ) from None
    validate = _validate_sample()
    seen: set[tuple[str, str, str, int]] = set()
    mistakes: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            sample = validate(parse_json(line, file, number))
        except ValidationError as error:
            mistakes += [f"{file}:{number}: {mistake(e)}" for e in error.errors()]
            continue
        if wrong := _wrong_sample(sample, seen):
            mistakes.append(f"{file}:{number}: {wrong}")
        yield sample
    if mistakes:
        raise damaged(mistakes)


def _wrong_sample(sample: Sample, seen: set[tuple[str, str, str, int]]) -> str | None:
    """A mistake that types cannot express: a sample that occurs twice, a span outside its text."""
    key = (sample.model, sample.task, sample.case_id, sample.repeat)
    if key in seen:
        return f"case {sample.case_id!r} of {sample.model} stands in the file twice"
    seen.add(key)
    return _wrong_span(sample)


def _wrong_span(sample: Sample) -> str | None:
    length, logprobs = len(sample.completion.text), sample.completion.logprobs
    if logprobs is not None and (wrong := logprobs.mistake(sample.completion.text)):
        return f"completion.logprobs: {wrong}"
    for behavior, verdict in sample.verdicts.items():
        if verdict.span and not 0 <= verdict.span[0] <= verdict.span[1] <= length:
            return f"verdicts.{behavior}.span: {list(verdict.span)} lies outside the completion"
    return None


def strangers(record: RunRecord, samples: Iterable[Sample] = ()) -> list[str]:
    """Models and tasks that answers, results and timings name and the record does not have."""
    named: list[Sample | BehaviorResult | TimedAnswer] = [
        *samples,
        *(found.sample for found in record.counterexamples),
        *record.results,
        *record.timed,
    ]
    models = {x.model for x in named} - {m.ref for m in record.models}
    tasks = {x.task for x in named} - {t.name for t in record.tasks}
    return [
        *(f"models: {ref!r:.80} is missing, of which there are answers" for ref in sorted(models)),
        *(f"tasks: {name!r:.80} is missing, of which there are answers" for name in sorted(tasks)),
    ]


def _line_of(file: Path, location: Iterable[int | str]) -> int:
    """The line of a value in a JSON file: of its nearest enclosing value that is found.

    Only for messages: JSON as ``json.dumps`` writes it is YAML, whose parser keeps positions.
    """
    import yaml

    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        return 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            inner = {key.value: value for key, value in node.value}.get(part)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            inner = node.value[part] if part < len(node.value) else None
        else:
            inner = None
        if inner is None:
            break
        node = inner
    return int(node.start_mark.line) + 1 if node is not None else 1


def _compact(value: object) -> str:
    """One line of ASCII, so that lone surrogates survive as escapes and no line is split."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


@cache
def _sample_adapter() -> TypeAdapter[Sample]:
    return TypeAdapter(Sample)


@cache
def _run_adapter() -> TypeAdapter[RunRecord]:
    return TypeAdapter(RunRecord)


@cache
def _validate_run() -> Callable[[Any], RunRecord]:
    return validator(_run_adapter())


@cache
def _validate_sample() -> Callable[[Any], Sample]:
    return validator(_sample_adapter())
