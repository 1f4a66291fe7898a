"""The selection of a run: which cases of a task a model was asked, as a key and in words.

Runs stand on one line of a history only where their selections are equal, and a run of a part of
the cases, or of some of the suites, is no ``latest`` that a gate decides on.
"""

from collections.abc import Iterator

from harness.core.record import ModelRecord, RunRecord, TaskRecord

SelectionKey = tuple[str, ...]


def selection_key(run: RunRecord, task: TaskRecord, model: ModelRecord | None) -> SelectionKey:
    """A key that two runs share where both asked the whole task, or the same part of it."""
    if run.shard is not None or task.selected or task.generate_seed is not None:
        part: SelectionKey = (run.plan_fingerprint,)
    else:
        part = ()
    stop = model.early_stop if model else None
    return (*part, f"{stop.asked}/{stop.total}") if stop and stop.is_stopped else part


def selection_words(run: RunRecord, task: TaskRecord, model: ModelRecord | None) -> str:
    """``all 300``, ``12 selected``, ``50 drawn, seed 3``, ``shard 1/4``: the noun is cases."""
    stop = model.early_stop if model else None
    if run.shard is not None:
        return str(run.shard)
    if stop and stop.is_stopped:
        return f"{stop.asked:,} of {stop.total:,}, stopped early"
    if task.generate_seed is not None:
        return f"{task.cases:,} drawn, seed {task.generate_seed}"
    return f"{task.cases:,} selected" if task.selected else f"all {task.cases:,}"


def part_of(run: RunRecord) -> str:
    """The part of its tasks that a run is about: ``asked 12 selected cases of json_extraction``,
    ``judged json_extraction without json_validity``; empty where it is whole."""
    if run.status != "complete":
        return "was interrupted"
    if run.shard is not None:
        return f"is {run.shard}"
    return " and ".join(dict.fromkeys(_parts(run)))


def _parts(run: RunRecord) -> Iterator[str]:
    for task in run.tasks:
        if task.selected and task.generate_seed is None:
            yield f"asked {task.cases:,} selected cases of {task.name}"
        yield from filter(None, (judged_part(run, task, model) for model in run.models))


def judged_part(run: RunRecord, task: TaskRecord, model: ModelRecord) -> str:
    """``judged json_extraction without json_validity``: required behaviors that did not judge the
    model where others did; empty where all of them did, or none."""
    found = {r.behavior for r in run.results if (r.model, r.task) == (model.ref, task.name)}
    missing = [name for name in task.required if name not in found] if found else []
    more = f" and {len(missing) - 2} more" if len(missing) > 2 else ""
    return f"judged {task.name} without {', '.join(missing[:2])}{more}" if missing else ""
