"""Lists why an experiment decides nothing: its draws are not as they should be, or what it compares
changed on the way."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.ab.experiment import ARMS, CANDIDATE, Arm
from harness.ab.traffic import Request, Source, Traffic, time_text
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


def split_of(traffic: Traffic) -> Split:
    """The draw of each key, which is that of its first request."""
    seen: set[bytes] = set()
    drawn: Counter[tuple[float, bool]] = Counter()
    for request in traffic:
        if request.key and request.key in seen:
            continue
        seen.add(request.key)
        drawn[request.source.share, request.source.arm == CANDIDATE] += 1
    return Split(
        sum(drawn.values()),
        sum(n for (_, is_candidate), n in drawn.items() if is_candidate),
        sum(share * n for (share, _), n in drawn.items()),
        split_evidence(drawn),
    )


def log_incompatibilities(
    traffic: Traffic, split: Split, max_errors: float, behaviors: tuple[str, ...]
) -> Iterator[Incompatibility]:
    """Reasons why the arms cannot be compared."""
    names = sorted({r.source.experiment for r in traffic})
    if len(names) > 1:
        what = f"the log holds {len(names)} experiments ({', '.join(names)}): --experiment NAME"
        yield Incompatibility("experiment", what)
        return
    if split.is_mismatch:
        yield Incompatibility("split", _mismatch(split))
    for arm in ARMS:
        yield from _changed(arm, (r for r in traffic if r.source.arm == arm))
    tasks = dict.fromkeys(r.source.task for r in traffic if r.source.task)
    if not tasks:
        yield Incompatibility("empty", "the log holds no answer to a task, which would be judged")
    for task in tasks:
        yield from _of_task(task, traffic, max_errors, behaviors)


def _mismatch(split: Split) -> str:
    return (
        f"SAMPLE RATIO MISMATCH: {split.candidates:,} of {split.keys:,} keys drew the candidate, "
        f"where {split.expected:,.0f} were expected; by chance in fewer than one of "
        f"{MISMATCH:,.0f} experiments. Keys of one arm were lost or came oftener than they were "
        "drawn: what decides who is in the log decides the rates too"
    )


def _changed(arm: Arm, requests: Iterable[Request]) -> Iterator[Incompatibility]:
    """The arm's model is another one from some time on."""
    before: Source | None = None
    for request in requests:
        after = request.source
        if before is not None and _model(before) != _model(after):
            named = "weights" if before.weights != after.weights else "model"
            was, now = (source.weights or source.model for source in (before, after))
            change = f" ({was[:SHOWN_HASH]} to {now[:SHOWN_HASH]})" if was != now else ""
            what = f"the {arm}'s {named} changed at {time_text(request.when)}{change}"
            yield Incompatibility("model", f"{what}: gate the files before it or those after")
            return
        before = after
    if before is None:
        yield Incompatibility("empty", f"the log holds no answer of the {arm}")


def _model(source: Source) -> tuple[str, str]:
    return source.weights or source.model, source.identity


def _of_task(
    task: str, traffic: Traffic, max_errors: float, behaviors: tuple[str, ...]
) -> Iterator[Incompatibility]:
    answers = Counter((r.source.arm, r.answer) for r in traffic if r.source.task == task)
    if (changed := _checks_changed(r for r in traffic if r.source.task == task)) is not None:
        what = f"the task or the checks changed at {time_text(changed)}"
        yield Incompatibility("task", f"{what}: gate the files before it or those after", task)
    judged = {name for _, answer in answers for name in answer.verdicts}
    required = next(r.answer.required for r in traffic if r.source.task == task)
    if unknown := sorted({*(behaviors or required)} - judged):
        there = ", ".join(sorted(judged)) or "none"
        yield Incompatibility("empty", f"{unknown[0]} judged no answer, there are: {there}", task)
    if not behaviors and not required:
        yield Incompatibility("empty", "the task requires no behavior, name some: --behavior", task)
    for arm in ARMS:
        own = sum(n for (of, _), n in answers.items() if of == arm)
        owed = sum(n for (of, answer), n in answers.items() if of == arm and answer.is_owed)
        if not own:
            yield Incompatibility("empty", f"the {arm} has no answer", task)
        elif has_too_many_errors(owed, own, max_errors):
            share = f"{owed:,} of {own:,} requests got no answer of the {arm}"
            yield Incompatibility("errors", f"{share}, at most {max_errors:.3g} of them may", task)


def _checks_changed(requests: Iterable[Request]) -> int | None:
    """When the task or its checks first changed; ``None`` where they did not."""
    before: str | None = None
    for request in requests:
        if before not in (None, request.source.task_sha256):
            return request.when
        before = request.source.task_sha256
    return None
