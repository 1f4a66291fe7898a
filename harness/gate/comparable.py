"""Lists why two sides cannot be compared: other cases, prompts or decoding, or missing answers.

Knows no statistics: it lists the differences, and the gate refuses.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from harness.core.case import JsonValue
from harness.core.plan import sha256_of
from harness.core.record import TaskRecord
from harness.core.verdict import Outcome
from harness.gate.compare import Side, composite_outcome, required_behaviors

MAX_NAMED = 5
"""Case ids named in a message; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """One reason why two sides cannot be compared."""

    kind: str
    """One of ``policy.ALLOWABLE``, which may be allowed; or ``partial``, ``stopped``,
    ``empty`` or ``errors``, which may not."""
    what: str
    """The difference, in words."""
    task: str | None = None
    """``None`` where it concerns the whole run."""


def run_incompatibilities(before: Side, after: Side) -> Iterator[Incompatibility]:
    """Reasons that concern the whole runs: an interrupted run, tasks that only one of them has."""
    for name, side in (("before", before), ("after", after)):
        if side.record.status != "complete":
            what = f"the run {name} ({side.record.id}) was interrupted, run it to its end"
            yield Incompatibility("partial", what)
        if side.record.shard is not None:
            what = f"the run {name} ({side.record.id}) is {side.record.shard}: harness run merge"
            yield Incompatibility("partial", f"{what} joins it with the others")
    if before.is_stopped:
        what = f"the run before ({before.record.id}) was stopped early, it is no baseline"
        yield Incompatibility("stopped", what)
    old, new = _tasks(before), _tasks(after)
    for name, only in (("before", old - new), ("after", new - old)):
        for task in sorted(only):
            kept = after.task_record(task) if name == "after" else None
            if kept is not None and kept.kept:
                what = "the run before lacks this kept skill, so nothing says what broke: run it"
                yield Incompatibility("empty", f"{what} with --task {task}, too", task)
            else:
                yield Incompatibility("tasks", f"only the run {name} has this task", task)


def task_incompatibilities(
    before: Side, after: Side, task: str, max_errors: float
) -> Iterator[Incompatibility]:
    """Reasons that concern one task that both sides have."""
    old, new = before.task_record(task), after.task_record(task)
    if old is None or new is None:
        return
    for name, side in (("before", before), ("after", after)):
        yield from _unanswered(name, side, task, max_errors)
    yield from _cases(before, after, task)
    yield from _prompts(before, after, task)
    if old.schema_sha256 != new.schema_sha256:
        yield Incompatibility("schema", "the JSON Schema is another one", task)
    if changed := sorted(_changed(old.compare, new.compare)):
        what = f"output.compare is another one at {', '.join(changed)}"
        yield Incompatibility("compare", what, task)
    if changed := sorted(_changed(old.items, new.items)):
        yield Incompatibility("items", f"output.items is another one at {', '.join(changed)}", task)
    yield from _decoding(old, new)
    yield from _required(before, after, task)


def common_required(before: Side, after: Side, task: str) -> tuple[str, ...]:
    """The required behaviors that both sides judged, in the order of the later run."""
    others = set(required_behaviors(before, task))
    return tuple(name for name in required_behaviors(after, task) if name in others)


def _tasks(side: Side) -> set[str]:
    """The tasks that this side's model answered; other models of the run may have had others."""
    answered = {s.task for s in side.record.samples if s.model == side.model}
    return answered or {t.name for t in side.record.tasks}


def _unanswered(name: str, side: Side, task: str, max_errors: float) -> Iterator[Incompatibility]:
    samples = side.samples(task)
    model = side.model_record
    if not samples:
        why = f": {model.error}" if model and model.error else ""
        yield Incompatibility("empty", f"the run {name} has no answer{why}", task)
        return
    required = required_behaviors(side, task)
    if not required:
        what = f"the run {name} judged none of the required behaviors"
        yield Incompatibility("empty", what, task)
        return
    outcomes = [composite_outcome(sample.verdicts, required) for sample in samples.values()]
    errors = outcomes.count(Outcome.ERROR)
    if has_too_many_errors(errors, len(samples), max_errors):
        share = f"{errors} of {len(samples)} answers {name} are errors"
        yield Incompatibility("errors", f"{share}, at most {max_errors:.3g} of them may be", task)


def has_too_many_errors(errors: int, answers: int, max_errors: float) -> bool:
    """So many answers are errors that the others say too little."""
    return errors > max_errors * answers


def _cases(before: Side, after: Side, task: str) -> Iterator[Incompatibility]:
    old = dict.fromkeys((s.case_id, s.repeat) for s in before.samples(task).values())
    new = dict.fromkeys((s.case_id, s.repeat) for s in after.samples(task).values())
    if not old or not new:
        return
    was, now = (max(repeat for _, repeat in keys) + 1 for keys in (old, new))
    if was != now:
        yield Incompatibility(
            "cases", f"each case was answered {was} times before, {now} times after", task
        )
    is_stopped = after.is_stopped and _planned(after, task) == len({case for case, _ in old})
    for name, only in (("before", [k for k in old if k not in new and not is_stopped]),
                       ("after", [k for k in new if k not in old])):  # fmt: skip
        if only:
            named = _named([case for case, _ in only])
            yield Incompatibility(
                "cases", f"{len(only)} of the answers are only {name}: {named}", task
            )
    if (is_stopped or old.keys() == new.keys()) and _hash(before, task) != _hash(after, task):
        what = "cases.jsonl is another file: references, tags or left-out cases differ"
        yield Incompatibility("cases", what, task)


def _planned(side: Side, task: str) -> int | None:
    described = side.task_record(task)
    return described.cases if described else None


def _hash(side: Side, task: str) -> str | None:
    described = side.task_record(task)
    return described.cases_sha256 if described else None


def _prompts(before: Side, after: Side, task: str) -> Iterator[Incompatibility]:
    old, new = (side.samples(task, by_prompt=False) for side in (before, after))
    shared = [key for key in old if key in new]
    other = [k for k in shared if old[k].prompt_sha256 != new[k].prompt_sha256]
    if other:
        named = _named([case for case, _, _ in other])
        yield Incompatibility(
            "prompts", f"{len(other)} of {len(shared)} prompts differ: {named}", task
        )


def _decoding(old: TaskRecord, new: TaskRecord) -> Iterator[Incompatibility]:
    was, now = asdict(old.sampling), asdict(new.sampling)
    changed = [f"{n} was {_short(was[n])}, is {_short(now[n])}" for n in was if was[n] != now[n]]
    if old.grammar != new.grammar:
        changed.append(f"decoding was {_constraint(old)}, is {_constraint(new)}")
    if changed:
        yield Incompatibility("decoding", "; ".join(changed), old.name)


def _changed(old: Mapping[str, JsonValue], new: Mapping[str, JsonValue]) -> Iterator[str]:
    """The pointers whose rules differ."""
    for pointer in {*old, *new}:
        if old.get(pointer) != new.get(pointer):
            yield repr(pointer)


def _constraint(task: TaskRecord) -> str:
    if task.grammar is None:
        return "free"
    return f"constrained to grammar {sha256_of(task.grammar.identity)[:12]}"


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _required(before: Side, after: Side, task: str) -> Iterator[Incompatibility]:
    old, new = (set(required_behaviors(side, task)) for side in (before, after))
    if old and new and old != new:
        parts = [
            f"only {name}: {', '.join(sorted(only))}"
            for name, only in (("before", old - new), ("after", new - old))
            if only
        ]
        yield Incompatibility("required", f"required behaviors differ, {'; '.join(parts)}", task)


def _named(cases: list[str]) -> str:
    named = list(dict.fromkeys(cases))
    more = len(named) - MAX_NAMED
    return ", ".join(named[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
