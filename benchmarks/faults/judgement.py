"""Judges how a struck command ended: its exit code, what it left, and the command run once more."""

import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.commands import CASES, RUNS, Command, contents
from benchmarks.faults.injection import Fault, Struck
from harness.core.completion import FinishReason
from harness.core.errors import HarnessError
from harness.core.record import RunRecord
from harness.records.runs import PARTIAL_FILE, RUN_FILE, read_run

REFUSED = (2, 4)
"""Exit codes of what the user has to mend: of ``harness`` and of pytest."""
OUTPUT_LOST = 74
_BUG = r"^Traceback|INTERNALERROR|harness: bug"
_LEFTOVER = re.compile(r".*\.(tmp|partial|part)")


@dataclass(frozen=True)
class Usual:
    """A command without a fault."""

    struck: Struck
    made: dict[str, str]
    run: RunRecord | None

    @classmethod
    def of(cls, command: Command, root: Path, struck: Struck) -> "Usual":
        runs = runs_of(root) if command.is_run else []
        return cls(struck, made_by(command, root), runs[-1] if runs else None)


@dataclass(frozen=True)
class After:
    """What a struck command left, and the same command run once more."""

    first: dict[str, str]
    made: dict[str, str]
    again: Struck


def made_by(command: Command, root: Path) -> dict[str, str]:
    """Hashes of what a command writes beside runs; empty where there is nothing."""
    path = root / command.made
    return contents(path) if command.made and not command.is_run and path.exists() else {}


def runs_of(root: Path) -> list[RunRecord]:
    """Every run of the project; raises a HarnessError where one cannot be read."""
    folders = sorted((root / RUNS).iterdir()) if (root / RUNS).is_dir() else []
    heads = ((f / RUN_FILE).exists() or (f / PARTIAL_FILE).exists() for f in folders)
    return [read_run(f) for f, has_head in zip(folders, heads, strict=True) if has_head]


def problems(
    command: Command, fault: Fault, root: Path, struck: Struck, usual: Usual, after: After
) -> list[str]:
    """One line for each thing that must not be."""
    found = [
        *_of_the_end(command, fault, struck, usual),
        *_of_the_next(fault, after.again, usual),
        *_of_the_made(command, fault, struck, usual, after),
    ]
    if command.is_run:
        try:
            found += _of_the_records(fault, runs_of(root), struck, usual)
        except HarnessError as error:
            found.append(f"a record cannot be read: {error}")
    return [*found, *_leftovers(root)]


def _of_the_made(
    command: Command, fault: Fault, struck: Struck, usual: Usual, after: After
) -> list[str]:
    """It is there whole or not at all, and is that of one version of the files it was made from."""
    if not command.made or command.is_run:
        return []
    right = [usual.made, *([after.made] if fault.kind == "file" and after.again.code == 0 else [])]
    if after.first and after.first not in right:
        return [f"{command.made} is half written, or mixed"]
    if not after.first and struck.code == 0:
        return [f"exit code 0, and no {command.made}"]
    if fault.kind != "file" and after.made != usual.made:
        return [f"{command.made}, made once more, is not what it is without a fault"]
    return []


def expected_codes(command: Command, fault: Fault, usual: int) -> set[int]:
    """The exit codes that are right where the fault was felt, and where it came too late."""
    refused = {4, 2} if command.is_pytest else {2}
    match (fault.kind, fault.action):
        case (_, "SIGSTOP"):
            return {usual}
        case ("controller" | "itself", "SIGKILL"):
            return {-9, usual}
        case ("controller" | "itself", "SIGTERM"):
            return {-15, usual}
        case ("controller" | "itself", "SIGINT"):
            return {2 if command.is_pytest else 130, -2, usual}
        case ("model", _):
            return {1, usual}
        case ("output", "closed") if command.is_pytest:
            return {1}
        case ("output", _):
            return {OUTPUT_LOST, usual}
        case ("file", _):
            return {1, 2, 4, 10, 11, usual}
    return {*refused, usual}


def _of_the_end(command: Command, fault: Fault, struck: Struck, usual: Usual) -> list[str]:
    found = []
    if struck.is_hung:
        return [f"it hung: {struck.seconds:.0f} s"]
    if struck.code not in (right := expected_codes(command, fault, usual.struck.code)):
        found.append(f"exit code {struck.code}, not one of {sorted(right)}: {_last(struck)}")
    found += [f"it outlived the command: {line}" for line in struck.living]
    said = struck.out + struck.err
    # Python's own where Ctrl-C comes while it imports, and pytest's where it has no output.
    is_early = struck.code == -2 or (command.is_pytest and fault.action == "closed")
    if not is_early and re.search(_BUG, said, re.MULTILINE):
        found.append(f"a traceback: {_last(struck)}")
    return found


def _of_the_next(fault: Fault, again: Struck, usual: Usual) -> list[str]:
    if again.is_hung:
        return ["the next one hangs"]
    if fault.kind != "file" and again.code != usual.struck.code:
        return [f"the next one ends with {again.code}: {_last(again)}"]
    if re.search(_BUG, again.out + again.err, re.MULTILINE):
        return [f"the next one has a traceback: {_last(again)}"]
    return []


def _of_the_records(fault: Fault, runs: list[RunRecord], struck: Struck, usual: Usual) -> list[str]:
    """A whole run has all answers; each is that of its model; a lost one is never a pass."""
    found = []
    first, last = (runs[0] if len(runs) > 1 else None), (runs[-1] if runs else None)
    assert usual.run is not None
    if first is None:
        is_begun = (fault.kind, fault.action) != ("output", "closed")
        if struck.code in (0, 1) and fault.kind != "file" and is_begun:
            found.append(f"it ended as if it had judged, and left no run: {_last(struck)}")
        return found
    lost = [s for s in first.samples if s.completion.finish_reason is FinishReason.ERROR]
    is_broken = any(m.error for m in first.models)
    whole = len(usual.run.samples) if usual.run else CASES
    if first.status == "complete" and len(first.samples) != whole and fault.kind != "file":
        found.append(f"a complete run has {len(first.samples)} answers of {whole}")
    if struck.code == 0 and (lost or is_broken or first.status != "complete"):
        found.append(f"exit code 0: {first.status}, {len(lost)} answers lost")
    if not is_broken and not _is_like_one_of(first, [usual.run, *([last] if last else [])]):
        found.append("its answers are not those of the model that it names")
    return found


def _is_like_one_of(run: RunRecord, whole: list[RunRecord]) -> bool:
    """Every answer of a run is that of one whole run of the same models and plan."""
    given = [s for s in run.samples if s.completion.finish_reason is not FinishReason.ERROR]
    for other in whole:
        if _weights(run) != _weights(other)[: len(run.models)]:
            continue
        answers = {(s.model, s.case_id, s.prompt_sha256): s.completion.text for s in other.samples}
        if all(
            answers.get((s.model, s.case_id, s.prompt_sha256)) == s.completion.text for s in given
        ):
            return True
    return not given


def _weights(run: RunRecord) -> list[tuple[str | None, str | None]]:
    return [(model.weights_sha256, model.base_sha256) for model in run.models]


def _leftovers(root: Path) -> list[str]:
    """Files under temporary names that are there though the command has run again."""
    left = [
        p.relative_to(root)
        for p in root.rglob("*")
        if _LEFTOVER.fullmatch(p.name) and p.name != PARTIAL_FILE and p.is_file()
    ]
    return [f"left: {path}" for path in left]


def _last(struck: Struck) -> str:
    lines = [line for line in (struck.out + "\n" + struck.err).splitlines() if line.strip()]
    return " | ".join(lines[-2:])[-300:]
