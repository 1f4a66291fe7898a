"""Defects of answers in CSV: around the table, in its text, and those of its values."""

from collections.abc import Callable
from functools import partial
from typing import Any

from harness.checks.csv.writing import table_of, write_row
from harness.checks.declared.output import Output
from harness.checks.equality.values import is_number
from harness.checks.schema.columns import columns_of
from harness.core.case import Case
from harness.tasks.check.corruptions.defect import (
    EDGES,
    FENCE_ADDED,
    LOOP,
    SYNTAX,
    Corruption,
    Defect,
    Defects,
    around,
    at_the_limit,
    nothing,
)
from harness.tasks.check.corruptions.json import in_format, in_value, value_defects_in_format
from harness.tasks.check.corruptions.perfect_answer import PerfectAnswer, touches
from harness.tasks.reference import reference_value

VALIDITY = "csv_validity"
Table = list[list[Any]]
_NUMBERS = {"number", "integer"}
_UNREADABLE = "Zyxquil"
"""Stands in a column of numbers."""


def defects(output: Output) -> Defects:
    """By name, in the order of a table."""
    wide = partial(_of_columns, output)
    table = partial(_of_table, output)
    return {
        FENCE_ADDED: around("```csv\n", "\n```", EDGES),
        "chatter before": around("Here it is\n", "", EDGES, SYNTAX),
        "chatter after": wide(around("", "\nLet me know.", SYNTAX)),
        "ends in a loop": wide(around("", "\n" + LOOP.replace(",", "") * 12, SYNTAX, "repetition")),
        "header left out": table(_header_left_out),
        "column twice": table(_column_twice),
        "cell left out": table(_cell_left_out),
        "another delimiter": table(_other_delimiter),
        "quote left open": around("", '\n"', SYNTAX),
        "blank line inside": table(_blank_inside),
        "number in words": partial(in_format, output, partial(in_value, output, _number_in_words)),
        "nothing": nothing(EDGES, SYNTAX),
        "token limit reached": at_the_limit,
        **value_defects_in_format(output),
    }


def _of_columns(output: Output, make: Defect) -> Defect:
    """Of a table of more than one column, where a line of words is no row."""

    def made(case: Case, perfect: str) -> Corruption | None:
        table = table_of(reference_value(output, perfect))
        return make(case, perfect) if table and len(table[0]) > 1 else None

    return made


def _of_table(output: Output, make: Callable[[Output, Table], Corruption | None]) -> Defect:
    def made(case: Case, perfect: str) -> Corruption | None:
        table = table_of(reference_value(output, perfect))
        return make(output, table) if table else None

    return made


def _text(output: Output, table: Table, between: str = "\n") -> str:
    return between.join(write_row(row, output.delimiter) for row in table)


def _header_left_out(output: Output, table: Table) -> Corruption | None:
    """Where a schema names the columns; without one the first row may be a header."""
    names = {c.name for c in columns_of(output.json_schema)} if output.json_schema else set()
    if not names or any(cell in names for cell in table[1]):
        return None
    return Corruption(_text(output, table[1:]), frozenset({EDGES, SYNTAX}))


def _column_twice(output: Output, table: Table) -> Corruption:
    """With its values, so that the table's value is what it was."""
    return Corruption(_text(output, [[*row, row[0]] for row in table]), frozenset({VALIDITY}))


def _cell_left_out(output: Output, table: Table) -> Corruption | None:
    if len(table[0]) == 1:
        return None
    return Corruption(_text(output, [*table[:-1], table[-1][:-1]]), frozenset({SYNTAX}))


def _other_delimiter(output: Output, table: Table) -> Corruption | None:
    """Its header is one cell, and no name that is known."""
    if len(table[0]) == 1 or any(output.delimiter in name for name in table[0]):
        return None
    other = ";" if output.delimiter != ";" else ","
    text = "\n".join(write_row(row, other) for row in table)
    return Corruption(text, frozenset({EDGES, SYNTAX}))


def _blank_inside(output: Output, table: Table) -> Corruption:
    return Corruption(_text(output, table, "\n\n"), frozenset({VALIDITY}))


def _number_in_words(answer: PerfectAnswer) -> Corruption | None:
    """A number that is none, in a column that may hold no text."""
    for path, value in answer.leaves():
        node = answer.schema_at(path) or {}
        named = node.get("type")
        types = {named} if isinstance(named, str) else {*(named or ())}
        is_time = touches(answer.output.timestamps, path)
        if is_number(value) and types & _NUMBERS and "string" not in types and not is_time:
            grounded = touches(answer.output.grounded, path)
            also = ["grounding"] * grounded
            return answer.changed(path, _UNREADABLE, "schema_types", "types", *also)
    return None
