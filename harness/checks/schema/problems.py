"""Turns a schema's errors about a completion's value into verdicts with failure codes."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

from jsonschema import ValidationError

from harness.checks.json.depth import depth_of
from harness.checks.json.document import read_document
from harness.checks.json.pointer import pointer_of, span_of, verdict_path
from harness.checks.json.value import document_of
from harness.checks.json.wording import kind_of, list_of, show
from harness.checks.schema.keywords import NOT_EXPECTED
from harness.checks.schema.schema import MAX_DEPTH, Schema, best_of
from harness.checks.schema.timeout import SchemaTimeout
from harness.checks.text.document import Document, Path
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.completion import Completion
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

_NUMERIC = re.compile(
    r"\s*[-+]?\W{0,3}[0-9](?:[0-9 ,._']*[0-9])?(?:[eE][-+]?[0-9]+)?\W{0,4}(?:[A-Za-z]{3})?\s*"
)
_ORDER = (
    FailureCode.MISSING_KEY,
    FailureCode.NUMBER_AS_STRING,
    FailureCode.WRONG_TYPE,
    FailureCode.NOT_IN_ENUM,
    FailureCode.UNEXPECTED_KEY,
    FailureCode.SCHEMA_OTHER,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a value."""

    code: FailureCode
    reason: str
    path: Path
    missing: str = ""
    """The first key that is missing from the object at ``path``."""
    points_at_name: bool = False
    """The member's name is to be pointed at, not its value."""
    lacks_keys: str = ""
    """The reason why no required key can be there: the value is no object at all."""


@dataclass(frozen=True, slots=True)
class Problems:
    """Everything a schema says of one value."""

    found: tuple[Problem, ...] = ()
    """The one to report first is first."""
    error: str | None = None
    """Why the schema could not be run to its end."""


def judge_schema(
    schema: Schema,
    completion: Completion,
    codes: Iterable[FailureCode] | None = None,
    wrappers: Wrappers = KNOWN_WRAPPERS,
) -> Verdict:
    """The verdict on the problems of these codes, or on all of them."""
    document = document_of(completion, wrappers)
    if isinstance(document, Verdict):
        return document
    problems = _problems(schema, completion.text, wrappers)
    if problems.error:
        return Verdict.error(FailureCode.TASK_ERROR, problems.error)
    for problem in problems.found:
        if codes is None or problem.code in codes:
            span = span_of(document, problem.path, name=problem.points_at_name)
            lacking = (problem.missing,) if problem.missing else ()
            where = verdict_path((*problem.path, *lacking))
            return Verdict.failed(problem.code, problem.reason, span, path=where)
        if problem.lacks_keys and FailureCode.MISSING_KEY in codes:
            span = span_of(document, problem.path)
            return Verdict.failed(FailureCode.MISSING_KEY, problem.lacks_keys, span)
    return Verdict.passed()


@lru_cache(maxsize=4)
def _problems(schema: Schema, text: str, wrappers: Wrappers) -> Problems:
    """The problems of the value in ``text``, which has one."""
    document = read_document(text, wrappers)
    return problems_of(schema, document.value, partial(_depth_of, document))


def _depth_of(document: Document) -> int:
    """Levels of lists and objects in the value, which may be no JSON in its text."""
    if document.places is not None:
        return max(map(len, document.places), default=0)
    is_list = document.lines is not None
    return depth_of(document.text, document.start, document.end) + is_list


def problems_of(schema: Schema, value: Any, depth_of_value: Callable[[], int]) -> Problems:
    """The problems of a value, whose depth is asked for where the schema may follow it."""
    if schema.is_recursive:
        depth = depth_of_value()
        if depth > MAX_DEPTH:
            reason = f"nested {depth:,} levels deep, a schema is followed {MAX_DEPTH} levels"
            return Problems((Problem(FailureCode.SCHEMA_OTHER, reason, ()),))
    try:
        errors = schema.errors(value)
    except SchemaTimeout as timeout:
        return Problems(error=str(timeout))
    except RecursionError:
        return Problems(error="the schema is nested too deep for this value")
    if not errors:
        return Problems()
    found = [_problem(error) for error in errors]
    return Problems(tuple(sorted(found, key=lambda p: (len(p.path), _ORDER.index(p.code)))))


def _problem(error: ValidationError) -> Problem:
    leaf: Any = best_of([error])
    path = tuple(leaf.absolute_path)
    where = pointer_of(path)
    keyword = leaf.validator
    if keyword in ("required", "dependentRequired"):
        return _missing(leaf, path)
    if leaf.message == NOT_EXPECTED:
        return _unexpected(leaf, path)
    if keyword in ("anyOf", "oneOf") and (types := _alternative_types(leaf)):
        return _wrong_type(types, leaf.instance, path)
    if keyword == "type":
        types = (
            [leaf.validator_value]
            if isinstance(leaf.validator_value, str)
            else [name for name in leaf.validator_value if isinstance(name, str)]
        )
        wrong = _wrong_type(types, leaf.instance, path)
        required = leaf.schema.get("required", ()) if isinstance(leaf.schema, dict) else ()
        if "object" not in types or not required:
            return wrong
        names = list_of([repr(excerpt(name)) for name in required], "and")
        reason = f"{where}: expected an object with {names}, found {kind_of(leaf.instance)}"
        return replace(wrong, lacks_keys=reason)
    found = show(leaf.instance)
    if keyword in ("enum", "const"):
        allowed = leaf.validator_value if keyword == "enum" else [leaf.validator_value]
        reason = f"{where}: expected {list_of([show(a) for a in allowed])}, found {found}"
        return Problem(FailureCode.NOT_IN_ENUM, reason, path)
    return Problem(FailureCode.SCHEMA_OTHER, f"{where}: {_other(leaf, found)}", path)


def _unexpected(leaf: Any, path: Path) -> Problem:
    if isinstance(path[-1], str):
        reason = f"{pointer_of(path)}: the schema allows no key {excerpt(path[-1])!r} here"
        return Problem(FailureCode.UNEXPECTED_KEY, reason, path, points_at_name=True)
    reason = f"{pointer_of(path)}: the schema allows no item here, found {show(leaf.instance)}"
    return Problem(FailureCode.SCHEMA_OTHER, reason, path)


def _missing(leaf: Any, path: Path) -> Problem:
    wanted = leaf.validator_value
    if isinstance(wanted, dict):
        wanted = [
            name
            for given, names in wanted.items()
            if given in leaf.instance and isinstance(names, list)
            for name in names
        ]
    lacking = [name for name in wanted if name not in leaf.instance]
    names = [repr(excerpt(name)) for name in lacking]
    found = list_of([repr(excerpt(name)) for name in leaf.instance], "and") or "no key"
    reason = f"{pointer_of(path)}: lacks {list_of(names, 'and')}, found {found}"
    return Problem(FailureCode.MISSING_KEY, reason, path, missing=lacking[0] if lacking else "")


def _alternative_types(leaf: Any) -> list[str]:
    """The types that the branches of ``anyOf`` want, where each fails on nothing else."""
    types: list[str] = []
    for error in leaf.context or ():
        if error.validator != "type" or error.relative_path:
            return []
        value = error.validator_value
        types += [value] if isinstance(value, str) else value
    return types


def _wrong_type(types: list[str], value: Any, path: Path) -> Problem:
    wants_number = "number" in types or "integer" in types
    is_number = isinstance(value, str) and len(value) < 400 and _NUMERIC.fullmatch(value)
    expected = list_of(list(dict.fromkeys(types)))
    if wants_number and is_number:
        reason = f"{pointer_of(path)}: expected {expected}, found it as a string: {show(value)}"
        return Problem(FailureCode.NUMBER_AS_STRING, reason, path)
    kind = kind_of(value)
    shown = "" if kind in ("null", "an object", "an array") else f" {show(value)}"
    reason = f"{pointer_of(path)}: expected {expected}, found {kind}{shown}"
    return Problem(FailureCode.WRONG_TYPE, reason, path)


def _other(leaf: Any, found: str) -> str:
    if leaf.validator in ("anyOf", "oneOf", "allOf", "not", "if", "contains"):
        return f"{found} does not satisfy {leaf.validator}"
    if leaf.validator is None:
        return f"the schema allows nothing here, found {found}"
    value = excerpt(str(leaf.validator_value))
    return f"{found} does not satisfy {leaf.validator}: {value}"
