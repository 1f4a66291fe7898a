"""The keys of ``task.yaml`` and of a line of ``cases.jsonl``, from the models that read them."""

import dataclasses
import json
import typing
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from harness.checks import listing
from harness.checks.declared.output import Format, Output, OutputParts
from harness.checks.declared.timestamp_rule import Kind, TimestampRule
from harness.checks.schema.schema import compile_schema
from harness.checks.text.game_clock import Sport
from harness.tasks.task_file import CaseData, TaskFile, limit_budgets
from scripts.reference.markdown import (
    default,
    field_docs,
    key_of,
    key_table,
    paragraphs,
    table,
    type_of,
)

INTRODUCTION = """\
# Keys of a task

Every key of `task.yaml` and of a line of `cases.jsonl`. [Writing a task](../writing-a-task.md)
shows how they are used; [task.schema.json](../../harness/tasks/schemas/task.schema.json) and
[case.schema.json](../../harness/tasks/schemas/case.schema.json) have an editor complete and check
both files. *Needed by* names the [behaviors](behaviors.md) that apply only where the key is given.
"""
OUTPUT = """\
The object `output` of `task.yaml`. A key marked *task, case* may stand in a line of `cases.jsonl`
too, beside the case's other keys: there it holds for that case, in the place of the task's. A
pointer is a JSON pointer in which `*` stands for every item: `/timeline/*/ts`.
"""
CASES = """\
One JSON object a line. A line may have the keys of [`output`](#output) too that a case may have.
"""
HEAD = ("key", "type", "default", "example", "meaning")
HEAD_OF_OUTPUT = ("key", "default", "formats", "in", "needed by")


def page() -> str:
    parts = [
        INTRODUCTION,
        "## task.yaml",
        _table(TaskFile, flow),
        *_sections(TaskFile, without=("output",)),
        "## output",
        OUTPUT,
        _output_table(),
        *map(_of_output, Output.model_fields),
        "## cases.jsonl",
        CASES,
        _table(CaseData, json.dumps),
        *_sections(CaseData, " of a case"),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


# Tables


def _table(model: type[BaseModel], written: Callable[[Any], str]) -> str:
    rows = []
    for name, field in model.model_fields.items():
        first, *_ = _said(model, name)
        example = next(iter(examples(model, name)), None)
        shown = "" if example is None else f"`{written(example)}`"
        told = f"{first} {_needed_by(name)}".strip()
        rows.append((f"`{name}`", type_of(model, name), default(field), shown, told))
    return table(HEAD, rows)


def _needed_by(name: str) -> str:
    """Behaviors that a key beside ``output`` makes apply."""
    found = [
        behavior.name
        for behavior in listing().values()
        if name in behavior.needs or (name == "budgets" and behavior.budgets)
    ]
    return f"Needed by {_named(found)}." if found else ""


def _output_table() -> str:
    rows = [
        (
            f"[`{_key(name)}`](#{_key(name)})",
            default(field),
            ", ".join(formats_of(name)) or "all",
            "task, case" if name in OutputParts.model_fields else "task",
            _named(needing(name)),
        )
        for name, field in Output.model_fields.items()
    ]
    return table(HEAD_OF_OUTPUT, rows)


def _named(behaviors: list[str]) -> str:
    return ", ".join(f"[`{name}`](behaviors.md#{name})" for name in behaviors)


# One key


def _of_output(name: str) -> str:
    field = Output.model_fields[name]
    facts = f"Type: {type_of(Output, name)}. Default: {default(field)}."
    parts = [f"### {_key(name)}", facts, *_said(Output, name), _block(Output, name)]
    return "\n\n".join([*filter(None, parts), *_nested(Output, name)])


def _sections(
    model: type[BaseModel], suffix: str = "", without: tuple[str, ...] = ()
) -> Iterator[str]:
    """Keys of which there is more to say than the table does."""
    for name in model.model_fields:
        said = [*_said(model, name), *_limits(name)]
        nested = [] if name in without else [*_nested(model, name)]
        if len(said) > 1 or nested:
            yield "\n\n".join([f"### {name}{suffix}", *said, *nested])


def _limits(name: str) -> Iterator[str]:
    if name == "budgets":
        yield f"Limits, which are a most: {', '.join(f'`{most}`' for most in limit_budgets())}."


def _nested(model: type[BaseModel], name: str) -> Iterator[str]:
    """Tables of the objects that may stand under a key."""
    for inner in models_in(model.model_fields[name].annotation):
        tag = _tag(inner)
        yield f"With `type: {tag}`:" if tag else "Keys of an object there:"
        yield key_table(inner)
        if inner is TimestampRule:
            yield from _times()


def _tag(model: Any) -> str:
    """The value of ``type`` by which one of several objects is told."""
    field = getattr(model, "model_fields", {}).get("type")
    return str(get_args(field.annotation)[0]) if field else ""


def models_in(annotation: Any) -> Iterator[Any]:
    """The models that an annotation has in any part, in its order."""
    if isinstance(annotation, type) and (
        issubclass(annotation, BaseModel) or dataclasses.is_dataclass(annotation)
    ):
        yield annotation
    for part in typing.get_args(annotation):
        yield from models_in(part)


def _times() -> Iterator[str]:
    """The kinds of time, and the clocks of sports."""
    bounds = {"earliest": "0", "latest": "1"}
    rules = {
        kind: TimestampRule(kind, **bounds if kind == "unix" else {}) for kind in get_args(Kind)
    }
    yield table(("kind of time", "is"), ((f"`{k}`", rule.expected) for k, rule in rules.items()))
    clocks = {sport: TimestampRule("game_clock", sport=sport) for sport in get_args(Sport)}
    yield table(("sport", "its clock"), ((f"`{s}`", rule.expected) for s, rule in clocks.items()))


# What the models say


def _said(model: type[BaseModel], name: str) -> list[str]:
    """The paragraphs about a key."""
    return paragraphs(field_docs(model).get(name, "")).split("\n\n")


def _key(name: str) -> str:
    return key_of(Output, name)


def examples(model: type[BaseModel], name: str) -> list[Any]:
    """The examples of a key: its field's, the other value of a switch, another one of several
    words."""
    field = model.model_fields[name]
    if field.examples:
        return field.examples
    if isinstance(field.default, bool):
        return [not field.default]
    return [word for word in get_args(field.annotation) if word != field.default][:1]


def _block(model: type[BaseModel], name: str) -> str:
    lines = [f"{_key(name)}: {flow(example)}" for example in examples(model, name)]
    return "\n\n".join(f"```yaml\n{line}\n```" for line in lines)


def flow(value: Any) -> str:
    """YAML of a value on one line."""
    if isinstance(value, str) and "{" in value:
        return json.dumps(value)
    shown = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False)
    return shown.strip().removesuffix("\n...")


# Who needs a key


def formats_of(name: str) -> list[str]:
    """The formats that can have a key; none where all can."""
    return [form for form in get_args(Format) if _key(name) in Output.parts_of(form)]


def needing(name: str) -> list[str]:
    """Behaviors that need what a key declares."""
    return [b.name for b in listing().values() if b.needs & declared_by(name)]


@cache
def declared_by(name: str) -> frozenset[str]:
    """The words of ``Output.declares`` that a key adds to an output without it."""
    if name == "format":
        return frozenset(word for form in get_args(Format) for word in _output(form).declares)
    form = (formats_of(name) or get_args(Format))[0]
    bare = _output(form)
    if name == "given_schema":
        return bare.with_schema(compile_schema(True)).declares - bare.declares
    given = OutputParts.model_validate({_key(name): examples(Output, name)[0]})
    return bare.model_copy(update={name: getattr(given, name)}).declares - bare.declares


def _output(form: str) -> Output:
    return Output.model_validate({"format": form})
