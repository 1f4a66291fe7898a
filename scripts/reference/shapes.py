"""Says in words which values a JSON Schema takes: ``list of texts``, ``number above 0``."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

Schema = Mapping[str, Any]
HUGE = 2**31 - 1
"""A bound as large as this keeps numbers within what machines hold, and says nothing to a
reader."""
ANYTHING = "any value of JSON"
"""The shape of a definition that refers to itself, and of one without a type."""
_NAMES = {
    "string": ("text", "texts"),
    "integer": ("whole number", "whole numbers"),
    "number": ("number", "numbers"),
    "boolean": ("`true` or `false`", "`true` or `false`"),
    "object": ("object", "objects"),
}


def shape(schema: Schema, parts: Mapping[str, Schema], *, is_many: bool = False) -> str:
    """The shape that a schema describes; ``null`` is left out, since it says that a key is not
    given.

    Args:
        schema: of the value.
        parts: the definitions that it may refer to, by name.
        is_many: say it in the plural.
    """
    if "$ref" in schema:
        part = parts[schema["$ref"].rpartition("/")[2]]
        is_nested = schema["$ref"] in json.dumps(part)
        return ANYTHING if is_nested else shape(part, parts, is_many=is_many)
    if (values := _values(schema)) is not None:
        return _any_of(f"`{_plain(value)}`" for value in values)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            own = [s for s in schema[word] if s.get("type") != "null"]
            return _any_of(dict.fromkeys(shape(s, parts, is_many=is_many) for s in own))
    kind = schema.get("type")
    if kind == "array":
        return _array(schema, parts)
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        inner = shape(schema["additionalProperties"], parts)
        return f"object of {_names(schema, parts)} to {inner}"
    if kind not in _NAMES:
        return ANYTHING
    return f"{_NAMES[kind][is_many]}{_bounds(schema)}"


def _values(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _array(schema: Schema, parts: Mapping[str, Schema]) -> str:
    if first := schema.get("prefixItems"):
        return f"list of {len(first)} {shape(first[0], parts, is_many=True)}"
    return f"list of {shape(schema.get('items', {}), parts, is_many=True)}"


def _names(schema: Schema, parts: Mapping[str, Schema]) -> str:
    return shape(schema["propertyNames"], parts) if "propertyNames" in schema else "name"


def _any_of(shapes: Iterable[str]) -> str:
    *some, last = shapes
    return f"{', '.join(some)} or {last}" if some else last


def _bounds(schema: Schema) -> str:
    """`` from 1 to 9``, `` above 0, at most 1``; empty without a bound."""
    above, most = schema.get("exclusiveMinimum"), schema.get("maximum")
    least = schema.get("minimum", above + 1 if _is_whole(schema, above) else None)
    if least is not None and abs(least) < HUGE:
        return f" from {least:g}{_told(' to', most)}"
    return ",".join(filter(None, (_told(" above", above), _told(" at most", most))))


def _is_whole(schema: Schema, above: float | None) -> bool:
    return above is not None and schema["type"] == "integer"


def _told(word: str, bound: float | None) -> str:
    return "" if bound is None or abs(bound) >= HUGE else f"{word} {bound:g}"
