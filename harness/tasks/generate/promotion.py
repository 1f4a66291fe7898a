"""Makes a drawn case of a stored run one of its task's own: a line more in ``cases.jsonl``."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.core.errors import HarnessError
from harness.core.record import RunRecord, Sample
from harness.files.atomic import replaced
from harness.files.yaml_file import explain
from harness.tasks.generate.stored import generated_samples
from harness.tasks.task import CASES_FILE, case_of, load_task
from harness.tasks.task_file import CaseLine


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
    line = _line(sample, given.get("reference", sample.reference))
    try:
        case = case_of(CaseLine.model_validate_json(line), loaded.file)
    except ValidationError as error:
        raise HarnessError(f"{case_id}: {explain(error.errors()[0], CaseLine)}") from None
    number = _append(file.resolve(), line)
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


def _line(sample: Sample, reference: object) -> str:
    """The line for ``cases.jsonl``: with the variables, or the messages where there were none."""
    values: dict[str, object] = {"id": sample.case_id}
    if sample.variables:
        values["variables"] = dict(sample.variables)
    else:
        values["messages"] = [{"role": m.role, "content": m.content} for m in sample.messages]
    if reference is not None:
        values["reference"] = reference
    values |= {"tags": list(sample.tags)} if sample.tags else {}
    values |= {"template": sample.template} if sample.template else {}
    line = json.dumps(values, ensure_ascii=False)
    # Escaped where it could not be written, or another program would see several lines.
    is_plain = line.isprintable() and len(line.splitlines()) == 1
    return line if is_plain else json.dumps(values)


def _append(file: Path, line: str) -> int:
    """Add a line to the file, which is replaced as a whole; returns the line's number."""
    before = file.read_bytes()
    ending = b"\r\n" if before.partition(b"\n")[0].endswith(b"\r") else b"\n"
    gap = ending if before and not before.endswith(b"\n") else b""
    after = before + gap + line.encode() + ending
    try:
        with replaced(file) as stream:
            stream.write(after)
    except OSError as error:
        raise HarnessError(f"{file}: cannot be written ({error.strerror})") from None
    return after.count(b"\n")
