"""The published shape of our files: JSON Schema 2020-12, generated from the values themselves.

``python -m harness.records.schemas`` writes the committed files anew after a value has changed.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from harness.core.export_record import SCHEMA_VERSION as EXPORT_SCHEMA_VERSION
from harness.core.export_record import ExportRecord
from harness.core.record import SCHEMA_VERSION, RunRecord, Sample
from harness.files.atomic import write_whole

HERE = Path(__file__).parent
RUN_SCHEMA = HERE / "run.schema.json"
SAMPLE_SCHEMA = HERE / "sample.schema.json"
EXPORT_SCHEMA = HERE / "export.schema.json"


def run_schema() -> dict[str, Any]:
    """The shape of ``run.json``: a RunRecord whose samples lie in the file beside it."""
    schema = _schema_of(RunRecord, "run.json")
    properties = schema["properties"]
    properties["schema_version"] = {"const": SCHEMA_VERSION}
    properties["samples"] = {
        "type": "object",
        "description": "Where the samples are, and how many there must be.",
        "properties": {"file": {"type": "string"}, "count": {"type": "integer", "minimum": 0}},
        "required": ["file", "count"],
    }
    schema["required"] = [*schema["required"], "samples", "schema_version"]
    return schema


def sample_schema() -> dict[str, Any]:
    """The shape of one line of ``samples.jsonl``."""
    return _schema_of(Sample, "one line of samples.jsonl")


def export_schema() -> dict[str, Any]:
    """The shape of an ``export.json``."""
    schema = _schema_of(ExportRecord, "export.json")
    schema["properties"]["schema_version"] = {"const": EXPORT_SCHEMA_VERSION}
    return schema


def write_schemas() -> None:
    """Write the committed files."""
    made = {
        RUN_SCHEMA: run_schema(),
        SAMPLE_SCHEMA: sample_schema(),
        EXPORT_SCHEMA: export_schema(),
    }
    for path, schema in made.items():
        write_whole(path, [text_of(schema)])


def text_of(schema: dict[str, Any]) -> str:
    """The schema as it is committed."""
    return json.dumps(schema, indent=2) + "\n"


def _schema_of(value: type, title: str) -> dict[str, Any]:
    schema = TypeAdapter(value).json_schema()
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": title}
