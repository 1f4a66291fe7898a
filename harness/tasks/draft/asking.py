"""The prompt of a draft: it asks for an answer of the format, and names what the schema wants."""

from collections.abc import Callable, Sequence
from typing import Any

from harness.checks.csv.writing import write_row
from harness.core.answer_formats import LIST_FORMATS
from harness.tasks.draft.schemas import item_schema, without_null


def asking(form: str, schema: Any, variable: str) -> str:
    """The prompt for answers of a format of values, with the place of the case's own text."""
    part = item_schema(schema) if form in LIST_FORMATS else schema
    inner = without_null(part, schema)
    names = [*inner.get("properties", ())] if isinstance(inner, dict) else []
    return f"Answer with {_ASKED[form](names)}, and nothing else.\nText: {{{variable}}}"


def _keys(names: Sequence[str]) -> str:
    return f" with the keys {', '.join(names)}" if names else ""


def _lines(names: Sequence[str]) -> str:
    value = f"JSON object{_keys(names)}" if names else "JSON value"
    return f"JSON Lines, one {value} on each line"


_ASKED: dict[str, Callable[[Sequence[str]], str]] = {
    "json": lambda names: f"one JSON object{_keys(names)}",
    "yaml": lambda names: f"one YAML document{_keys(names)}",
    "jsonl": _lines,
    "csv": lambda names: f"CSV whose first line is {write_row([*names], ',')}",
}
