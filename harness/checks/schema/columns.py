"""The columns that a schema of a list of objects names, with the types of their values.

References into the schema itself and all branches are followed; nothing else is looked at.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from harness.checks.json.pointer import tokens_of
from harness.checks.schema.schema import Schema
from harness.checks.text.format_rules import Column

_BRANCHES = ("allOf", "anyOf", "oneOf")
_KINDS = ((bool, "boolean"), (str, "string"), (type(None), "null"), (int | float, "number"))


@lru_cache(maxsize=32)
def columns_of(schema: Schema) -> tuple[Column, ...]:
    """The columns in the order of the schema's properties; none where it names none."""
    raw = schema.raw
    rows = [
        row for part in _parts(raw, raw) if "items" in part for row in _parts(raw, part["items"])
    ]
    types: dict[str, set[str]] = {}
    for row in rows:
        properties = row.get("properties")
        for name, node in properties.items() if isinstance(properties, dict) else ():
            types.setdefault(name, set()).update(_types(raw, node))
    return tuple(Column(name, frozenset(found)) for name, found in types.items())


def _types(raw: Any, node: Any) -> Iterator[str]:
    for part in _parts(raw, node):
        named = part.get("type", ())
        yield from [named] if _is_text(named) else filter(_is_text, named)
        values = part.get("enum", [part["const"]] if "const" in part else [])
        for value in values if "type" not in part else ():
            yield next((name for kind, name in _KINDS if isinstance(value, kind)), "object")


def _is_text(name: object) -> bool:
    return isinstance(name, str)


def _parts(raw: Any, node: Any) -> Iterator[Mapping[str, Any]]:
    """A schema's object with those that it refers to and its branches, each once."""
    waiting, seen = deque([node]), set[int]()
    while waiting:
        part = waiting.popleft()
        if not isinstance(part, dict) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        waiting += [_referred(raw, part.get("$ref"))]
        for name in _BRANCHES:
            branches = part.get(name)
            waiting += branches if isinstance(branches, list) else []


def _referred(raw: Any, reference: Any) -> Any:
    """The object that a pointer into the schema leads to; ``None`` where it leads elsewhere."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found = raw
    for token in tokens_of(reference[1:]):
        found = found.get(token) if isinstance(found, dict) else None
    return found
