"""``export.json`` has the shape that is published."""

import json

import jsonschema
import pytest

from harness.export.source import open_source
from harness.export.to_merged import to_merged
from harness.records import schemas
from tests.export.exporting import export_gguf, export_lora
from tests.models import ROOT, TINY_GPT2

ADAPTER = ROOT / "fixtures/models/tiny-qwen2-adapter"


def test_the_committed_schema_is_current():
    made = schemas.text_of(schemas.export_schema())
    assert schemas.EXPORT_SCHEMA.read_text("utf-8") == made, (
        "run: python -m harness.records.schemas"
    )


def test_every_kind_of_record_satisfies_it(tmp_path):
    export_gguf(TINY_GPT2, tmp_path / "model.gguf")
    export_lora(ADAPTER, tmp_path / "lora.gguf")
    to_merged(open_source(str(ADAPTER)), tmp_path / "merged", None, False)
    judge = jsonschema.Draft202012Validator(json.loads(schemas.EXPORT_SCHEMA.read_text("utf-8")))
    records = [*tmp_path.glob("*.export.json"), tmp_path / "merged/export.json"]
    assert len(records) == 3
    for path in records:
        record = json.loads(path.read_text("utf-8"))
        judge.validate(record)
        with pytest.raises(jsonschema.ValidationError):
            judge.validate({**record, "schema_version": 2})
