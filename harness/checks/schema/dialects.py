"""The drafts of JSON Schema, each judged by ``jsonschema`` as it was written.

Our own keywords (``keywords``) take the place of ``jsonschema``'s where they mean the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import attrs
import jsonschema
from jsonschema.validators import extend
from referencing import Specification
from referencing import jsonschema as specifications

from harness.checks.schema import keywords

_OWN: Mapping[str, Any] = {
    "pattern": keywords.pattern,
    "properties": keywords.properties,
    "patternProperties": keywords.pattern_properties,
    "additionalProperties": keywords.additional_properties,
    "contains": keywords.contains,
    "anyOf": keywords.any_of,
    "oneOf": keywords.one_of,
    "unevaluatedProperties": keywords.unevaluated_properties,
    "unevaluatedItems": keywords.unevaluated_items,
    "multipleOf": keywords.multiple_of,
    "divisibleBy": keywords.multiple_of,
    "uniqueItems": keywords.unique_items,
    "items": keywords.listed_items,
    "additionalItems": keywords.additional_items,
    "dependencies": keywords.dependencies,
}
_FOLLOWED = (
    *("$ref", "$dynamicRef", "$recursiveRef", "allOf", "not", "if", "extends", "disallow"),
    "dependentSchemas",
)
"""Keywords that lead to other parts of a schema, for the same value."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One draft."""

    uri: str
    """Of its metaschema, without the empty fragment."""
    validator: Any
    """``jsonschema``'s validator of the draft, with our keywords."""
    specification: Specification[Any]
    ignores_siblings: bool
    """Nothing beside a ``$ref`` is looked at."""
    is_quick: bool
    """The common keywords mean what they mean in 2020-12."""

    def is_bundled(self, uri: str) -> bool:
        """True for the metaschemas of this draft."""
        return uri == self.uri or uri.startswith(self.uri.removesuffix("schema") + "meta/")


def _is_integer(_: Any, instance: Any) -> bool:
    if isinstance(instance, Decimal):
        return instance == instance.to_integral_value()
    return isinstance(instance, int) and not isinstance(instance, bool)


def _dialect(uri: str, base: Any, specification: Specification[Any]) -> Dialect:
    is_draft3, is_2020 = base is jsonschema.Draft3Validator, "2020-12" in uri
    is_early = is_draft3 or base is jsonschema.Draft4Validator
    own = {name: keyword for name, keyword in _OWN.items() if name in base.VALIDATORS}
    own |= {n: keywords.followed(base.VALIDATORS[n]) for n in _FOLLOWED if n in base.VALIDATORS}
    if is_2020:
        own |= {"items": keywords.items, "dependencies": keywords.dependencies}
    if is_draft3:
        own |= {"properties": keywords.properties_draft3}
        own["dependencies"] = keywords.followed(base.VALIDATORS["dependencies"])
    types = base.TYPE_CHECKER if is_early else base.TYPE_CHECKER.redefine("integer", _is_integer)
    validator = extend(  # type: ignore[no-untyped-call]
        base, validators=own, type_checker=types.redefine("number", keywords.is_number)
    )
    has_siblings = is_2020 or "2019-09" in uri
    return Dialect(uri, validator, specification, not has_siblings, not is_early)


def _draft3_parts(contents: Any) -> Iterable[Any]:
    """The parts of a schema of draft 3, where ``extends`` may be one schema or a list of them."""
    extended = contents.get("extends") if isinstance(contents, dict) else None
    if isinstance(extended, dict):
        contents = {**contents, "extends": [extended]}  # `referencing` knows lists alone
    return filter(_is_object, _PLAIN_DRAFT3.subresources_of(contents))


def _is_object(part: Any) -> bool:
    """False for ``true`` and ``false``, which are no schemas of draft 3."""
    return isinstance(part, dict)


def _with_dependencies(specification: Specification[Any]) -> Specification[Any]:
    """A draft in which each of ``dependencies`` is a schema or a list of names, in any order.

    `referencing` takes all of them for what the first one is: names for a schema, which has none of
    its methods, and schemas for names, so that their references were not followed.
    """

    def parts(contents: Any) -> Iterable[Any]:
        depending = contents.get("dependencies") if isinstance(contents, dict) else None
        if not isinstance(depending, dict):
            return specification.subresources_of(contents)
        others = {name: part for name, part in contents.items() if name != "dependencies"}
        schemas = (part for part in depending.values() if isinstance(part, dict | bool))
        return [*specification.subresources_of(others), *schemas]

    return attrs.evolve(specification, subresources_of=parts)  # type: ignore[misc]


_PLAIN_DRAFT3 = _with_dependencies(specifications.DRAFT3)
_DRAFT3 = attrs.evolve(_PLAIN_DRAFT3, subresources_of=_draft3_parts)  # type: ignore[misc]
_OLD = "http://json-schema.org/draft-0{}/schema"
_NEW = "https://json-schema.org/draft/{}/schema"
LATEST = _dialect(
    _NEW.format("2020-12"), jsonschema.Draft202012Validator, specifications.DRAFT202012
)
DIALECTS: Mapping[str, Dialect] = {
    dialect.uri: dialect
    for dialect in (
        _dialect(_OLD.format(3), jsonschema.Draft3Validator, _DRAFT3),
        _dialect(
            _OLD.format(4), jsonschema.Draft4Validator, _with_dependencies(specifications.DRAFT4)
        ),
        _dialect(
            _OLD.format(6), jsonschema.Draft6Validator, _with_dependencies(specifications.DRAFT6)
        ),
        _dialect(
            _OLD.format(7), jsonschema.Draft7Validator, _with_dependencies(specifications.DRAFT7)
        ),
        _dialect(
            _NEW.format("2019-09"), jsonschema.Draft201909Validator, specifications.DRAFT201909
        ),
        LATEST,
    )
}


def dialect_of(uri: Any) -> Dialect | None:
    """The draft that a ``$schema`` names, by ``http`` or ``https``; ``None`` for an unknown one."""
    if not isinstance(uri, str):
        return None
    scheme, _, rest = uri.removesuffix("#").partition("://")
    known = (DIALECTS.get(f"{s}://{rest}") for s in ("http", "https"))
    return next(filter(None, known), None) if scheme in ("http", "https") else None
