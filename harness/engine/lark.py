"""Grammars in llguidance's Lark, in which JSON schemas may stand: that of JSON Lines, and parts for
other formats whose answers are lists."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.core.errors import HarnessError
from harness.core.schema_parts import SHARED, fixed_in

WHITE_SPACE: Any = {"whitespace_flexible": False, "item_separator": ", ?", "key_separator": ": ?"}
"""An answer is compact, but for one blank after a comma or a colon: a model cannot loop in white
space."""
MAX_REFERENCES = 50
"""References that lead from one to the next."""
NOTES = frozenset(
    {"title", "description", "$comment", "examples", "default", "deprecated", "readOnly"}
    | {"writeOnly", "$schema", "$id", *SHARED}
)
"""Keywords that forbid nothing."""
_OF_A_LIST = frozenset({"type", "items", "minItems", "maxItems"})


@dataclass(frozen=True, slots=True)
class ListSchema:
    """The schema of a list, as far as it can be a grammar of lines."""

    item: Any
    """The schema of a line or a row."""
    least: int
    most: int | None
    """Items; ``None``: any number."""
    shared: Mapping[str, Any]
    """The parts that the item's schema refers to."""


def jsonl_grammar(schema: Any) -> str:
    """The grammar of lines that are one JSON value each, of one line at least.

    Raises:
        HarnessError: the schema of the list says what no such grammar can.
    """
    lines = list_schema(schema, "jsonl")
    if lines.item is False or lines.most == 0:
        raise HarnessError("the schema accepts no line")
    if fixed := next(fixed_in(lines.item), None):
        raise HarnessError(
            f"no grammar of format: jsonl can express {fixed} in items, refer to a part in $defs"
        )
    item = {} if lines.item is True else lines.item
    most = None if lines.most is None else lines.most - 1
    more = repeated('("\\n" line)', max(0, lines.least - 1), most)
    return f"start: line {more}\nline: {embedded({**item, **lines.shared})}\n"


def list_schema(schema: Any, form: str) -> ListSchema:
    """
    Raises:
        HarnessError: the schema has another keyword than those of a list of equal items, or no
            list keeps to it.
    """
    root = schema if isinstance(schema, dict) else {}
    found = resolved(schema, root)
    require_only(found, _OF_A_LIST, form)
    kinds = kinds_of(found)
    least, most = found.get("minItems", 0), found.get("maxItems")
    if (kinds and "array" not in kinds) or (most is not None and least > most):
        raise HarnessError(f"the schema accepts no list, which an answer in format: {form} is")
    shared = {key: root[key] for key in ("$schema", *SHARED) if key in root}
    return ListSchema(found.get("items", True), int(least), most and int(most), shared)


def require_only(schema: Mapping[str, Any], known: frozenset[str], form: str) -> None:
    """
    Raises:
        HarnessError: the schema has a keyword that is none of those.
    """
    if other := [key for key in schema if key not in known and key not in NOTES]:
        raise HarnessError(f"no grammar of format: {form} can express the keyword {other[0]!r:.60}")


def resolved(schema: Any, root: Mapping[str, Any]) -> dict[str, Any]:
    """The schema, or the part of the same document that it refers to and is nothing beside.

    Raises:
        HarnessError: there is none, or it accepts nothing.
    """
    for _ in range(MAX_REFERENCES):
        if schema is True:
            return {}
        if not isinstance(schema, dict):
            raise HarnessError("the schema accepts no answer")
        if "$ref" not in schema:
            return schema
        reference = str(schema["$ref"])
        if beside := [key for key in schema if key != "$ref" and key not in NOTES]:
            raise HarnessError(f"no grammar can express {beside[0]!r:.60} beside a $ref")
        schema = _part(reference, root)
    raise HarnessError(f"$ref: {reference!r:.60} leads back to itself")


def _part(reference: str, root: Mapping[str, Any]) -> Any:
    found: Any = root if reference.startswith("#") else None
    for token in reference[1:].split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    if found is None:
        raise HarnessError(f"$ref: {reference!r:.60} leads to no part of the schema")
    return found


def kinds_of(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The types that a schema names; none where it names none."""
    kinds = schema.get("type", ())
    return (kinds,) if isinstance(kinds, str) else tuple(kinds)


def embedded(schema: Mapping[str, Any]) -> str:
    """A JSON value that keeps to a schema."""
    return f"%json {json.dumps({**schema, 'x-guidance': WHITE_SPACE})}"


def literal(text: str) -> str:
    """The text itself."""
    return json.dumps(text, ensure_ascii=False)


def repeated(part: str, least: int, most: int | None) -> str:
    """A part so many times; nothing where that is none."""
    return "" if most == 0 else f"{part}{{{least},{'' if most is None else most}}}"
