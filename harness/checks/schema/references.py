"""Follows the references of a schema before any value is judged by it.

Nothing is fetched: a ``$ref`` leads into the schema itself or to the metaschemas of its draft. What
it leads to must be a schema, and no schema may apply itself to one and the same value without end.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from referencing import Registry, Resource

from harness.checks.schema.dialects import Dialect
from harness.checks.schema.pattern import PatternError, compile_pattern
from harness.core.errors import HarnessError

MAX_CHAIN = 100
"""Schemas that may lead to one another for one and the same value: each costs several frames of the
interpreter's stack."""
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_LISTS = ("allOf", "anyOf", "oneOf", "extends", "disallow", "type")
_SINGLE = ("not", "if", "then", "else", "extends")
_BY_NAME = ("dependentSchemas", "dependencies")


class SchemaError(HarnessError):
    """A schema that is broken: the message says where in it, what, and what next."""


@dataclass
class Parts:
    """The parts of a schema that values may be held against."""

    registry: Registry[Any]
    """Resolves its references."""
    objects: list[dict[str, Any]] = field(default_factory=list)
    has_references: bool = False


def read_parts(
    schema: Any, dialect: Dialect, bundled: Registry[Any], check: Callable[[Any], None]
) -> Parts:
    """Every part of a schema, references followed.

    Args:
        schema: one that satisfies the metaschema of its draft.
        dialect: the draft.
        bundled: the metaschemas that a reference may lead to.
        check: raises SchemaError for what is no schema. It is called with the parts that only a
            reference leads to: no metaschema looked at them.

    Raises:
        SchemaError: a reference leads nowhere, to no schema or round in a circle; or a pattern does
            not compile.
    """
    root: Resource[Any] = dialect.specification.create_resource(schema)
    registry = bundled.with_resource(root.id() or "", root).crawl()
    parts = Parts(registry)
    declared = _declared(root)
    waiting = [(root, registry.resolver_with_root(root))]
    seen: set[int] = set()
    edges: dict[int, list[int]] = {}
    while waiting:
        resource, resolver = waiting.pop()
        contents = resource.contents
        if not isinstance(contents, dict) or id(contents) in seen:
            continue
        seen.add(id(contents))
        parts.objects.append(contents)
        _check_patterns(contents)
        found = [_resolved(resolver, contents, k) for k in _REFERENCES if k in contents]
        parts.has_references |= bool(found)
        own = [] if found and dialect.ignores_siblings else _in_place(contents)
        edges[id(contents)] = [id(part) for part in (*own, *(r.contents for r in found))]
        for target in found:
            if not _is_metaschema(target.contents, bundled):
                if id(target.contents) not in declared:
                    check(target.contents)
                created = dialect.specification.create_resource(target.contents)
                waiting.append((created, target.resolver))
        waiting += [(sub, resolver.in_subresource(sub)) for sub in resource.subresources()]
    _check_chains(edges)
    return parts


def _declared(root: Resource[Any]) -> set[int]:
    """The parts that the metaschema looks at: those that no reference is needed for."""
    found: set[int] = set()
    waiting = [root]
    while waiting:
        resource = waiting.pop()
        if id(resource.contents) not in found:
            found.add(id(resource.contents))
            waiting += resource.subresources()
    return found


def _resolved(resolver: Any, contents: dict[str, Any], keyword: str) -> Any:
    reference = contents[keyword]
    if not isinstance(reference, str):
        raise SchemaError(f"{keyword} is a string, not {type(reference).__name__}")
    try:
        resolved = resolver.lookup(reference)
    except Exception as error:  # whatever the walk along a pointer stumbles over
        raise SchemaError(
            f"{keyword} {reference!r:.100} leads nowhere in this schema, and nothing is fetched "
            f"from the network: put what it means under $defs ({type(error).__name__})"
        ) from None
    if not isinstance(resolved.contents, dict | bool):
        kind = type(resolved.contents).__name__
        raise SchemaError(f"{keyword} {reference!r:.100} leads to no schema, but to a {kind}")
    return resolved


def _is_metaschema(contents: Any, bundled: Registry[Any]) -> bool:
    return any(contents is bundled[uri].contents for uri in bundled)


def _in_place(contents: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The parts that are applied to the value that ``contents`` is applied to."""
    for keyword in _LISTS:
        if isinstance(contents.get(keyword), list):
            yield from (part for part in contents[keyword] if isinstance(part, dict))
    yield from (contents[k] for k in _SINGLE if isinstance(contents.get(k), dict))
    for keyword in _BY_NAME:
        if isinstance(contents.get(keyword), dict):
            yield from (part for part in contents[keyword].values() if isinstance(part, dict))


def _check_chains(edges: dict[int, list[int]]) -> None:
    """Refuse schemas that lead to one another without end, or too often, for one value."""
    length: dict[int, int] = {}
    open_: set[int] = set()
    for start in edges:
        stack = [start]
        while stack:
            part = stack[-1]
            if part in length:
                stack.pop()
                continue
            inner = edges.get(part, [])
            waiting = [other for other in inner if other not in length]
            if part in open_ and waiting:
                raise SchemaError("refers to itself without end: put it below a key or an item")
            open_.add(part)
            if waiting:
                stack += waiting
                continue
            open_.discard(part)
            length[part] = 1 + max((length[other] for other in inner), default=0)
            if length[part] > MAX_CHAIN:
                raise SchemaError(
                    f"is nested too deep: {MAX_CHAIN} parts lead to one another for one value"
                )


def _check_patterns(contents: dict[str, Any]) -> None:
    named = contents.get("patternProperties", ())
    patterns = list(named) if isinstance(named, dict) else []
    if isinstance(contents.get("pattern"), str):
        patterns.append(contents["pattern"])
    for pattern in patterns:
        try:
            compile_pattern(pattern)
        except PatternError as error:
            raise SchemaError(f"pattern {error}") from None
