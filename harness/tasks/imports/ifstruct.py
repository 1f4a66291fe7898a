"""IFStruct: requests for a list of JSON or YAML in a given shape, judged by shape alone.

https://github.com/Liquid4All/ifstruct. A row has a prompt and what its answer must be: a format, a
bare list or one below a key, a number of items, a fence or none, and a schema. The benchmark's own
program reads a part of JSON Schema in its own way; here each row gets a schema that says the same.
"""

from collections.abc import Mapping
from typing import Any

from harness.checks.json.wording import show
from harness.tasks.imports.rows import (
    Benchmark,
    Difference,
    RowRefused,
    cases_of,
    from_text,
    row_files,
    schema_of,
    text_of,
)
from harness.tasks.imports.source import Source

REQUIRED = ("json_validity", "yaml_validity", "schema_types", "duplicate_keys")
MAX_NEW_TOKENS, OFFICIAL_TOKENS = 2048, 16_000
"""Where answers are cut off: unless another number is asked for, and by its own program."""
DIFFERENCES = (
    Difference(
        "the number 1.0 where an integer is asked for",
        "failed",
        "passed",
        "since JSON Schema calls it an integer",
    ),
    Difference("NaN and Infinity", "passed", "failed", "since JSON has no such numbers"),
    Difference(
        "a key twice in one object",
        "passed by its last value",
        "failed",
        "since readers differ in which value they take",
    ),
    Difference(
        "a second fence",
        "passed where commentary is allowed",
        "failed",
        "since it is a second answer",
    ),
    Difference(
        "<|end|> or <|return|> at the end",
        "passed",
        "failed",
        "since a special token in an answer is extra text",
    ),
    Difference(
        "marks of reasoning within a value",
        "cut out with all between them",
        "content",
        "since reasoning stands around an answer",
    ),
    Difference(
        "reasoning in other marks than <think>, [THINK] and GPT-OSS's",
        "failed",
        "passed",
        "since it is as much reasoning",
    ),
    Difference(
        "a fence with a label such as python, or a label on the line that closes it",
        "passed",
        "failed",
        "since it is another language's, or does not close",
    ),
    Difference(
        "a fence that is indented or of tildes",
        "failed",
        "passed",
        "since it is a fence of Markdown",
    ),
    Difference(
        "blanks that JSON does not know around an answer (a no-break space)",
        "passed",
        "failed",
        "by the letter of RFC 8259",
    ),
    Difference(
        "yes, no, on, off, 1_000, 017, 1:30, 1e3 and other words of YAML 1.1",
        "read as truth values and numbers of YAML 1.1",
        "read by YAML 1.2",
        "in which no is a text",
    ),
    Difference(
        "tags and merge keys (<<) of YAML 1.1",
        "followed",
        "failed or a key like others",
        "since YAML 1.2's core schema has none",
    ),
)
_TASK = {
    "description": "IFStruct: a list in JSON or YAML of the shape that the prompt asks for",
    "prompt": "{prompt}",
    "output": {"format": "json", "fence": "allowed", "reasoning": "allowed"},
}
_COUNTS = ("minItems", "maxItems")
_BOUNDS = ("minimum", "maximum")
_SCALARS = ("string", "number", "integer", "boolean")


def ifstruct(source: Source, max_new_tokens: int | None = None) -> Benchmark:
    """The rows of a clone (``data/*.jsonl``) or of a file, as the repository or its data set has
    them."""
    most = max_new_tokens or MAX_NEW_TOKENS
    long = Difference(
        f"answers longer than {most:,} tokens",
        f"read up to {OFFICIAL_TOKENS:,}",
        "cut off",
        "as --max-new-tokens says",
    )
    return Benchmark(
        title="IFStruct",
        task={**_TASK, "sampling": {"max_new_tokens": most, "temperature": 0}},
        found=cases_of(source, row_files(source, "data", "data/ with rows"), case_of_row),
        differences=(*DIFFERENCES, *((long,) if most != OFFICIAL_TOKENS else ())),
        required=REQUIRED,
    )


def case_of_row(row: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    """The line of ``cases.jsonl`` for a row.

    Raises:
        RowRefused: the row lacks something, or asks for what no case can say.
    """
    name = row.get("doc_id", row.get("seed", number))
    form = _format(row)
    wrapper = _truth(row, "require_wrapper_key")
    values: dict[str, Any] = {
        "id": f"{form}-{name}",
        "variables": {"prompt": text_of(row, "prompt")},
        "tags": _tags(row, form, wrapper),
        "format": form,
        "schema": _wrapped(row, _counted(row, schema_of(row, "json_schema")), wrapper),
    }
    if _truth(row, "require_code_block"):
        values["fence"] = "required"
    if not _truth(row, "require_no_commentary"):
        values["commentary"] = True
    if form == "yaml":
        values |= {"flow": "forbidden", "anchors": True}
    return values


def _format(row: Mapping[str, Any]) -> str:
    form = text_of(row, "output_format")
    if form not in ("json", "yaml"):
        raise RowRefused(f"output_format: {form!r:.40} is neither json nor yaml")
    return form


def _truth(row: Mapping[str, Any], key: str) -> bool:
    value = row.get(key)
    if not isinstance(value, bool):
        raise RowRefused(f"{key}: expected true or false, found {show(value)}")
    return value


def _tags(row: Mapping[str, Any], form: str, wrapper: bool) -> list[str]:
    tags = [f"format:{form}", f"structure:{'wrapper_key' if wrapper else 'bare_list'}"]
    entity = row.get("entity_type")
    return [*tags, f"entity:{entity}"] if isinstance(entity, str) and entity else tags


def _wrapped(row: Mapping[str, Any], items: dict[str, Any], wrapper: bool) -> dict[str, Any]:
    """The schema of a whole answer: the list, or the list below the only key."""
    if not wrapper:
        return items
    key = row.get("top_level_key")
    if key is None:  # any key
        return {**_one_key(), "additionalProperties": items}
    if not isinstance(key, str):
        raise RowRefused(f"top_level_key: expected a text, found {show(key)}")
    return _object({key: items}, [key])


def _one_key() -> dict[str, Any]:
    return {"type": "object", "minProperties": 1, "maxProperties": 1}


def _object(properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    closed = {"additionalProperties": False}
    return {"type": "object", "properties": properties, "required": required, **closed}


def _counted(row: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of the list, with the number of items that is asked for."""
    if schema.get("type") != "array":
        raise RowRefused(f"json_schema: expected that of an array, found {show(dict(schema))}")
    listed = held(schema)
    count = from_text(row, "top_level_count")
    least, most = count if isinstance(count, list) and len(count) == 2 else (count, count)
    if count is None:
        return listed
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in (least, most)):
        raise RowRefused(f"top_level_count: expected a number or two, found {show(count)}")
    listed["minItems"] = max(least, listed.get("minItems", 0))
    listed["maxItems"] = min(most, listed.get("maxItems", most))
    return listed


def held(schema: Any, place: str = "json_schema") -> dict[str, Any]:
    """The JSON Schema 2020-12 that says what the benchmark's program holds of a schema.

    It reads ``type``, ``properties`` (all others are refused), ``required``, ``items``, numbers of
    items, bounds of numbers and ``enum`` of single values; null passes where the types list it.
    """
    if not isinstance(schema, dict):
        raise RowRefused(f"{place}: expected a schema, found {show(schema)}")
    kind = schema.get("type")
    if isinstance(kind, list):
        return _nullable(schema, kind, place)
    if kind == "object":
        return _held_object(schema, place)
    if kind == "array":
        listed = {k: _whole(schema[k], place, k) for k in _COUNTS if schema.get(k) is not None}
        items = schema.get("items")
        within = {"items": held(items, f"{place}.items")} if items else {}
        return {"type": "array", **listed, **within}
    if kind not in _SCALARS:
        raise RowRefused(f"{place}: no type {show(kind)} is known there, nothing would be held")
    bounds = {k: schema[k] for k in _BOUNDS if schema.get(k) is not None}
    choice = {"enum": schema["enum"]} if schema.get("enum") is not None else {}
    return {"type": kind, **(bounds if kind in ("number", "integer") else {}), **choice}


def _nullable(schema: Mapping[str, Any], kinds: list[Any], place: str) -> dict[str, Any]:
    others = [kind for kind in kinds if kind != "null"]
    if len(others) != 1:
        raise RowRefused(f"{place}: of the types {show(kinds)} none is held there")
    inner = held({**schema, "type": others[0]}, place)
    return {"anyOf": [{"type": "null"}, inner]} if "null" in kinds else inner


def _held_object(schema: Mapping[str, Any], place: str) -> dict[str, Any]:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        raise RowRefused(f"{place}: its properties or required are none")
    return _object({n: held(s, f"{place}.{n}") for n, s in properties.items()}, required)


def _whole(value: Any, place: str, key: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise RowRefused(f"{place}.{key}: expected a number of items, found {show(value)}")
    return value
