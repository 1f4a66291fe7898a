"""Answers that are lists, as JSON Lines and CSV are: their schemas, and those of their items."""

from typing import Any

from harness.core.answer_formats import LIST_FORMATS
from harness.core.errors import HarnessError
from harness.core.schema_parts import SHARED, fixed_in
from harness.tasks.draft.schemas import item_schema, without_null


def schema_of_answer(form: str, schema: Any) -> Any:
    """The schema of an answer: the one that was given; of a list of such lines or rows, unless that
    is what it is of.

    Raises:
        HarnessError: it refers to itself in a way that holds in its own place alone, or rows that
            keep to it are no rows of CSV.
    """
    if form not in LIST_FORMATS:
        return schema
    made = schema if _is_of_lists(schema) else _list_of(form, schema)
    if form == "csv":
        _require_cells(made)
    return made


def _is_of_lists(schema: Any) -> bool:
    inner = without_null(schema, schema)
    if not isinstance(inner, dict):
        return False
    kinds = inner.get("type", ())
    return "array" in ([kinds] if isinstance(kinds, str) else kinds) or "items" in inner


def _list_of(form: str, schema: Any) -> dict[str, Any]:
    shared: dict[str, Any] = {}
    if isinstance(schema, dict):
        if fixed := next(fixed_in(schema), None):
            raise HarnessError(
                f"--format {form}: the schema of a line has {fixed}, which holds in that place "
                'alone: write the schema of the list, {"type": "array", "items": ...}'
            )
        shared = {key: schema[key] for key in ("$schema", *SHARED) if key in schema}
        schema = {key: value for key, value in schema.items() if key not in shared}
    dialect = {key: shared.pop(key) for key in ("$schema",) if key in shared}
    return {**dialect, "type": "array", "items": schema, "minItems": 1, **shared}


def _require_cells(schema: Any) -> None:
    row = without_null(item_schema(schema), schema)
    columns = row.get("properties") if isinstance(row, dict) else None
    if not isinstance(columns, dict) or not columns:
        raise HarnessError(
            "--format csv: the schema of a row names no column under properties, and a column has "
            "a name"
        )
    for name, column in columns.items():
        kinds = without_null(column, schema)
        kinds = kinds.get("type", ()) if isinstance(kinds, dict) else ()
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            if kind in ("array", "object"):
                raise HarnessError(
                    f"--format csv: the column {name!r:.60} would hold an {kind}, and a cell holds "
                    "one value: leave it out, or choose --format jsonl"
                )
