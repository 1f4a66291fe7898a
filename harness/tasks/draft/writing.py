"""Writes a drafted task's folder, once its references pass the behaviors that it declares."""

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from harness.core.errors import HarnessError
from harness.files.project import in_project, seen_from
from harness.files.staging import staged
from harness.tasks.case_file import json_line
from harness.tasks.check.grading import TaskGrade, check_task
from harness.tasks.draft.draft import Draft
from harness.tasks.task import CASES_FILE, TASK_FILE

SCHEMA_FILE = "schema.json"
DOUBTFUL = {"grounded": "parts", "exact": "parts", "timestamps": "parts", "words": "whole"}
"""Declarations that are guesses: they are given up by parts, or whole, where references fail."""
_TASK_SCHEMA = Path("schemas/task.schema.json")
_SAYS = {
    "schema": "every answer is held to it",
    "timestamps": "these are dates",
    "grounded": "the prompt must say these values",
    "exact": "these must equal the case's reference",
    "words": "the least and the most number of words",
    "sections": "headings that begin a line, in this order",
    "function": "the variable that names the function",
}


def settled(draft: Draft) -> tuple[Draft, TaskGrade]:
    """The draft without the guesses that its own references do not keep to, and its grade."""
    grade = _graded(draft)
    if grade.is_sound or not draft.declares.keys() & DOUBTFUL.keys():
        return draft, grade
    bare = replace(draft.without(*DOUBTFUL), required=_without(draft.required, *DOUBTFUL))
    kept = {
        name: value
        for name in draft.declares
        if (value := _kept(bare, name, draft.declares[name])) is not None
    }
    given_up = [name for name in DOUBTFUL if name not in kept]
    fewer = replace(draft, declares=kept, required=_without(draft.required, *given_up))
    return fewer, _graded(fewer)


def _kept(bare: Draft, name: str, value: Any) -> Any:
    """As much of a declaration as the references keep to by itself; ``None`` for none of it."""
    kind = DOUBTFUL.get(name)
    if kind is None:
        return value
    if kind == "whole":
        return value if _graded(replace(bare, declares={name: value})).is_sound else None
    pointers = [*value]
    sound = [p for p in pointers if _graded(replace(bare, declares=_one(name, value, p))).is_sound]
    if not sound:
        return None
    return {p: value[p] for p in sound} if isinstance(value, dict) else sound


def _one(name: str, value: Any, pointer: str) -> dict[str, Any]:
    return {name: {pointer: value[pointer]} if isinstance(value, dict) else [pointer]}


def _without(required: Iterable[str], *names: str) -> tuple[str, ...]:
    return tuple(name for name in required if name not in names)


def _graded(draft: Draft) -> TaskGrade:
    with tempfile.TemporaryDirectory() as above:
        folder = Path(above) / draft.name
        folder.mkdir()
        _write_into(folder, draft, None)
        grade = check_task(folder)
    texts = (replace(m, text=m.text.replace(f"{folder}/", "")) for m in grade.mistakes)
    return replace(grade, mistakes=tuple(texts))


def write_task(draft: Draft, folder: Path) -> None:
    """Write the folder whole or not at all.

    Raises:
        HarnessError: something is there, or it cannot be written.
    """
    if folder.exists():
        raise HarnessError(f"{folder}: is there already, choose another name or move it away")
    described = in_project(_TASK_SCHEMA)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with staged(folder) as staging:
            made = staging.path("folder")
            made.mkdir()
            pointer = seen_from(folder.absolute(), Path.cwd(), described)
            _write_into(made, draft, pointer if described.is_file() else None)
            made.rename(folder)
    except OSError as error:
        raise HarnessError(f"{folder}: cannot be written ({error.strerror})") from None


def _write_into(folder: Path, draft: Draft, described: Path | None) -> None:
    """
    Raises:
        HarnessError: a text of it is none.
    """
    _require_text(draft)
    lines = "".join(f"{line}\n" for line in _task_lines(draft, described))
    (folder / TASK_FILE).write_text(lines, "utf-8")
    cases = "".join(f"{json_line(case)}\n" for case in draft.cases)
    (folder / CASES_FILE).write_text(cases, "utf-8")
    if draft.schema is not None:
        text = json.dumps(draft.schema, indent=2, ensure_ascii=False)
        (folder / SCHEMA_FILE).write_text(f"{text}\n", "utf-8")


def _require_text(draft: Draft) -> None:
    for what, value in (("prompt", draft.prompt), ("schema", draft.schema), *_each_case(draft)):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise HarnessError(
                f"{draft.name}: its {what} has half a character (a lone surrogate, or a byte that "
                "is not UTF-8), which no file of text can hold: take it out"
            ) from None


def _each_case(draft: Draft) -> Iterator[tuple[str, Any]]:
    return ((f"case {number}", case) for number, case in enumerate(draft.cases, 1))


def _task_lines(draft: Draft, described: Path | None) -> Iterator[str]:
    """``task.yaml``, with a word on what each part is for."""
    if described is not None:
        yield f"# yaml-language-server: $schema={described.as_posix()}"
    yield f"description: {_value(f'{draft.name}: say in one line what is asked')}"
    if draft.prompt is not None:
        yield "# {name} is a variable of the case."
        yield f"prompt: {_value(draft.prompt)}"
    yield "output:"
    yield f"  format: {draft.format}"
    for name, value in _declared(draft):
        shown = value if name == "schema" else _value(value)
        yield f"  {name}: {shown}  # {_SAYS[name]}"
    yield "sampling: {max_new_tokens: 256, temperature: 0}"
    yield "# These together are format_success_rate."
    yield f"required: {_value([*draft.required])}"
    yield "# The least share of answers that pass; a behavior without one must reach 0.95."
    budgets = {"exact": ("exact_fields", 0.8), "grounded": ("grounding", 0.85)}
    own = {key: rate for name, (key, rate) in budgets.items() if name in draft.declares}
    yield f"budgets: {_value({draft.required[0]: 0.95, **own})}"


def _declared(draft: Draft) -> Iterator[tuple[str, Any]]:
    if draft.schema is not None:
        yield "schema", SCHEMA_FILE
    yield from draft.declares.items()


def _value(value: Any) -> str:
    """The value on one line of YAML."""
    how = {"default_style": '"'} if isinstance(value, str) else {"default_flow_style": True}
    text = yaml.safe_dump(value, width=sys.maxsize, sort_keys=False, allow_unicode=True, **how)
    return str(text).strip().removesuffix("\n...").strip()
