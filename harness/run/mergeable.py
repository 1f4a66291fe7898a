"""Checks that runs are the shards of one run: all of them, each once, of the same models, settings
and versions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from harness.core.errors import HarnessError
from harness.core.record import ModelRecord, RunRecord, TaskRecord
from harness.core.shard import Shard
from harness.engine.model import IDENTITY

SAME = (*IDENTITY, "dtype", "quantization", "template_clock", "is_measurable", "is_served")
"""Fields of a model that all shards share."""


def require_mergeable(runs: Sequence[RunRecord]) -> tuple[RunRecord, ...]:
    """The runs by the index of their shards; their samples are not looked at.

    Raises:
        HarnessError: one line with the first reason why they are not one run.
    """
    for mistake in chain(_strangers(runs), _incomplete(runs), _differences(_by_index(runs))):
        raise HarnessError(mistake)
    return _by_index(runs)


def device_kind(model: ModelRecord) -> str:
    """``cuda`` for any of several GPUs."""
    return (model.device or "").partition(":")[0]


def _shard(run: RunRecord) -> Shard:
    return run.shard or Shard(1, 1)


def _by_index(runs: Iterable[RunRecord]) -> tuple[RunRecord, ...]:
    return tuple(sorted(runs, key=lambda run: _shard(run).index))


def _strangers(runs: Sequence[RunRecord]) -> Iterator[str]:
    for run in runs:
        if run.shard is None:
            yield f"run {run.id}: is no shard, it was made without --shard"
    first, whole = runs[0], _shard(runs[0])
    for run in runs:
        shard = _shard(run)
        if shard.count != whole.count:
            yield f"run {run.id} is {shard}, run {first.id} is {whole}: they are of two divisions"
        elif shard.plan_fingerprint != whole.plan_fingerprint:
            yield (
                f"run {run.id} ({shard}) and run {first.id} ({whole}): are shards of two plans, "
                "with other cases, prompts or decoding"
            )
        elif shard.suites_sha256 != whole.suites_sha256:
            yield f"run {run.id} ({shard}) and run {first.id} ({whole}): had other suites"


def _incomplete(runs: Sequence[RunRecord]) -> Iterator[str]:
    found: dict[int, RunRecord] = {}
    for run in runs:
        shard = _shard(run)
        if (other := found.get(shard.index)) is not None:
            yield f"{shard} is there twice, as run {other.id} and run {run.id}: leave one out"
        found[shard.index] = run
    count = _shard(runs[0]).count
    if missing := [f"{i}/{count}" for i in range(1, count + 1) if i not in found]:
        are = f"shards {', '.join(missing)} are" if len(missing) > 1 else f"shard {missing[0]} is"
        yield f"{are} missing"
    for run in runs:
        again = f"{_shard(run)} (run {run.id})"
        if run.status != "complete":
            yield f"{again}: was interrupted, run it again to its end"
        for model in run.models:
            if model.error:
                yield f"{again}: {model.ref}: {model.error}; run it again"


def _differences(runs: Sequence[RunRecord]) -> Iterator[str]:
    """What the shards of one plan must have had in common, each told against the first."""
    first = runs[0]
    known = {m.ref: (first, m) for m in first.models}
    for run in runs[1:]:
        pair = f"{_shard(run)} (run {run.id}) and {_shard(first)} (run {first.id})"
        for name, was, now in _versions(first.environment, run.environment):
            yield f"{pair}: ran with {name} {now} and {was}"
        if list(map(_asked, run.tasks)) != list(map(_asked, first.tasks)):
            yield f"{pair}: had other tasks, budgets or required behaviors"
        for model in run.models:
            other, before = known.setdefault(model.ref, (run, model))
            differ = [n for n in SAME if getattr(model, n) != getattr(before, n)]
            if device_kind(model) != device_kind(before):
                differ.append("device")
            if differ:
                yield (
                    f"{_shard(run)} (run {run.id}): {model.ref} is another model than in "
                    f"{_shard(other)} (run {other.id}), by its {', '.join(differ)}"
                )


def _asked(task: TaskRecord) -> TaskRecord:
    return replace(task, cases=0, selected=False)


def _versions(
    first: Mapping[str, object], other: Mapping[str, object]
) -> Iterator[tuple[str, object, object]]:
    """Name and both versions of what differs."""
    was, now = (
        {
            "harness": found.get("harness"),
            "Python": found.get("python"),
            **(packages if isinstance(packages := found.get("packages"), dict) else {}),
        }
        for found in (first, other)
    )
    for name in sorted({*was, *now}):
        if was.get(name) != now.get(name):
            yield name, was.get(name), now.get(name)
