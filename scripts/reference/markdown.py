"""Markdown of what the code says about itself: docstrings, fields, tables."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from harness.files.described_schema import schema_of
from scripts.reference.shapes import shape


def prose(text: str) -> str:
    """A docstring as Markdown: double backticks become single ones, lines are joined."""
    return in_code(re.sub(r"``(.+?)``", r"`\1`", " ".join(text.split())))


def in_code(text: str) -> str:
    """``text`` with words that HTML would take for tags in backticks."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(p if p.startswith("`") else re.sub(r"(<[\w/][^>]*>)", r"`\1`", p) for p in parts)


def paragraphs(text: str) -> str:
    r"""A docstring of several paragraphs; one that opens with ``\b`` is a block as it stands."""
    found = re.split(r"\n\s*\n", inspect.cleandoc(text))
    return "\n\n".join(map(_paragraph, found))


def _paragraph(text: str) -> str:
    if text.startswith("\b"):
        lines = textwrap.dedent(text.removeprefix("\b").strip("\n"))
        return f"```\n{lines}\n```"
    return prose(text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells keep to one line, and a bar in them is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def field_docs(model: type) -> dict[str, str]:
    """Name of each field to the docstring underneath it, those of parent classes included."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if owner.__module__.split(".")[0] in ("harness", "trainers"):
            found |= _own_field_docs(owner)
    return found


def _own_field_docs(owner: type) -> dict[str, str]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for statement, below in zip(tree.body, tree.body[1:], strict=False):
        match statement, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = text
    return found


def fields_of(model: Any) -> dict[str, Any]:
    """The fields of a pydantic model or of a dataclass, by name."""
    if is_dataclass(model):
        return {f.name: f for f in fields(model)}
    return dict(model.model_fields)


def key_of(model: Any, name: str) -> str:
    """The field as a file spells it."""
    return getattr(fields_of(model)[name], "alias", None) or name


def type_of(model: Any, name: str) -> str:
    """The shape of a field's value in words: its own description, or what its JSON Schema says."""
    if described := getattr(fields_of(model)[name], "description", None):
        return str(described)
    schema = _schema(model)
    return shape(schema["properties"][key_of(model, name)], schema.get("$defs", {}))


@cache
def _schema(model: Any) -> dict[str, Any]:
    return schema_of(model, model.__name__)


def default(field: Any) -> str:
    """The default of a field of pydantic or of a dataclass, as a person would type it."""
    value = field.default
    factory = getattr(field, "default_factory", None)
    if value in (PydanticUndefined, MISSING):
        return "required" if factory in (None, MISSING) else "none"
    return shown(value)


def shown(value: Any) -> str:
    if value is None or value == "" or (not isinstance(value, bool | int | float) and not value):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Decimal):
        return f"`{value}`"
    if isinstance(value, BaseModel):
        return "those of its keys"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{value}`" if isinstance(value, int | float | str) else "see below"


def key_table(model: Any, without: Iterable[str] = ()) -> str:
    """Key, type, default and meaning of the fields of a model that reads a file."""
    said = field_docs(model)
    rows = [
        (
            f"`{key_of(model, name)}`",
            type_of(model, name),
            default(field),
            prose(said.get(name, "")),
        )
        for name, field in fields_of(model).items()
        if name not in without
    ]
    return table(("key", "type", "default", "meaning"), rows)


def field_table(value: type) -> str:
    """Name, type and meaning of the fields of a dataclass."""
    said = field_docs(value)
    rows = [
        (f"`{f.name}`", f"`{type_name(f.type)}`", prose(said.get(f.name, "")))
        for f in fields(value)
    ]
    return table(("field", "type", "meaning"), rows)


def type_name(kind: Any) -> str:
    text = kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))
    if not isinstance(kind, str) and getattr(kind, "__args__", None):
        text = str(kind)
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", text)
