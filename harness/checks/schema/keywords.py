"""The keywords of JSON Schema that this project judges itself, on top of ``jsonschema``.

Three reasons: patterns run in an engine that knows Unicode and stops in time, numbers are exact
(``int`` and ``Decimal``), and a long array costs time linear in its length.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

from jsonschema import ValidationError
from referencing.jsonschema import lookup_recursive_ref

from harness.checks.json.wording import show
from harness.checks.schema.pattern import found_in
from harness.checks.schema.timeout import errors_left, forget_errors, keep_errors, tick

Errors = Iterator[ValidationError]
MAX_BRANCH_ERRORS = 10
"""Errors of one branch of ``anyOf`` or ``oneOf`` that are kept: they say why it was not taken."""
NOT_EXPECTED = "is not expected"
"""Message of the error of a member or item that should not be there at all."""


class SchemaNode(dict[str, Any]):
    """An object of a schema, with a quick yes for the many values that it may be applied to."""

    __slots__ = ("accepts",)
    accepts: Callable[[Any], bool] | None


def accepts(schema: Any, value: Any) -> bool:
    """True when the schema's quick test accepts the value; ``jsonschema`` judges the rest."""
    quick = getattr(schema, "accepts", None)
    return quick is not None and bool(quick(value))


def properties(validator: Any, value: Mapping[str, Any], instance: Any, schema: Any) -> Errors:
    if not isinstance(instance, dict):
        return
    for name, subschema in value.items():
        if name in instance:
            yield from _descend(validator, instance[name], subschema, name)


def pattern(validator: Any, value: str, instance: Any, schema: Any) -> Errors:
    if isinstance(instance, str) and not found_in(value, instance):
        yield ValidationError("does not match the pattern")


def pattern_properties(
    validator: Any, value: Mapping[str, Any], instance: Any, schema: Any
) -> Errors:
    if not isinstance(instance, dict):
        return
    for regular, subschema in value.items():
        for name, member in instance.items():
            if found_in(regular, name):
                yield from _descend(validator, member, subschema, name)


def additional_properties(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
    """One error for each member that should not be there, with its name in the path."""
    if not isinstance(instance, dict):
        return
    for name in _additional(instance, schema):
        if not accepts(value, instance[name]):
            yield from _descend(validator, instance[name], value, name)


def items(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
    if isinstance(instance, list):
        yield from _items_from(len(schema.get("prefixItems", ())), validator, value, instance)


def listed_items(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
    """``items`` of earlier drafts, where a list stands for the items at its places."""
    if not isinstance(instance, list):
        return
    if not isinstance(value, list):
        yield from _items_from(0, validator, value, instance)
        return
    for index, (item, subschema) in enumerate(zip(instance, value, strict=False)):
        yield from _descend(validator, item, subschema, index)


def additional_items(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
    listed = schema.get("items")
    if isinstance(instance, list) and isinstance(listed, list):
        yield from _items_from(len(listed), validator, value, instance)


def _items_from(start: int, validator: Any, value: Any, instance: list[Any]) -> Errors:
    for index in range(start, len(instance)):
        if not accepts(value, instance[index]):
            yield from _descend(validator, instance[index], value, index)


def contains(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
    if not isinstance(instance, list):
        return
    least, most = 1, None
    if "minContains" in validator.VALIDATORS or "dependentRequired" in validator.VALIDATORS:
        least, most = schema.get("minContains", 1), schema.get("maxContains")
    count = 0
    for item in instance:
        if count >= least and most is None:
            return
        tick()
        count += accepts(value, item) or _is_valid(validator.descend(item, value))
    if count < least or (most is not None and count > most):
        yield ValidationError(f"{count} items are contained")


def any_of(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
    context: list[ValidationError] = []
    for index, subschema in enumerate(value):
        errors = _branch_errors(validator, instance, subschema, index)
        if not errors:
            return
        context += errors
    yield ValidationError(f"{show(instance)} is valid under none of the branches", context=context)


def one_of(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
    context: list[ValidationError] = []
    count = 0
    for index, subschema in enumerate(value):
        errors = _branch_errors(validator, instance, subschema, index)
        count += not errors
        context += errors
    if count != 1:
        yield ValidationError(
            f"{show(instance)} is valid under {count} branches", context=[] if count else context
        )


def _branch_errors(
    validator: Any, instance: Any, subschema: Any, index: int
) -> list[ValidationError]:
    tick()
    errors = validator.descend(instance, subschema, schema_path=index)
    found = list(islice(errors, MAX_BRANCH_ERRORS))
    keep_errors(len(found))
    return found


def followed(keyword: Callable[..., Any]) -> Callable[..., Errors]:
    """A keyword of ``jsonschema`` that leads to another part of the schema, under the clock."""

    def judged(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
        tick()
        yield from keyword(validator, value, instance, schema) or ()

    return judged


def properties_draft3(
    validator: Any, value: Mapping[str, Any], instance: Any, schema: Any
) -> Errors:
    """``properties`` of draft 3, whose members say themselves that they are required."""
    if not isinstance(instance, dict):
        return
    yield from properties(validator, value, instance, schema)
    for name, subschema in value.items():
        is_required = isinstance(subschema, dict) and subschema.get("required") is True
        if is_required and name not in instance:
            yield ValidationError(
                "is required",
                validator="required",
                validator_value=[name],
                instance=instance,
                schema=schema,
            )


def unevaluated_properties(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
    if not isinstance(instance, dict):
        return
    evaluated = _evaluated_names(validator, instance, schema)
    for name in instance:
        if name not in evaluated and not _is_valid(validator.descend(instance[name], value)):
            yield ValidationError(NOT_EXPECTED, path=[name], instance=instance[name])


def unevaluated_items(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
    if not isinstance(instance, list):
        return
    evaluated = _evaluated_indices(validator, instance, schema)
    for index, item in enumerate(instance):
        if index not in evaluated and not _is_valid(validator.descend(item, value)):
            yield ValidationError(NOT_EXPECTED, path=[index], instance=item)


def dependencies(validator: Any, value: Mapping[str, Any], instance: Any, schema: Any) -> Errors:
    """The keyword of earlier drafts that 2020-12 split in two; schemas still have it."""
    if not isinstance(instance, dict):
        return
    for name, dependency in value.items():
        if name not in instance:
            continue
        if isinstance(dependency, list):
            for other in dependency:
                if other not in instance:
                    yield ValidationError(
                        f"lacks {other}", validator="dependentRequired", validator_value=value
                    )
        else:
            yield from validator.descend(instance, dependency, schema_path=name)


def multiple_of(validator: Any, value: int | Decimal, instance: Any, schema: Any) -> Errors:
    if is_number(validator, instance) and not is_multiple(instance, value):
        yield ValidationError(f"is not a multiple of {value}")


def unique_items(validator: Any, value: bool, instance: Any, schema: Any) -> Errors:
    if not value or not isinstance(instance, list):
        return
    seen: dict[Any, int] = {}
    for index, item in enumerate(instance):
        key = equality_key(item)
        if key in seen:
            yield ValidationError(f"equals item {seen[key]}", path=[index], instance=item)
            return
        seen[key] = index


def is_multiple(number: int | Decimal, divisor: int | Decimal) -> bool:
    """True when ``number / divisor`` is an integer, exactly, however large the exponents."""
    if isinstance(number, int) and isinstance(divisor, int):
        return number % divisor == 0
    digits, exponent = _parts(number)
    divisor_digits, divisor_exponent = _parts(divisor)
    shift = exponent - divisor_exponent
    if not digits.strip("0"):
        return True
    if shift < 0:
        if len(digits) - len(digits.rstrip("0")) < -shift:
            return False  # the divisor holds more factors of ten than the number
        digits, shift = digits[:shift], 0
    modulus = int(divisor_digits)
    return _remainder(digits, modulus) * pow(10, shift, modulus) % modulus == 0


def _parts(number: int | Decimal) -> tuple[str, int]:
    """The digits and the exponent of ten of a number's absolute value."""
    if isinstance(number, int):
        number = Decimal(number)
    _, digits, exponent = number.as_tuple()
    return "".join(map(str, digits)), int(exponent)


def _remainder(digits: str, modulus: int) -> int:
    """``int(digits) % modulus``, in time linear in the digits."""
    remainder = 0
    for start in range(0, len(digits), 1000):
        chunk = digits[start : start + 1000]
        remainder = (remainder * pow(10, len(chunk)) + int(chunk)) % modulus
    return remainder


def equality_key(value: Any) -> Any:
    """A hashable that is equal for equal JSON values only: 1 is 1.0, and neither is true.

    A ``float`` is the number that it is written as.
    """
    parts: list[Any] = []
    stack: list[Any] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            parts += ["{", len(item)]
            for name in sorted(item):
                stack += [item[name], _Name(name)]
        elif isinstance(item, list):
            parts += ["[", len(item)]
            stack += reversed(item)
        elif isinstance(item, _Name):
            parts += ["name", item.name]
        else:
            kind = "bool" if isinstance(item, bool) else "text" if isinstance(item, str) else "="
            parts += [kind, Decimal(repr(item)) if isinstance(item, float) else item]
    return tuple(parts)


class _Name:
    """The name of a member, on the stack of ``equality_key``."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def _additional(instance: dict[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    known = schema.get("properties", {})
    patterns = tuple(schema.get("patternProperties", ()))
    for name in instance:
        if name not in known and not any(found_in(p, name) for p in patterns):
            yield name


def _evaluated_names(validator: Any, instance: dict[str, Any], schema: Any) -> set[str]:
    """The members that some keyword of the schema, or of one applied in place, looked at."""
    if isinstance(schema, bool):
        return set()
    names = set(schema.get("properties", ())) & instance.keys()
    for regular in schema.get("patternProperties", ()):
        names.update(name for name in instance if found_in(regular, name))
    if "additionalProperties" in schema:
        names.update(_additional(instance, schema))
    if "unevaluatedProperties" in schema:
        value = schema["unevaluatedProperties"]
        names.update(n for n in instance if _is_valid(validator.descend(instance[n], value)))
    for inner, subschema in _applied_in_place(validator, instance, schema):
        names |= _evaluated_names(inner, instance, subschema)
    return names


def _evaluated_indices(validator: Any, instance: list[Any], schema: Any) -> set[int]:
    """The items that some keyword of the schema, or of one applied in place, looked at."""
    if isinstance(schema, bool):
        return set()
    listed = schema.get("items")
    if isinstance(listed, dict | bool) or (listed is not None and "additionalItems" in schema):
        return set(range(len(instance)))
    indices = set(range(len(listed or schema.get("prefixItems", ()))))
    for keyword in ("contains", "unevaluatedItems"):
        if keyword in schema:
            indices.update(
                index
                for index, item in enumerate(instance)
                if _is_valid(validator.descend(item, schema[keyword]))
            )
    for inner, subschema in _applied_in_place(validator, instance, schema):
        indices |= _evaluated_indices(inner, instance, subschema)
    return indices


def _applied_in_place(validator: Any, instance: Any, schema: Any) -> Iterator[tuple[Any, Any]]:
    """The subschemas that apply to the same instance and accept it."""
    for keyword in ("$ref", "$dynamicRef"):
        if keyword in schema:
            resolved = validator._resolver.lookup(schema[keyword])
            resolver = resolved.resolver
            yield validator.evolve(schema=resolved.contents, _resolver=resolver), resolved.contents
    if "$recursiveRef" in schema and "$recursiveRef" in validator.VALIDATORS:
        resolved = lookup_recursive_ref(validator._resolver)
        resolver = resolved.resolver
        yield validator.evolve(schema=resolved.contents, _resolver=resolver), resolved.contents
    for subschema in _branches(validator, instance, schema):
        if _is_valid(validator.descend(instance, subschema)):
            yield validator, subschema


def _branches(validator: Any, instance: Any, schema: Any) -> Iterable[Any]:
    for keyword in ("allOf", "anyOf", "oneOf"):
        yield from schema.get(keyword, ())
    if "if" in schema:
        yield schema["if"]
        is_met = _is_valid(validator.descend(instance, schema["if"]))
        branch = "then" if is_met else "else"
        if branch in schema:
            yield schema[branch]
    for name, subschema in schema.get("dependentSchemas", {}).items():
        if isinstance(instance, dict) and name in instance:
            yield subschema


def _descend(validator: Any, instance: Any, schema: Any, path: str | int) -> Errors:
    """The errors of a part of the instance, with its path also where the schema is ``false``."""
    tick()
    if schema is False:
        yield ValidationError(NOT_EXPECTED, path=[path], instance=instance)
    else:
        yield from validator.descend(instance, schema, path=path)


def _is_valid(errors: Errors) -> bool:
    left = errors_left()
    try:
        return next(errors, None) is None
    finally:
        forget_errors(left)


def is_number(_: Any, instance: Any) -> bool:
    return isinstance(instance, int | Decimal | float) and not isinstance(instance, bool)
