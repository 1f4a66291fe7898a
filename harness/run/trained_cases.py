"""Says which of a run's cases its models were trained on, by the sketch of the training rows beside
each adapter, or beside what was exported of it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from harness.core.modelref import ModelRef
from harness.core.record import ModelRecord, RunRecord
from harness.core.trained import trained_share
from harness.files.strict_json import UnreadableFile
from harness.model_files.hub import local_copy
from harness.model_files.trained_rows import own_sketch
from harness.model_files.training_sketch import TrainingSketch, read_sketch, trained_cases
from harness.run.plan import RunPlan

MAX_NAMED = 5
"""Cases named in a warning; the record has all."""


def with_trained_cases(record: RunRecord, plan: RunPlan) -> RunRecord:
    """The record in which each model has the cases that it was trained on, and a warning of each
    task with such cases."""
    refs = {str(ref): ref for ref in plan.requests}
    return replace(record, models=tuple(_told(m, refs[m.ref], plan) for m in record.models))


def with_trained_warnings(record: RunRecord, plan: RunPlan) -> RunRecord:
    """The record with what its models are known to be trained on in the order of the plan, and a
    warning of each task with such cases."""
    refs = {str(ref): ref for ref in plan.requests}
    models = [replace(m, trained_cases=_in_order(m.trained_cases, plan)) for m in record.models]
    return replace(
        record,
        models=tuple(
            replace(m, warnings=(*m.warnings, *_warnings(m, refs[m.ref], plan))) for m in models
        ),
    )


def _in_order(
    found: Mapping[str, tuple[str, ...]] | None, plan: RunPlan
) -> Mapping[str, tuple[str, ...]] | None:
    if found is None:
        return None
    return {
        name: tuple(case.id for case in task.cases if case.id in found[name])
        for name, task in plan.tasks.items()
        if name in found
    }


def _told(model: ModelRecord, ref: ModelRef, plan: RunPlan) -> ModelRecord:
    path = own_sketch(_files_of(ref), model.files)
    if path is not None:
        try:
            sketch = read_sketch(path)
        except UnreadableFile as error:
            warning = f"{path.name} {error}: it is not known which cases the model was trained on"
            return replace(model, warnings=(*model.warnings, warning))
        model = replace(model, trained_cases=dict(_found(sketch, ref, plan)))
    return replace(model, warnings=(*model.warnings, *_warnings(model, ref, plan)))


def _files_of(ref: ModelRef) -> Path:
    """The folder or the file that was trained."""
    named = ref.option("lora") or ref.location
    return local_copy(named) or Path(named)


def _found(
    sketch: TrainingSketch, ref: ModelRef, plan: RunPlan
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """All cases of a task are compared, so that what they share is known; those asked are kept."""
    for name, asked in _asked(ref, plan).items():
        task = plan.tasks[name]
        matches = trained_cases(sketch, [case.prompt for case in task.cases], task.prompt_parts)
        if own := tuple(i for m in matches if (i := task.cases[m.index].id) in asked):
            yield name, own


def _warnings(model: ModelRecord, ref: ModelRef, plan: RunPlan) -> Iterator[str]:
    asked = _asked(ref, plan)
    for name, cases in (model.trained_cases or {}).items():
        named = ", ".join(cases[:MAX_NAMED]) + (", ..." if len(cases) > MAX_NAMED else "")
        share = trained_share(len(cases), len(asked.get(name, cases)), name)
        yield f"{share} ({named}): their rates say nothing about new prompts"


def _asked(ref: ModelRef, plan: RunPlan) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for request in plan.requests[ref]:
        found.setdefault(request.task, set()).add(request.case_id)
    return found
