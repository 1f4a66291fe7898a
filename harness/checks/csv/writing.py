"""Writes a list of objects as CSV, which reads as it was wherever CSV can say it."""

import json
from typing import Any

from harness.core.csv_cell import csv_cell


def dump_csv(value: Any, delimiter: str = ",") -> str | None:
    """The text, without a line end behind it; ``None`` where the value is no list of objects of
    the same keys, or holds a list or an object."""
    rows = table_of(value)
    return None if rows is None else "\n".join(write_row(row, delimiter) for row in rows)


def table_of(value: Any) -> list[list[Any]] | None:
    """The header and the rows; ``None`` where the value is no table."""
    if not isinstance(value, list) or not value or not all(isinstance(row, dict) for row in value):
        return None
    header = [*value[0]]
    cells = [[row.get(name) for name in header] for row in value]
    is_table = header and all(row.keys() == value[0].keys() for row in value)
    if not is_table or any(isinstance(cell, dict | list) for row in cells for cell in row):
        return None
    return [header, *cells]


def write_row(cells: list[Any], delimiter: str) -> str:
    """One line, unless a cell holds a line end."""
    written = [_cell(cell, delimiter) for cell in cells]
    return delimiter.join(written) if written != [""] else '""'


def _cell(value: Any, delimiter: str) -> str:
    text = "" if value is None else value
    if not isinstance(text, str):
        text = json.dumps(text, default=float)
    return csv_cell(text, delimiter)
