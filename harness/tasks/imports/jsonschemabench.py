"""JSONSchemaBench and MaskBench: real-world schemas, each to be answered with a value that it
accepts.

https://github.com/guidance-ai/jsonschemabench. A clone has schemas alone (``data/``), and those of
MaskBench (``maskbench/data/``) with instances that are labelled valid or not; the data set has rows
of schemas as texts. The first valid instance is a case's reference, and all labels are written as
answers for ``harness judge``.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from harness.files.strict_json import NotJson, decode
from harness.tasks.imports.rows import (
    Benchmark,
    Difference,
    ImportedCase,
    Refused,
    RowRefused,
    as_object,
    cases_of,
    row_files,
    schema_of,
)
from harness.tasks.imports.source import Source, Unreadable

MASKBENCH, SCHEMAS = "maskbench/data", "data"
REQUIRED = ("json_validity", "schema_types")
DIFFERENCES = (
    Difference(
        "a schema that is none of its draft, refers to itself without end, or takes too long",
        "skipped, or an error of the engine",
        "refused by the import",
        "since nothing can be held to it",
    ),
    Difference(
        "formats that are not known here (iri, and those that are no standard's)",
        "held as far as packages are installed",
        "say nothing",
        "as JSON Schema has it; the known ones are held",
    ),
    Difference(
        "NaN, Infinity and numbers beyond a float",
        "read by Python",
        "failed, or exact",
        "since JSON has no such numbers, or any",
    ),
    Difference(
        "the prompt",
        "a system prompt and examples of each engine's",
        "one sentence and the schema",
        "unless --prompt says another",
    ),
)
PROMPT = "Write one JSON value that this JSON Schema accepts, and nothing else.\n\n{schema}"


def jsonschemabench(
    source: Source, prompt: str | None = None, max_new_tokens: int | None = None
) -> Benchmark:
    """The schemas of a clone, MaskBench's where it has them; of one of its files or folders; or of
    rows."""
    task = {
        "description": "JSONSchemaBench: a value that a real-world JSON Schema accepts",
        "prompt": prompt or PROMPT,
        "output": {"format": "json", "assert_formats": "known"},
        "sampling": {"max_new_tokens": max_new_tokens or 1024, "temperature": 0},
    }
    return Benchmark("JSONSchemaBench", task, _found(source), DIFFERENCES, REQUIRED)


def _found(source: Source) -> Iterator[ImportedCase | Refused]:
    files = source.below(MASKBENCH, ".json") or source.below(SCHEMAS, ".json")
    files = files or source.below("", ".json")
    if not files:
        yield from cases_of(source, row_files(source, "", "schemas"), _case_of_row)
    for name in files:
        try:
            value = decode(source.read(name))
            yield ImportedCase(name, case_of_file(name, value), tuple(_answers(name, value)))
        except (Unreadable, RowRefused) as error:
            yield Refused(name, str(error))
        except NotJson as error:
            yield Refused(f"{name}:{error.line}", f"not valid JSON: {error}")
        except RecursionError:
            yield Refused(name, "is nested too deep")


def _case_of_row(row: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    name = row.get("unique_id", number)
    return _case(str(name), schema_of(row, "json_schema"), None)


def case_of_file(name: str, value: Any) -> Mapping[str, Any]:
    """The line of ``cases.jsonl`` for a file: a schema, or MaskBench's object around one.

    Raises:
        RowRefused: it is neither.
    """
    tests = _tests(value)
    schema = as_object(value)["schema"] if _is_labelled(value) else value
    valid = [test["data"] for test in tests if test["valid"] and test["data"] is not None]
    return _case(_id(name), as_object(schema), valid[0] if valid else None)


def _is_labelled(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("tests"), list) and "schema" in value


def _id(name: str) -> str:
    """The id of a file's case, as MaskBench names them: ``Subset---name``."""
    path = PurePosixPath(name)
    folder = path.parent.name
    return path.stem if "---" in name or folder in ("", "data") else f"{folder}---{path.stem}"


def _case(name: str, schema: Mapping[str, Any], reference: Any) -> dict[str, Any]:
    subset = name.partition("---")[0] if "---" in name else name.partition("_")[0]
    return {
        "id": name,
        "variables": {"schema": json.dumps(schema, ensure_ascii=False, allow_nan=False)},
        "tags": [f"subset:{subset}"],
        "schema": schema,
        **({} if reference is None else {"reference": reference}),
    }


def _tests(value: Any) -> list[Mapping[str, Any]]:
    """The labelled instances of a file.

    Raises:
        RowRefused: one has no label or no instance.
    """
    tests = value["tests"] if _is_labelled(value) else []
    for number, test in enumerate(tests):
        is_sound = isinstance(test, dict) and isinstance(test.get("valid"), bool) and "data" in test
        if not is_sound:
            raise RowRefused(f"tests.{number}: has no data, or no valid that is true or false")
    return tests


def _answers(name: str, value: Any) -> Iterator[Mapping[str, Any]]:
    for test in _tests(value):
        text = json.dumps(test["data"], ensure_ascii=False)
        yield {"id": _id(name), "completion": text, "is_valid": test["valid"]}
