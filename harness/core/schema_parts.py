"""Parts of a JSON schema that are used in another place than their own."""

from collections.abc import Iterator
from typing import Any

SHARED = ("$defs", "definitions")
"""Where a schema keeps the parts that it refers to."""
_OWN_NAMES = ("$id", "$recursiveRef", "$dynamicRef")


def fixed_in(schema: Any) -> Iterator[str]:
    """The references and names in a part that lead elsewhere once it stands in another place of a
    schema with the same ``SHARED`` parts."""
    waiting: list[Any] = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            waiting += part.values()
            yield from (key for key in _OWN_NAMES if isinstance(part.get(key), str))
            reference = part.get("$ref")
            if isinstance(reference, str) and not _moves(reference):
                yield f"$ref: {reference!r:.60}"


def _moves(reference: str) -> bool:
    """It leads to the same part from everywhere in a document with the same shared parts."""
    if not reference.startswith("#"):
        return True
    return reference[1:].startswith(tuple(f"/{key}/" for key in SHARED))
