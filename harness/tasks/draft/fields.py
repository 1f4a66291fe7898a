"""Reads fields as a person types them, ``total:number, currency:EUR|USD, note?``, into a schema."""

import re
from typing import Any

from harness.core.errors import HarnessError
from harness.core.suggestion import did_you_mean

OPTION = "--fields"
TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "minLength": 1},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
}
_OTHER_NAMES = {
    **dict.fromkeys(("string", "str"), "text"),
    **dict.fromkeys(("float", "decimal", "money"), "number"),
    **dict.fromkeys(("int", "whole"), "integer"),
    "bool": "boolean",
}
_FIELD = re.compile(r"(?P<name>[^\s:?,]+)(?P<may_miss>\?)?(?:\s*:\s*(?P<type>[^\s,]+))?")
_LIST = "[]"


def field_names(text: str) -> list[str]:
    """The parts between the commas.

    Raises:
        HarnessError: there is none, or one stands twice.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    names = [part.partition(":")[0].rstrip("? ") for part in parts]
    if not parts:
        raise HarnessError(f"{OPTION}: names no field, such as 'vendor, total:number'")
    if twice := [name for name in names if names.count(name) > 1]:
        raise HarnessError(f"{OPTION}: {twice[0]} stands twice, name each field once")
    return parts


def fields_schema(text: str, *, are_columns: bool = False) -> dict[str, Any]:
    """The JSON Schema of an object with these fields: ``NAME[?][:TYPE]`` with commas between.

    A type is one of ``TYPES``, values with ``|`` between, or either with ``[]`` for a list; ``?``
    lets the field be missing. Columns of a table hold no lists, and ``?`` lets their cells be
    empty, which then are null.

    Raises:
        HarnessError: a part is no field.
    """
    properties, needed = dict[str, Any](), list[str]()
    for part in field_names(text):
        match = _FIELD.fullmatch(part)
        if match is None:
            raise HarnessError(f"{OPTION}: {part!r} is no field, write NAME or NAME:TYPE")
        name, may_miss = match["name"], match["may_miss"] is not None
        kind = _type(name, match["type"] or "text")
        properties[name] = _cell(name, kind, may_be_empty=may_miss) if are_columns else kind
        if are_columns or not may_miss:
            needed.append(name)
    return object_schema(properties, needed)


def object_schema(properties: dict[str, Any], needed: list[str]) -> dict[str, Any]:
    """A closed object, in which these properties must be."""
    return {
        "type": "object",
        "properties": properties,
        "required": needed,
        "additionalProperties": False,
    }


def _cell(name: str, kind: dict[str, Any], *, may_be_empty: bool) -> dict[str, Any]:
    if kind.get("type") == "array":
        raise HarnessError(
            f"{OPTION}: {name}: a cell of CSV holds one value and no list, leave {_LIST} out or "
            "choose --format jsonl"
        )
    if not may_be_empty:
        return kind
    if "enum" in kind:
        return {"enum": [*kind["enum"], None]}
    return {**kind, "type": [kind["type"], "null"]}


def _type(name: str, text: str) -> dict[str, Any]:
    if text.endswith(_LIST):
        return {"type": "array", "items": _type(name, text.removesuffix(_LIST))}
    if "|" in text:
        if not (values := [value for value in text.split("|") if value]):
            raise HarnessError(f"{OPTION}: {name}: names no value, such as {name}:EUR|USD")
        return {"enum": values}
    known = _OTHER_NAMES.get(text.lower(), text.lower())
    if known not in TYPES:
        hint = did_you_mean(text, [*TYPES, *_OTHER_NAMES], f"there are {', '.join(TYPES)}")
        raise HarnessError(f"{OPTION}: {name}: no type {text!r}, {hint}")
    return dict(TYPES[known])
