"""Reads calls that are written as JSON objects, which most forms do."""

import json
from dataclasses import replace
from typing import Any

from harness.checks.json.decoder import decode
from harness.checks.json.document import document_at
from harness.checks.json.fault import Fault
from harness.checks.json.pointer import span_of
from harness.checks.json.wording import kind_of, list_of
from harness.checks.text.document import BLANK, Document, Path
from harness.checks.tools.call import ARGUMENTS, NAME, Call
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode


def call_in(
    document: Document, path: Path = (), key: str = ARGUMENTS, *, more: tuple[str, ...] = ()
) -> Call | Fault:
    """The call that the object at a path of a sound document is.

    Args:
        document: the document.
        path: to the object.
        key: the name of the member that holds the arguments.
        more: names of further members that it may have.
    """
    value = _at(document.value, path)
    if not isinstance(value, dict):
        return _fault(document, path, f"expected an object with a call, found {kind_of(value)}")
    for name in (NAME, key):
        if name not in value:
            found = list_of([repr(excerpt(n)) for n in value], "and") or "no key"
            reason = f"expected a call with {NAME!r} and {key!r}, found {found}"
            return _fault(document, path, reason)
    if other := next((n for n in value if n not in (NAME, key, *more)), None):
        reason = f"a call has no key {excerpt(other)!r} beside {NAME!r} and {key!r}"
        return _fault(document, (*path, other), reason, name=True)
    if not isinstance(value[NAME], str):
        reason = f"expected the name of a tool, found {kind_of(value[NAME])}"
        return _fault(document, (*path, NAME), reason)
    if not isinstance(value[key], dict):
        reason = f"expected an object of arguments, found {kind_of(value[key])}"
        return _fault(document, (*path, key), reason)
    return _made(document, path, key)


def document_or_fault(text: str, start: int) -> Document | Fault:
    """The JSON value that begins at an offset."""
    document = document_at(text, start)
    return document.fault or document


def with_decoded_arguments(document: Document, path: Path) -> Call | Fault:
    """As ``call_in``, of arguments that may be JSON text in a string, which is decoded once."""
    value = _at(document.value, path)
    text = value.get(ARGUMENTS) if isinstance(value, dict) else None
    if not isinstance(text, str):
        return call_in(document, path)
    try:
        inner = decode(text, len(text) - len(text.lstrip(BLANK)))
        is_whole = not text[inner.end :].strip(BLANK)
    except json.JSONDecodeError:
        is_whole = False
    if not is_whole:
        return _fault(document, (*path, ARGUMENTS), "expected arguments as JSON, found other text")
    if not isinstance(inner.value, dict):
        reason = f"expected an object of arguments, found {kind_of(inner.value)}"
        return _fault(document, (*path, ARGUMENTS), reason)
    bare = replace(document, value=_with(document.value, path, inner.value))
    made = call_in(bare, path)
    if isinstance(made, Fault):
        return made

    def locate(place: Path, name: bool) -> tuple[int, int]:
        # Offsets within the string are those of its escapes: the string as a whole is shown.
        return span_of(document, (*path, *place[:1]), name=name and len(place) == 1)

    return replace(made, locate=locate, has_duplicates=inner.has_duplicates)


def _made(document: Document, path: Path, key: str) -> Call:
    value = _at(document.value, path)

    def locate(place: Path, name: bool) -> tuple[int, int]:
        own = (key if place[0] == ARGUMENTS else place[0], *place[1:])
        return span_of(document, (*path, *own), name=name)

    span = span_of(document, path)
    return Call(value[NAME], value[key], span, locate, document.has_duplicates)


def _fault(document: Document, path: Path, reason: str, *, name: bool = False) -> Fault:
    span = span_of(document, path, name=name)
    return Fault(FailureCode.CALL_FORM, reason, span, span[0])


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def _with(value: Any, path: Path, arguments: Any) -> Any:
    """The value with other arguments in the object at a path."""
    if not path:
        return {**value, ARGUMENTS: arguments}
    made = value.copy()
    made[path[0]] = _with(value[path[0]], path[1:], arguments)
    return made
