"""JSON Schema 2020-12: a schema compiled once per task, and what it says of one value.

``jsonschema`` is the judge. This file knows how to refuse a broken schema before any model loads,
and how to say in our codes what is wrong with a value. It never opens the network: a ``$ref``
leads into the schema itself or to the bundled metaschemas.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema.exceptions
from jsonschema import ValidationError
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable, Unretrievable
from referencing.jsonschema import DRAFT202012

from harness.checks.json.pointer import pointer_of
from harness.checks.schema.fast import Accepts, compile_accepts
from harness.checks.schema.formats import FORMATS
from harness.checks.schema.keywords import SchemaNode, SchemaValidator
from harness.checks.schema.pattern import PatternError, compile_pattern
from harness.checks.schema.timeout import SchemaTimeout, start_clock
from harness.core.errors import HarnessError

MAX_DEPTH = 64
"""Levels of a value that a schema which refers to itself may follow. Each costs several frames of
the interpreter's stack."""
MAX_ERRORS = 1000
"""Errors of one value that are looked at: a million wrong items are wrong after a thousand."""
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DATA_KEYWORDS = ("const", "enum", "default", "examples")
_TRIALS: tuple[Any, ...] = (None, True, 0, Decimal("0.5"), "", [], {}, [0], {"a": 0})


class SchemaError(HarnessError):
    """A schema that is broken: the message says where in it, what, and what next."""


@dataclass(frozen=True, eq=False, slots=True)
class Schema:
    """A compiled JSON Schema 2020-12. Two of them are equal only when they are the same one."""

    raw: Any
    """As it was given."""
    validator: Any = field(repr=False)
    is_recursive: bool
    """It holds a reference, so it may reach to any depth."""
    accepts: Accepts | None = field(default=None, repr=False)
    """A quick yes, where the schema's keywords allow one."""

    def errors(self, value: Any) -> list[ValidationError]:
        """The first ``MAX_ERRORS`` errors of a value whose numbers are ``int`` and ``Decimal``.

        Raises:
            SchemaTimeout: the schema or its patterns take too long.
            RecursionError: the schema refers to itself without end.
        """
        start_clock()
        if self.accepts is not None and self.accepts(value):
            return []
        return list(islice(self.validator.iter_errors(value), MAX_ERRORS))


def compile_schema(raw: Any, assert_formats: bool = False) -> Schema:
    """Compile a schema; ``format`` only annotates unless ``assert_formats``.

    Raises:
        SchemaError: it is no JSON Schema 2020-12, a pattern does not compile, or a reference
            leads out of it.
    """
    if not isinstance(raw, dict | bool):
        raise SchemaError(f"a schema is an object, true or false, not {type(raw).__name__}")
    dialect = raw.get("$schema", _DIALECT) if isinstance(raw, dict) else _DIALECT
    if not isinstance(dialect, str) or "//json-schema.org/" not in dialect:
        raise SchemaError(f"at /$schema: schemas are read as {_DIALECT}, not as {dialect!r}")
    try:
        exact = _exact(raw)
        _check_against_metaschema(exact)
        registry, has_references = _check_references(exact, assert_formats)
        formats = FORMATS if assert_formats else None
        validator = SchemaValidator(exact, registry=registry, format_checker=formats)
        start_clock()
        for value in _TRIALS:
            next(validator.iter_errors(value), None)
    except SchemaTimeout as timeout:
        raise SchemaError(str(timeout)) from None
    except RecursionError:
        raise SchemaError("is nested too deep, or refers to itself without end") from None
    accepts = compile_accepts(exact, exact, has_formats=assert_formats)
    return Schema(raw, validator, has_references, accepts)


def _exact(raw: Any, is_data: bool = False) -> Any:
    """The schema with each ``float`` as the ``Decimal`` that it was written as.

    ``$schema`` is left out: ``jsonschema`` would go by it and forget our keywords.
    """
    if isinstance(raw, float):
        if raw != raw or raw in (float("inf"), float("-inf")):
            raise SchemaError(f"{raw} is no JSON number")
        return Decimal(repr(raw))
    if isinstance(raw, dict):
        node = SchemaNode(
            (str(name), _exact(member, is_data or name in _DATA_KEYWORDS))
            for name, member in raw.items()
            if is_data or name != "$schema" or not isinstance(member, str)
        )
        return dict(node) if is_data else node
    if isinstance(raw, list | tuple):
        return [_exact(item, is_data) for item in raw]
    return raw


def _check_against_metaschema(schema: Any) -> None:
    validator = SchemaValidator({"$ref": _DIALECT}, registry=_bundled())
    start_clock()
    error = jsonschema.exceptions.best_match(validator.iter_errors(schema))
    if error is not None:
        raise SchemaError(f"at {pointer_of(tuple(error.absolute_path))}: {_short(error.message)}")


def _check_references(schema: Any, has_formats: bool) -> tuple[Registry[Any], bool]:
    """The registry that resolves the schema's references, and whether it has any."""
    resource: Resource[Any] = DRAFT202012.create_resource(schema)
    registry = _bundled().with_resource(resource.id() or "", resource).crawl()
    resolver = registry.resolver_with_root(resource)
    seen: set[int] = set()
    waiting = [(resource, resolver)]
    has_references = False
    while waiting:
        resource, resolver = waiting.pop()
        contents = resource.contents
        if not isinstance(contents, dict) or id(contents) in seen:
            continue
        seen.add(id(contents))
        _check_patterns(contents)
        for keyword in ("items", "additionalProperties"):
            if isinstance(contents.get(keyword), SchemaNode):
                node = contents[keyword]
                node.accepts = compile_accepts(schema, node, has_formats=has_formats)
        for keyword in ("$ref", "$dynamicRef"):
            if keyword not in contents:
                continue
            has_references = True
            try:
                resolved = resolver.lookup(contents[keyword])
            except (Unresolvable, Unretrievable, ValueError) as error:
                raise SchemaError(_bad_reference(keyword, contents[keyword], error)) from None
            if not contents[keyword].startswith("https://json-schema.org/"):
                waiting.append((DRAFT202012.create_resource(resolved.contents), resolved.resolver))
        waiting += [(sub, resolver.in_subresource(sub)) for sub in resource.subresources()]
    return registry, has_references


@lru_cache(maxsize=1)
def _bundled() -> Registry[Any]:
    """The metaschemas of 2020-12: what a reference may lead to outside its schema."""
    found = {uri: REGISTRY[uri].contents for uri in REGISTRY if "/draft/2020-12/" in uri}
    exact = ((uri, DRAFT202012.create_resource(_exact(s))) for uri, s in found.items())
    return Registry().with_resources(exact).crawl()


def _bad_reference(keyword: str, reference: str, error: Exception) -> str:
    return (
        f"{keyword} {reference!r} leads nowhere in this schema, and nothing is fetched from the "
        f"network: put what it means under $defs ({type(error).__name__})"
    )


def _check_patterns(contents: dict[str, Any]) -> None:
    patterns = list(contents.get("patternProperties", ()))
    if isinstance(contents.get("pattern"), str):
        patterns.append(contents["pattern"])
    for pattern in patterns:
        try:
            compile_pattern(pattern)
        except PatternError as error:
            raise SchemaError(f"pattern {error}") from None


def _short(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= 200 else line[:199] + "…"
