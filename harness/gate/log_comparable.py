"""Lists why an experiment decides nothing: its draws are not as they should be, or what it compares
changed on the way."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.ab.entry import LogEntry
from harness.ab.experiment import ARMS, CANDIDATE, Arm
from harness.gate.comparable import Incompatibility, has_too_many_errors
from harness.stats.draws import split_evidence

MISMATCH = 1000.0
"""Evidence at which the split is not what it should be: by chance in one of as many experiments."""
SHOWN_HASH = 12


@dataclass(frozen=True, slots=True)
class Split:
    """The draws of all keys, of whatever task."""

    keys: int
    candidates: int
    """Keys that drew the candidate."""
    expected: float
    """Number of them that the split asks for."""
    evidence: float
    """Evidence that the split is not kept, see ``harness.stats.draws``."""

    @property
    def is_mismatch(self) -> bool:
        return self.evidence >= MISMATCH


def split_of(entries: Iterable[LogEntry]) -> Split:
    """The draw of each key, which is that of its first entry."""
    first: dict[str, LogEntry] = {}
    for entry in entries:
        first.setdefault(entry.key or f"request {entry.id}", entry)
    drawn = Counter((e.split / 100, e.arm == CANDIDATE) for e in first.values())
    return Split(
        len(first),
        sum(n for (_, is_candidate), n in drawn.items() if is_candidate),
        sum(share * n for (share, _), n in drawn.items()),
        split_evidence(drawn),
    )


def log_incompatibilities(
    entries: Sequence[LogEntry], split: Split, max_errors: float, behaviors: tuple[str, ...]
) -> Iterator[Incompatibility]:
    """Reasons why the arms cannot be compared."""
    names = sorted({e.experiment for e in entries})
    if len(names) > 1:
        what = f"the log holds {len(names)} experiments ({', '.join(names)}): --experiment NAME"
        yield Incompatibility("experiment", what)
        return
    if split.is_mismatch:
        yield Incompatibility("split", _mismatch(split))
    for arm in ARMS:
        yield from _changed(arm, [e for e in entries if e.arm == arm])
    tasks = dict.fromkeys(e.task for e in entries if e.task)
    if not tasks:
        yield Incompatibility("empty", "the log holds no answer to a task, which would be judged")
    for task in tasks:
        yield from _of_task(task, [e for e in entries if e.task == task], max_errors, behaviors)


def _mismatch(split: Split) -> str:
    return (
        f"SAMPLE RATIO MISMATCH: {split.candidates:,} of {split.keys:,} keys drew the candidate, "
        f"where {split.expected:,.0f} were expected; by chance in fewer than one of "
        f"{MISMATCH:,.0f} experiments. Keys of one arm were lost or came oftener than they were "
        "drawn: what decides who is in the log decides the rates too"
    )


def _changed(arm: Arm, entries: Sequence[LogEntry]) -> Iterator[Incompatibility]:
    """The arm's model is another one from some time on."""
    if not entries:
        yield Incompatibility("empty", f"the log holds no answer of the {arm}")
        return
    for before, after in _changes(entries):
        named = "weights" if before.weights != after.weights else "model"
        was, now = (e.weights or e.model for e in (before, after))
        change = f" ({was[:SHOWN_HASH]} to {now[:SHOWN_HASH]})" if was != now else ""
        what = f"the {arm}'s {named} changed at {after.time}{change}"
        yield Incompatibility("model", f"{what}: gate the files before it or those after")
        return


def _changes(entries: Sequence[LogEntry]) -> Iterator[tuple[LogEntry, LogEntry]]:
    for before, after in pairwise(entries):
        if _model(before) != _model(after):
            yield before, after


def _model(entry: LogEntry) -> tuple[str, str]:
    return entry.weights or entry.model, entry.identity


def _of_task(
    task: str, entries: Sequence[LogEntry], max_errors: float, behaviors: tuple[str, ...]
) -> Iterator[Incompatibility]:
    for before, after in pairwise(entries):
        if before.task_sha256 != after.task_sha256:
            what = f"the task or the checks changed at {after.time}"
            yield Incompatibility("task", f"{what}: gate the files before it or those after", task)
            break
    judged = {name for e in entries for name in e.verdicts}
    if unknown := sorted({*(behaviors or entries[0].required)} - judged):
        there = ", ".join(sorted(judged)) or "none"
        yield Incompatibility("empty", f"{unknown[0]} judged no answer, there are: {there}", task)
    if not behaviors and not entries[0].required:
        yield Incompatibility("empty", "the task requires no behavior, name some: --behavior", task)
    for arm in ARMS:
        own = [e for e in entries if e.arm == arm]
        owed = sum(e.is_owed for e in own)
        if not own:
            yield Incompatibility("empty", f"the {arm} has no answer", task)
        elif has_too_many_errors(owed, len(own), max_errors):
            share = f"{owed:,} of {len(own):,} requests got no answer of the {arm}"
            yield Incompatibility("errors", f"{share}, at most {max_errors:.3g} of them may", task)
