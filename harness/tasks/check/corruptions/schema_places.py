"""The part of a schema that speaks of one place in a value, with its references followed.

A place is known where ``properties``, ``items`` and their kin lead to it, through ``$ref``,
``allOf`` and alternatives of which all but one are ``null``: the way that Pydantic writes models.
Where more has a say, nothing is said.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from referencing import Registry
from referencing.exceptions import Unresolvable

from harness.checks.schema.dialects import LATEST, dialect_of
from harness.checks.schema.schema import Schema
from harness.checks.text.document import Path

MAX_FOLLOWED = 100
"""References and alternatives that may lead on from one place."""
PLAIN_KEYWORDS = frozenset(
    {"type", "title", "description", "default", "examples", "$comment", "deprecated"}
    | {"readOnly", "writeOnly"}
)
_CONTAINER_KEYWORDS = PLAIN_KEYWORDS | {
    *("$schema", "$id", "id", "$anchor", "$defs", "definitions", "properties", "required"),
    *("additionalProperties", "items", "minItems", "maxItems"),
}
_KEYS_AND_ITEMS = _CONTAINER_KEYWORDS | {
    *("prefixItems", "additionalItems", "uniqueItems", "minProperties", "maxProperties"),
    *("propertyNames", "dependentRequired"),
}
"""Keywords that let a value be changed where it stands."""
_FOLLOWED = frozenset({"$ref", "allOf", "anyOf", "oneOf"})

_Part = tuple[Mapping[str, Any], Any]
"""Keywords that hold for a place, and what resolves the references in them."""


@lru_cache(maxsize=4)
def places_of(schema: Schema) -> "SchemaPlaces":
    """The places that a schema speaks of."""
    return SchemaPlaces(schema)


def is_simple(node: Mapping[str, Any]) -> bool:
    """True for a part of a schema that speaks of an object or array in the plainest way."""
    return set(node) <= _CONTAINER_KEYWORDS


class SchemaPlaces:
    """The places that one schema speaks of."""

    def __init__(self, schema: Schema) -> None:
        raw = schema.raw
        named = raw.get("$schema") if isinstance(raw, dict) else None
        self.dialect = dialect_of(named) or LATEST
        self.raw = raw
        root = self.dialect.specification.create_resource(raw)
        registry: Registry[Any] = Registry().with_resource(root.id() or "", root)
        self.resolver = registry.crawl().resolver_with_root(root)

    @property
    def has_inner_objects(self) -> bool:
        """True where the keys of more than one object are described."""
        waiting, count = [self.raw], 0
        while waiting and count < 2:
            node = waiting.pop()
            count += isinstance(node, dict) and isinstance(node.get("properties"), dict)
            waiting += node.values() if isinstance(node, dict) else ()
            waiting += node if isinstance(node, list) else ()
        return count > 1

    def at(self, path: Path, value: Any) -> dict[str, Any] | None:
        """The keywords that hold at a place of ``value``, or ``None`` where they are not plain."""
        parts = self._followed(self.raw, self.resolver, value, 0)
        for step in path:
            value = value[step]
            parts = None if parts is None else self._below(parts, step, value)
        return None if parts is None else _merged(parts)

    def _followed(self, node: Any, resolver: Any, value: Any, count: int) -> list[_Part] | None:
        """Every part that holds where ``node`` stands."""
        if node is True:
            return []
        if not isinstance(node, dict) or count > MAX_FOLLOWED:
            return None
        resolver = resolver.in_subresource(self.dialect.specification.create_resource(node))
        parts: list[_Part] = []
        if "$ref" not in node or not self.dialect.ignores_siblings:
            parts.append(({k: v for k, v in node.items() if k not in _FOLLOWED}, resolver))
        for inner, own in self._inner(node, resolver, value):
            found = self._followed(inner, own, value, count + 1)
            if found is None:
                return None
            parts += found
        return parts

    def _inner(self, node: dict[str, Any], resolver: Any, value: Any) -> Iterator[tuple[Any, Any]]:
        """What ``node`` leads on to; ``None`` for what is not plain."""
        if "$ref" in node:
            try:
                target = resolver.lookup(node["$ref"])
                yield target.contents, target.resolver
            except (Unresolvable, AttributeError, TypeError, ValueError):
                yield None, resolver
            if self.dialect.ignores_siblings:
                return
        yield from ((part, resolver) for part in node.get("allOf", ()))
        for keyword in ("anyOf", "oneOf"):
            if keyword in node:
                others = [part for part in node[keyword] if part != {"type": "null"}]
                is_plain = len(others) == 1 and value is not None
                yield (others[0] if is_plain else None), resolver

    def _below(self, parts: list[_Part], step: str | int, value: Any) -> list[_Part] | None:
        found: list[_Part] = []
        for node, resolver in parts:
            if not set(node) <= _KEYS_AND_ITEMS:
                return None
            inner = _member(node, step) if isinstance(step, str) else _item(node, step)
            more = self._followed(inner, resolver, value, 0)
            if more is None:
                return None
            found += more
        return found


def _member(node: Mapping[str, Any], name: str) -> Any:
    return node.get("properties", {}).get(name, node.get("additionalProperties", True))


def _item(node: Mapping[str, Any], index: int) -> Any:
    items = node.get("items", True)
    listed = node.get("prefixItems", items if isinstance(items, list) else ())
    if index < len(listed):
        return listed[index]
    return node.get("additionalItems", True) if isinstance(items, list) else items


def _merged(parts: list[_Part]) -> dict[str, Any] | None:
    """One mapping of the keywords of all parts; ``None`` where two of them differ."""
    merged: dict[str, Any] = {}
    for node, _ in parts:
        for keyword, value in node.items():
            known = merged.setdefault(keyword, value)
            if keyword == "required" and isinstance(known, list):
                merged[keyword] = [*known, *value]
            elif keyword == "additionalProperties":
                merged[keyword] = known if known is False else value
            elif keyword in _CONTAINER_KEYWORDS - {"type"}:
                continue
            elif known != value:
                return None
    return merged
