"""Baselines: one small file each, to be committed, with a run's verdicts and hashes.

A baseline holds what a comparison needs and no more: the SHA-256 of each prompt and each answer,
the verdicts, and the texts only where they were asked for. A user makes and replaces it; a run
never does. It is read as hostile input, as a run is.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.record import RunRecord, Sample
from harness.core.suggestion import did_you_mean
from harness.files.atomic import write_whole
from harness.files.regular import read_regular
from harness.records.baseline_file import MeasuredNoise, parse, text_of
from harness.records.runs import LATEST, find_run, read_run, record_file

SUFFIX = ".json"
ANCHOR = ".anchor"
"""The end of an anchor's file name, before ``SUFFIX``: no baseline's name ends so."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline that was read: a record that can be compared."""

    name: str
    saved: str
    has_texts: bool
    record: RunRecord
    """Its samples have no messages, no references, and no texts unless ``has_texts``."""
    noise: MeasuredNoise | None = None
    is_first: bool = True
    digests: Mapping[tuple[str, str, str, int], str] = field(default_factory=dict, hash=False)
    """SHA-256 of each text, by model, task, case and repeat."""

    def digest_of(self, sample: Sample) -> str:
        """SHA-256 of the text of an answer."""
        return self.digests[sample.model, sample.task, sample.case_id, sample.repeat]


def save_baseline(
    name: str,
    record: RunRecord,
    root: Path,
    *,
    models: tuple[str, ...] = (),
    has_texts: bool = False,
    is_replaced: bool = False,
    noise: MeasuredNoise | None = None,
    is_first: bool = True,
    is_anchor: bool = False,
) -> Path:
    """Write a baseline of a run, or of some of its models, or a baseline's anchor with
    ``is_anchor``, and return the file.

    Raises:
        HarnessError: the run is empty, was interrupted or stopped early, or the name is invalid or
            taken.
    """
    path = file_to_save(
        name, record, root, models=models, is_replaced=is_replaced, is_anchor=is_anchor
    )
    kept = _kept(record, models)
    path.parent.mkdir(parents=True, exist_ok=True)
    more = {"noise": noise and asdict(noise), "is_first": is_first}
    write_whole(path, text_of(name, _of_models(record, kept), has_texts, more))
    return path


def file_to_save(
    name: str,
    record: RunRecord,
    root: Path,
    *,
    models: tuple[str, ...] = (),
    is_replaced: bool = False,
    is_anchor: bool = False,
) -> Path:
    """The file that ``save_baseline`` would write, checked as it does.

    Raises:
        HarnessError: as ``save_baseline``.
    """
    if not _NAME.fullmatch(name):
        raise HarnessError(f"{name!r}: is no name for a file, use letters, digits, '.', '-', '_'")
    if name == LATEST:
        raise HarnessError(f"{name!r}: always means the latest run, choose another name")
    if name.endswith(ANCHOR):
        raise HarnessError(f"{name!r}: is an anchor's file, set it with: harness baseline anchor")
    path = anchor_file(name, root) if is_anchor else root / f"{name}{SUFFIX}"
    if path.exists() and not is_replaced:
        raise HarnessError(f"{path}: is there already, say --replace to write it anew")
    if record.status != "complete":
        raise HarnessError(f"run {record.id}: was interrupted, a baseline is made of a whole run")
    if record.shard is not None:
        raise HarnessError(
            f"run {record.id}: is {record.shard}, a baseline is made of a whole run: harness run "
            "merge joins them"
        )
    for model in record.models:
        stop = model.early_stop
        if stop and stop.is_stopped and (not models or model.ref in models):
            raise HarnessError(
                f"run {record.id}: {model.ref} was stopped after {stop.asked} of {stop.total} "
                "cases, a baseline is made of a whole run: run it without --stop-early"
            )
    if not any(sample.verdicts for sample in _kept(record, models)):
        raise HarnessError(f"run {record.id}: holds no judged answer to make a baseline of")
    return path


def _kept(record: RunRecord, models: tuple[str, ...]) -> tuple[Sample, ...]:
    return tuple(s for s in record.samples if not models or s.model in models)


def anchor_file(name: str, root: Path) -> Path:
    """The file of a baseline's anchor, which need not be there."""
    return root / f"{name}{ANCHOR}{SUFFIX}"


def read_baseline(path: Path) -> Baseline:
    """Read a baseline's file and check every value of it.

    Raises:
        HarnessError: it cannot be read, or is damaged.
    """
    try:
        content = read_regular(path)
    except FileNotFoundError as error:
        raise HarnessError(f"{path}: {error.strerror}, name a baseline") from None
    file, record = parse(content, path)
    digests = {(line.model, line.task, line.case, line.repeat): line.text for line in file.samples}
    return Baseline(file.name, file.saved, file.texts, record, file.noise, file.is_first, digests)


def baseline_names(root: Path) -> list[str]:
    """The baselines in a folder, by name."""
    names = (p.stem for p in root.glob(f"*{SUFFIX}")) if root.is_dir() else ()
    return sorted(name for name in names if not name.endswith(ANCHOR))


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
    require_name(found, name, path, f"harness baseline save {name} --replace")
    return found


def require_name(found: Baseline, name: str, path: Path, command: str) -> None:
    """Check that a file was saved under the name of its baseline; ``command`` makes it anew.

    Raises:
        HarnessError: it was saved under another.
    """
    if found.name != name:
        raise HarnessError(
            f"{path}: holds the baseline {found.name!r:.80} under another name: name the file "
            f"itself, or make it anew: {command}"
        )


def read_run_or_baseline(text: str, runs: Path, baselines: Path) -> RunRecord:
    """The record that a user named: a baseline by name or file, else a run (``find_run``).

    ``latest`` is always a run: no baseline's file can take its place.

    Raises:
        HarnessError: there is neither, there are both, or it is damaged.
    """
    found = baseline_named(text, runs, baselines)
    if found is not None:
        return found.record
    try:
        return read_run(find_run(text, runs))
    except HarnessError as error:
        known = ", ".join(baseline_names(baselines))
        also = f" (baselines: {known})" if known else ""
        if not known and text != LATEST:
            also = f"; nor is it a baseline: harness baseline save NAME makes one in {baselines}"
        raise HarnessError(f"{error}{also}") from None


def baseline_named(text: str, runs: Path, baselines: Path) -> Baseline | None:
    """The baseline that a user named, by name or file; ``None`` where that is none.

    Raises:
        HarnessError: there is a run of that name too, or the baseline is damaged.
    """
    if text in baseline_names(baselines) and text != LATEST:
        if record_file(runs / text).is_file():
            raise HarnessError(
                f"{text!r}: is a baseline and a run, name {baselines / text}{SUFFIX} "
                f"or {runs / text}"
            )
        return read_named_baseline(text, baselines)
    path = Path(text)
    if path.suffix == SUFFIX and path.is_file() and b'"baseline_version"' in _head(path):
        return read_baseline(path)
    return None


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
        noise=tuple(n for n in record.noise if n.model in models),
    )
