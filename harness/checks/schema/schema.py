"""JSON Schema: a schema compiled once per task, and what it says of one value.

``jsonschema`` is the judge. This file knows how to refuse a broken schema before any model loads,
and how to say in our codes what is wrong with a value. It never opens the network: a ``$ref``
leads into the schema itself or to the bundled metaschemas.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache, partial
from itertools import islice
from typing import Any

import jsonschema.exceptions
from jsonschema import ValidationError
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
from referencing import Registry

from harness.checks.json.pointer import pointer_of
from harness.checks.schema.dialects import DIALECTS, LATEST, Dialect, dialect_of
from harness.checks.schema.fast import Accepts, compile_accepts
from harness.checks.schema.formats import FORMATS
from harness.checks.schema.keywords import SchemaNode
from harness.checks.schema.references import SchemaError, read_parts
from harness.checks.schema.timeout import ErrorsExhausted, SchemaTimeout, contained, start_clock

MAX_DEPTH = 64
"""Levels of a value that a schema which refers to itself may follow. Each costs several frames of
the interpreter's stack."""
MAX_ERRORS = 1000
"""Errors of one value that are looked at: a million wrong items are wrong after a thousand."""
_DATA_KEYWORDS = ("const", "enum", "default", "examples")
_TRIALS: tuple[Any, ...] = (None, True, 0, Decimal("0.5"), "", [], {}, [0], {"a": 0})


@dataclass(frozen=True, eq=False, slots=True)
class Schema:
    """A compiled JSON Schema. Two of them are equal only when they are the same one."""

    raw: Any
    """As it was given."""
    validator: Any = field(repr=False)
    is_recursive: bool
    """It holds a reference, so it may reach to any depth."""
    accepts: Accepts | None = field(default=None, repr=False)
    """A quick yes, where the schema's keywords allow one."""
    unheld_formats: tuple[str, ...] = ()
    """Formats that were to be asserted and are not known here: they assert nothing."""

    def errors(self, value: Any) -> list[ValidationError]:
        """The first ``MAX_ERRORS`` errors of a value whose numbers are ``int`` and ``Decimal``.

        Raises:
            SchemaTimeout: the schema or its patterns take too long.
            RecursionError: the schema is nested too deep for this value.
        """
        start_clock()
        with contained("cannot be run on this value"):
            if self.accepts is not None and self.accepts(value):
                return []
            return _first_errors(self.validator, value)


def best_of(errors: list[ValidationError]) -> ValidationError:
    """The error, or one inside of it, that says most."""
    try:
        return jsonschema.exceptions.best_match(errors) or errors[0]
    except TypeError:  # draft 3 lists schemas among types, which `jsonschema` takes for names here
        return errors[0]


def _first_errors(validator: Any, value: Any) -> list[ValidationError]:
    found: list[ValidationError] = []
    try:
        for error in islice(validator.iter_errors(value), MAX_ERRORS):
            found.append(error)
    except ErrorsExhausted:
        if not found:
            raise
    return found


def compile_schema(raw: Any, assert_formats: bool = False) -> Schema:
    """Compile a schema; ``format`` only annotates unless ``assert_formats``.

    Raises:
        SchemaError: it is no schema of its draft, a pattern does not compile, or a reference leads
            out of it or round in a circle.
    """
    if not isinstance(raw, dict | bool):
        raise SchemaError(f"a schema is an object, true or false, not {type(raw).__name__}")
    *doubtful, last = _dialects_of(raw)
    for dialect in doubtful:
        with suppress(SchemaError):
            return _contained(raw, dialect, assert_formats)
    return _contained(raw, last, assert_formats)


def _contained(raw: Any, dialect: Dialect, assert_formats: bool) -> Schema:
    try:
        with contained("cannot be compiled"):
            return _compiled(raw, dialect, assert_formats)
    except SchemaTimeout as timeout:
        raise SchemaError(str(timeout)) from None
    except RecursionError:
        raise SchemaError("is nested too deep, or refers to itself without end") from None


def _dialects_of(raw: Any) -> list[Dialect]:
    """The draft that a schema names. Where only its parts name one, and all the same, that one and
    the latest: the first of which it is a schema."""
    named = {dialect_of(uri) for uri in _named_in_parts(raw)} - {None}
    whole = [_dialect(raw["$schema"])] if isinstance(raw, dict) and "$schema" in raw else []
    if len(named | {*whole}) > 1:
        raise SchemaError("a part of it is of another draft than the whole: write both in one")
    return whole or [*(d for d in named if d is not None), LATEST]


def _named_in_parts(raw: Any) -> Iterator[Any]:
    """Each ``$schema`` in an object of a schema that is no data."""
    waiting = [raw]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part.get("$schema")
            waiting += [inner for name, inner in part.items() if name not in _DATA_KEYWORDS]
        elif isinstance(part, list | tuple):
            waiting += part


def _dialect(uri: Any) -> Dialect:
    found = dialect_of(uri)
    if found is None:
        known = ", ".join(DIALECTS)
        raise SchemaError(f"at /$schema: no draft {uri!r:.100} is known here; there are {known}")
    return found


def _compiled(raw: Any, dialect: Dialect, assert_formats: bool) -> Schema:
    exact = _exact(raw)
    check = partial(_check_against_metaschema, dialect)
    check(exact)
    parts = read_parts(exact, dialect, _bundled(dialect.uri), check)
    quick = partial(
        compile_accepts,
        exact,
        has_formats=assert_formats,
        ignores_siblings=dialect.ignores_siblings,
    )
    if dialect.is_quick:
        for contents in parts.objects:
            for keyword in ("items", "additionalProperties", "contains"):
                if isinstance(contents.get(keyword), SchemaNode):
                    contents[keyword].accepts = quick(contents[keyword])
    formats = FORMATS if assert_formats else None
    validator = dialect.validator(exact, registry=parts.registry, format_checker=formats)
    start_clock()
    for value in _TRIALS:
        next(validator.iter_errors(value), None)
    return Schema(
        raw,
        validator,
        parts.has_references,
        quick(exact) if dialect.is_quick else None,
        _unheld(parts.objects) if assert_formats else (),
    )


def _unheld(objects: list[dict[str, Any]]) -> tuple[str, ...]:
    """The formats that a schema names and nothing here asserts."""
    named = {contents.get("format") for contents in objects}
    return tuple(sorted(n for n in named if isinstance(n, str) and n not in FORMATS.checkers))


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


def _check_against_metaschema(dialect: Dialect, schema: Any) -> None:
    validator = dialect.validator({"$ref": dialect.uri}, registry=_bundled(dialect.uri))
    start_clock()
    if errors := [*islice(validator.iter_errors(schema), MAX_ERRORS)]:
        error = best_of(errors)
        raise SchemaError(f"at {pointer_of(tuple(error.absolute_path))}: {_short(error.message)}")


@lru_cache(maxsize=len(DIALECTS))
def _bundled(uri: str) -> Registry[Any]:
    """The metaschemas of a draft: what a reference may lead to outside its schema."""
    dialect = DIALECTS[uri]
    found = {name: REGISTRY[name].contents for name in REGISTRY if dialect.is_bundled(name)}
    create = dialect.specification.create_resource
    exact = ((name, create(_exact(contents))) for name, contents in found.items())
    return Registry().with_resources(exact).crawl()


def _short(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= 200 else line[:199] + "…"
