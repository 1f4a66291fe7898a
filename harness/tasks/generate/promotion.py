"""Makes a drawn case of a stored run one of its task's own: a line more in ``cases.jsonl``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.record import RunRecord, Sample
from harness.tasks.case_file import append_line, case_of_text, json_line
from harness.tasks.generate.stored import generated_samples
from harness.tasks.task import CASES_FILE, load_task


@dataclass(frozen=True, slots=True)
class Promoted:
    """A case that was added to its task."""

    file: Path
    line: int
    """Line number in the file, from 1."""
    task: str
    is_same_prompt: bool
    """False when the task's prompt has changed since the run: the case asks in today's words."""


def promote(
    run: RunRecord, case_id: str, tasks_dir: Path, *, task: str | None = None, **given: Any
) -> Promoted:
    """Add a drawn case or a counterexample of ``run`` to the task it was drawn for.

    ``reference=`` goes before the reference that was drawn with the case. The file is replaced as a
    whole: what stood in it stays, byte by byte.

    Raises:
        HarnessError: there is no such case, it is in the file already, or cannot stand there.
    """
    sample = _sample(run, case_id, task)
    loaded = load_task(tasks_dir / sample.task)
    file = loaded.path / CASES_FILE
    if case_id in loaded.cases_by_id:
        raise HarnessError(f"{file}: has a case {case_id!r} already, ids are unique")
    line = line_of_sample(sample, **given)
    try:
        case = case_of_text(line, loaded.file)
    except HarnessError as error:
        raise HarnessError(f"{case_id}: {error}") from None
    number = append_line(file.resolve(), line)
    return Promoted(file, number, sample.task, case.messages == sample.messages)


def _sample(run: RunRecord, case_id: str, task: str | None) -> Sample:
    known = [s for s in generated_samples(run) if task in (None, s.task)]
    found = [s for s in known if s.case_id == case_id]
    if len(found) == 1:
        return found[0]
    if found:
        tasks = ", ".join(sample.task for sample in found)
        raise HarnessError(f"{case_id}: several tasks of run {run.id} have it, add --task: {tasks}")
    smallest = dict.fromkeys(c.sample.case_id for c in run.counterexamples)
    hint = f"its smallest failing are {', '.join(smallest)}" if smallest else "none failed there"
    raise HarnessError(f"{case_id}: run {run.id} drew no such case, {hint}")


def line_of_sample(sample: Sample, *, must_pass: bool = False, **given: object) -> str:
    """The line for ``cases.jsonl``: with the variables, or the messages where there were none, and
    with ``reference=`` in the place of the sample's references."""
    values: dict[str, object] = {"id": sample.case_id}
    if sample.variables:
        values["variables"] = dict(sample.variables)
    else:
        values["messages"] = [{"role": m.role, "content": m.content} for m in sample.messages]
    reference = given.get("reference", sample.reference)
    if sample.alternatives and not given:
        values["references"] = [reference, *sample.alternatives]
    elif reference is not None:
        values["reference"] = reference
    values |= {"tags": list(sample.tags)} if sample.tags else {}
    values |= {"template": sample.template} if sample.template else {}
    values |= {"weight": sample.weight} if sample.weight != 1 else {}
    values |= {"must_pass": True} if must_pass else {}
    return json_line(values)
