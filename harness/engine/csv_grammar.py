"""The grammar of a table of CSV: a header with all columns of a schema, and rows of typed cells.

Cells of text stand in quotes or without; those that could be taken for a mark of reasoning, a fence
or a special token, and those that begin or end with a blank, in quotes alone. All else is written
in one way, as a perfect answer has it.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from harness.core.csv_cell import csv_cell
from harness.core.errors import HarnessError
from harness.engine.lark import (
    embedded,
    kinds_of,
    list_schema,
    literal,
    repeated,
    require_only,
    resolved,
)

DELIMITERS = ",;|\t"
"""Those that stand in no number and no time."""
MAX_BRANCHES = 1_000
"""Alternatives of one column, and those within them: a schema may refer to itself."""
_OF_A_ROW = frozenset({"type", "properties", "required", "additionalProperties"})
_OF_A_NUMBER = frozenset(
    {"type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
)
_OF_A_TEXT = frozenset({"type", "minLength", "maxLength", "format"})
_MARKS = "<\\[`~\u25c1"
"""Characters of marks that an answer may not have around it, in an expression's brackets."""
_DATE = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = (
    r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
_HEX = "[0-9a-f]"
_FORMATS = {
    "date": _DATE,
    "time": _TIME,
    "date-time": f"{_DATE}T{_TIME}",
    "uuid": f"{_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}}",
}
_Cell = tuple[str, str]
"""A JSON type, and how a cell of it is written; an empty one is ``NOTHING``."""
NOTHING = '""'


def csv_grammar(schema: Any, delimiter: str) -> str:
    """The grammar of a table whose rows keep to the schema's ``items``.

    Raises:
        HarnessError: the schema names no columns, or says of them what no such grammar can.
    """
    if delimiter not in DELIMITERS:
        known = ", ".join(map(repr, DELIMITERS))
        raise HarnessError(f"no grammar has the delimiter {delimiter!r}, there are {known}")
    table = list_schema(schema, "csv")
    row = resolved(table.item, table.shared)
    columns = row.get("properties")
    if not isinstance(columns, dict) or not columns:
        raise HarnessError("a grammar of format: csv needs the columns as properties of items")
    _require_row(row, columns)
    header = delimiter.join(csv_cell(name, delimiter) for name in columns)
    cells = [_column(name, columns[name], table.shared, delimiter) for name in columns]
    if len(columns) == 1:
        cells = [[_quoted_empty(cell) for cell in cells[0]]]
    rules = [f"c{i}: {' | '.join(alternatives)}" for i, alternatives in enumerate(cells)]
    between = f" {literal(delimiter)} "
    row_rule = f"row: {between.join(f'c{i}' for i in range(len(cells)))}"
    more = repeated('("\\n" row)', table.least, table.most)
    return "\n".join([f"start: {literal(header)} {more}", row_rule, *rules, ""])


def _require_row(row: Mapping[str, Any], columns: Mapping[str, Any]) -> None:
    require_only(row, _OF_A_ROW, "csv")
    kinds = kinds_of(row)
    if kinds and "object" not in kinds:
        raise HarnessError("the schema accepts no row, which is an object")
    if missing := [name for name in row.get("required", ()) if name not in columns]:
        raise HarnessError(f"the column {missing[0]!r:.60} is required and not under properties")


def _column(name: str, node: Any, shared: Mapping[str, Any], delimiter: str) -> list[str]:
    """The ways in which a cell of a column can be written."""
    try:
        cells = [*_cells(node, shared, delimiter)]
    except HarnessError as error:
        raise HarnessError(f"the column {name!r:.60}: {error}") from None
    kinds = {kind for kind, _ in cells}
    if not cells:
        raise HarnessError(f"the column {name!r:.60}: the schema accepts no cell")
    if "string" in kinds and not kinds <= {"string", "null"}:
        raise HarnessError(
            f"the column {name!r:.60}: holds text and other values, which CSV does not tell apart"
        )
    return [*dict.fromkeys(written for _, written in cells)]


def _cells(node: Any, shared: Mapping[str, Any], delimiter: str) -> Iterator[_Cell]:
    waiting, seen = deque([node]), 0
    while waiting:
        seen += 1
        if seen > MAX_BRANCHES:
            raise HarnessError(f"has more than {MAX_BRANCHES:,} alternatives")
        schema = resolved(waiting.popleft(), shared)
        if "anyOf" in schema:
            require_only(schema, frozenset({"anyOf"}), "csv")
            waiting.extendleft(reversed(schema["anyOf"]))
        elif "enum" in schema or "const" in schema:
            yield from _values(schema, delimiter)
        else:
            for kind in kinds_of(schema) or ("string",):
                yield from _of_kind(kind, schema, delimiter)


def _values(schema: Mapping[str, Any], delimiter: str) -> Iterator[_Cell]:
    """The cells of values that the schema names."""
    require_only(schema, frozenset({"type", "enum", "const"}), "csv")
    values = schema["enum"] if "enum" in schema else [schema["const"]]
    for value in values:
        kind = _kind(value)
        kinds = kinds_of(schema) or (kind,)
        is_there = kind in kinds or (kind == "integer" and "number" in kinds)
        if not is_there or ("const" in schema and value != schema["const"]):
            continue
        if isinstance(value, str):
            yield kind, _text_cell(value, delimiter)
        else:
            yield kind, NOTHING if value is None else embedded({"const": value})


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", str: "string"}
    if type(value) not in names:
        raise HarnessError("a cell holds no list and no object")
    return names[type(value)]


def _text_cell(text: str, delimiter: str) -> str:
    if not text:
        return NOTHING
    has_mark = any(c in text for c in _MARKS.replace("\\", ""))
    return literal(
        '"{}"'.format(text.replace('"', '""')) if has_mark else csv_cell(text, delimiter)
    )


def _of_kind(kind: str, schema: Mapping[str, Any], delimiter: str) -> Iterator[_Cell]:
    """The cells of a type, with what the schema says of it."""
    others = {*kinds_of(schema)} - {kind}
    known = _OF_A_TEXT if kind == "string" or "string" in others else frozenset({"type"})
    if kind in ("number", "integer") or others & {"number", "integer"}:
        known |= _OF_A_NUMBER
    require_only(schema, known, "csv")
    if kind == "string":
        yield from ((kind, written) for written in _texts(schema, delimiter))
    elif kind in ("number", "integer"):
        own = {key: value for key, value in schema.items() if key in _OF_A_NUMBER}
        yield kind, embedded({**own, "type": kind})
    elif kind in ("boolean", "null"):
        yield kind, NOTHING if kind == "null" else embedded({"type": kind})
    else:
        raise HarnessError("a cell holds no list and no object")


def _texts(schema: Mapping[str, Any], delimiter: str) -> Iterator[str]:
    """The ways to write a text: nothing, without quotes, in quotes."""
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    if (form := schema.get("format")) is not None:
        if form not in _FORMATS or least or most is not None:
            beside = "" if form not in _FORMATS else " beside minLength or maxLength"
            raise HarnessError(f"no grammar of format: csv can express the format {form!r}{beside}")
        yield f"/{_FORMATS[form]}/"
        return
    if least == 0:
        yield NOTHING
    if most is None or int(most) >= max(least, 1):
        forbidden = rf'"\r\n{_MARKS}{re.escape(delimiter)}'
        yield f"/{_plain(forbidden, least, None if most is None else int(most))}/"
        yield f'/"([^"]|""){_times(max(least, 1), most and int(most))}"/'


def _plain(forbidden: str, least: int, most: int | None) -> str:
    """A text without quotes that neither begins nor ends with a blank."""
    edge, inner = rf"[^ \t{forbidden}]", f"[^{forbidden}]"
    if most == 1:
        return edge
    middle = inner + _times(max(least - 2, 0), None if most is None else most - 2)
    return f"{edge}{middle}{edge}" if least > 1 else f"{edge}({middle}{edge})?"


def _times(least: int, most: int | None) -> str:
    return f"{{{least},{'' if most is None else most}}}"


def _quoted_empty(cell: str) -> str:
    """A row of one empty cell without quotes would be a blank line."""
    return literal('""') if cell == NOTHING else cell
