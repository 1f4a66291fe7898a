"""A quick yes for values that satisfy a schema of common keywords.

``jsonschema`` is the judge of every value that is not accepted here, and of every schema that uses
a keyword which is not compiled here. What this file accepts, ``jsonschema`` accepts: a test holds
the two together.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from harness.checks.schema.keywords import equality_key, is_multiple
from harness.checks.schema.pattern import found_in
from harness.checks.schema.timeout import tick

Accepts = Callable[[Any], bool]
"""True when a value satisfies a schema."""

_LEFT_TO_THE_JUDGE = frozenset(
    (
        *("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef"),
        *("patternProperties", "propertyNames", "dependentRequired", "dependentSchemas"),
        "dependencies",
        *("prefixItems", "contains", "minContains", "maxContains", "if", "then", "else"),
        *("unevaluatedItems", "unevaluatedProperties"),
    )
)


class _NotCompiled(Exception):
    """The schema uses something that is left to the judge."""


def compile_accepts(
    root: Any, schema: Any, *, has_formats: bool, ignores_siblings: bool = False
) -> Accepts | None:
    """A predicate for ``schema``, a part of ``root``; ``None`` when it is left to the judge.

    Args:
        root: the whole schema.
        schema: the part.
        has_formats: ``format`` is more than an annotation.
        ignores_siblings: nothing beside a ``$ref`` counts, as in drafts before 2019-09.
    """
    try:
        return _Compiler(root, has_formats, ignores_siblings).compile(schema)
    except (_NotCompiled, RecursionError, LookupError, TypeError, ValueError, AttributeError):
        return None


class _Compiler:
    """Compiles one schema; a reference is compiled once and followed when it is asked."""

    def __init__(self, root: Any, has_formats: bool, ignores_siblings: bool) -> None:
        self.root = root
        self.has_formats = has_formats
        self.ignores_siblings = ignores_siblings
        self.targets: dict[str, list[Accepts]] = {}

    def compile(self, schema: Any) -> Accepts:
        if schema is True or schema == {}:
            return lambda value: True
        if schema is False:
            return lambda value: False
        if not isinstance(schema, dict):
            raise _NotCompiled
        if self.ignores_siblings and "$ref" in schema:
            schema = {"$ref": schema["$ref"]}
        if _LEFT_TO_THE_JUDGE & schema.keys() or ("format" in schema and self.has_formats):
            raise _NotCompiled
        tests = [test for build in _BUILDERS for test in build(self, schema)]
        if len(tests) == 1:
            return tests[0]
        return lambda value: all(test(value) for test in tests)

    def reference(self, pointer: str) -> Accepts:
        if pointer != "#" and not pointer.startswith("#/"):
            raise _NotCompiled
        if pointer not in self.targets:
            target: list[Accepts] = []
            self.targets[pointer] = target
            target.append(self.compile(self._resolve(pointer)))
        target = self.targets[pointer]

        def follow(value: Any) -> bool:
            tick()
            return target[0](value)

        return follow

    def _resolve(self, pointer: str) -> Any:
        if "%" in pointer:
            raise _NotCompiled
        schema = self.root
        for token in pointer.split("/")[1:]:
            if not isinstance(schema, dict):
                raise _NotCompiled
            schema = schema[token.replace("~1", "/").replace("~0", "~")]
            if isinstance(schema, dict) and "$id" in schema:
                raise _NotCompiled
        return schema


def _type(_: _Compiler, schema: Mapping[str, Any]) -> list[Accepts]:
    if "type" not in schema:
        return []
    names = schema["type"]
    tests = [_TYPES[name] for name in ([names] if isinstance(names, str) else names)]
    return tests if len(tests) == 1 else [lambda value: any(test(value) for test in tests)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value == value.to_integral_value()
    return isinstance(value, int) and not isinstance(value, bool)


_TYPES: Mapping[str, Accepts] = {
    "string": lambda value: isinstance(value, str),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "number": _is_number,
    "integer": _is_integer,
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def _choice(_: _Compiler, schema: Mapping[str, Any]) -> list[Accepts]:
    tests: list[Accepts] = []
    for allowed in ([schema["const"]] if "const" in schema else None, schema.get("enum")):
        if allowed is not None:
            keys = frozenset(equality_key(value) for value in allowed)
            strings = frozenset(value for value in allowed if isinstance(value, str))
            tests.append(_one_of(keys, strings))
    return tests


def _one_of(keys: frozenset[Any], strings: frozenset[str]) -> Accepts:
    return lambda value: (
        (value in strings) if isinstance(value, str) else equality_key(value) in keys
    )


def _object(compiler: _Compiler, schema: Mapping[str, Any]) -> list[Accepts]:
    tests: list[Accepts] = []
    members = {n: compiler.compile(s) for n, s in schema.get("properties", {}).items()}
    required = tuple(schema.get("required", ()))
    others = schema.get("additionalProperties", True)
    least, most = schema.get("minProperties"), schema.get("maxProperties")
    other = None if others is True else compiler.compile(others)
    if members or required or other:
        tests.append(_members(members, required, other))
    if least is not None:
        tests.append(lambda value: not isinstance(value, dict) or len(value) >= least)
    if most is not None:
        tests.append(lambda value: not isinstance(value, dict) or len(value) <= most)
    return tests


def _members(
    members: Mapping[str, Accepts], required: tuple[str, ...], other: Accepts | None
) -> Accepts:
    def accepts(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        tick()
        for name in required:
            if name not in value:
                return False
        for name, member in value.items():
            test = members.get(name, other)
            if test is not None and not test(member):
                return False
        return True

    return accepts


def _array(compiler: _Compiler, schema: Mapping[str, Any]) -> list[Accepts]:
    tests: list[Accepts] = []
    least, most = schema.get("minItems"), schema.get("maxItems")
    if least is not None:
        tests.append(lambda value: not isinstance(value, list) or len(value) >= least)
    if most is not None:
        tests.append(lambda value: not isinstance(value, list) or len(value) <= most)
    if "items" in schema:
        test = compiler.compile(schema["items"])
        tests.append(_items(test))
    if schema.get("uniqueItems"):
        tests.append(lambda value: not isinstance(value, list) or _is_unique(value))
    return tests


def _items(test: Accepts) -> Accepts:
    def accepts(value: Any) -> bool:
        if not isinstance(value, list):
            return True
        tick()
        return all(map(test, value))

    return accepts


def _is_unique(items: list[Any]) -> bool:
    return len({equality_key(item) for item in items}) == len(items)


def _string(_: _Compiler, schema: Mapping[str, Any]) -> list[Accepts]:
    tests: list[Accepts] = []
    least, most, pattern = (schema.get(k) for k in ("minLength", "maxLength", "pattern"))
    if least is not None:
        tests.append(lambda value: not isinstance(value, str) or len(value) >= least)
    if most is not None:
        tests.append(lambda value: not isinstance(value, str) or len(value) <= most)
    if pattern is not None:
        tests.append(lambda value: not isinstance(value, str) or found_in(pattern, value))
    return tests


def _number(_: _Compiler, schema: Mapping[str, Any]) -> list[Accepts]:
    tests: list[Accepts] = []
    for keyword, holds in _BOUNDS.items():
        if keyword in schema:
            tests.append(_bounded(holds, schema[keyword]))
    return tests


def _bounded(holds: Callable[[Any, Any], bool], bound: Any) -> Accepts:
    return lambda value: not _is_number(value) or holds(value, bound)


_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
    "multipleOf": is_multiple,
}


def _combined(compiler: _Compiler, schema: Mapping[str, Any]) -> list[Accepts]:
    tests: list[Accepts] = []
    if "$ref" in schema:
        tests.append(compiler.reference(schema["$ref"]))
    tests += [compiler.compile(each) for each in schema.get("allOf", ())]
    if "anyOf" in schema:
        some = [compiler.compile(each) for each in schema["anyOf"]]
        tests.append(lambda value: any(test(value) for test in some))
    if "oneOf" in schema:
        one = [compiler.compile(each) for each in schema["oneOf"]]
        tests.append(lambda value: sum(test(value) for test in one) == 1)
    if "not" in schema:
        refused = compiler.compile(schema["not"])
        tests.append(lambda value: not refused(value))
    return tests


_BUILDERS = (_type, _choice, _object, _array, _string, _number, _combined)
