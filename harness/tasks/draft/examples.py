"""The answers of example rows as the values of a format, with a schema that all of them keep to."""

from collections.abc import Sequence
from typing import Any

from harness.checks.declared.output import Output
from harness.checks.schema.schema import compile_schema
from harness.core.answer_formats import LIST_FORMATS
from harness.core.errors import HarnessError
from harness.files.strict_json import NotJson, decode
from harness.tasks.draft.listed import schema_of_answer
from harness.tasks.draft.rows import Row
from harness.tasks.draft.schemas import values_schema
from harness.tasks.reference import reference_value, written

_WANTED = {
    "json": "JSON object or list",
    "yaml": "YAML mapping or list",
    "jsonl": "text of JSON Lines and no list of their values",
    "csv": "text of CSV and no list of rows with the same columns",
}


def are_json(rows: Sequence[Row]) -> bool:
    """All answers are objects or lists, as values or as JSON texts."""
    return all(isinstance(_as_json(row.answer), dict | list) for row in rows)


def values_of(form: str, schema: Any, rows: Sequence[Row]) -> tuple[list[Any], Any]:
    """The answers as values, and their schema: the one given, or one that all of them keep to.

    An answer is a value, or its text in the format; a list for JSON Lines and CSV may stand as
    JSON text too.

    Raises:
        HarnessError: an answer is none of the format, or answers cannot keep to the schema.
    """
    if schema is not None:
        schema = schema_of_answer(form, schema)
    values = [_value(form, _output(form, schema), row.answer, n) for n, row in enumerate(rows, 1)]
    if schema is None:
        schema = schema_of_answer(form, values_schema(values))
    if form != "csv":
        return values, schema
    output = _output(form, schema)
    return [reference_value(output, written(output, value) or "") for value in values], schema


def _output(form: str, schema: Any) -> Output:
    output = Output.model_validate({"format": form})
    return output if schema is None else output.with_schema(compile_schema(schema))


def _value(form: str, output: Output, answer: Any, number: int) -> Any:
    value = _as_json(answer)
    is_value = isinstance(value, list if form in LIST_FORMATS else dict | list)
    if not is_value and isinstance(answer, str) and form != "json":
        value = reference_value(output, answer)
        is_value = isinstance(value, dict | list)
    if not is_value or written(output, value) is None:
        raise HarnessError(f"--examples: the answer of row {number} is no {_WANTED[form]}")
    return value


def _as_json(answer: Any) -> Any:
    if not isinstance(answer, str):
        return answer
    try:
        return decode(answer.encode("utf-8", "surrogatepass"))
    except NotJson:
        return answer
