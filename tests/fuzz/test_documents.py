"""Any file that a user or a stranger may bring is read, or refused with a HarnessError."""

# ruff: noqa: E501

import io
import json
import shutil
from contextlib import suppress

import pytest
import yaml
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from harness import backends
from harness.checks.schema.references import SchemaError
from harness.checks.schema.schema import compile_schema
from harness.checks.schema.timeout import SchemaTimeout
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.record import RunRecord
from harness.files.strict_json import UnreadableFile
from harness.model_files.examine import examine_all
from harness.model_files.gguf_header import read_gguf_header
from harness.model_files.safetensors_header import read_header
from harness.records.runs import RUN_FILE, SAMPLES_FILE, read_run, write_run
from harness.report.json import render
from harness.report.report import report_on
from harness.report.words.escaping import annotation, safe, safe_json, safe_line
from harness.tasks.judging import judge_lines
from harness.tasks.task import load_task
from tests import synthetic
from tests.fuzz.fuzzing import (
    HOSTILE_TEXTS,
    deep,
    fuzz,
    json_bytes,
    mutated,
    mutated_bytes,
    texts,
)
from tests.json_values import values
from tests.models import ROOT, TINY_QWEN2

pytestmark = pytest.mark.slow

TASK = ROOT / "fixtures/tasks/fan_timeline"
ADAPTER = ROOT / "fixtures/models/tiny-qwen2-adapter"


def refused_or_read(read) -> object:
    """What ``read`` returns; ``None`` where it raises the HarnessError of safe lines."""
    try:
        return read()
    except HarnessError as error:
        for mistake in error.mistakes:
            assert "\n" not in safe_line(mistake)
        return None


def test_a_task(tmp_path):
    folder = tmp_path / "task"
    shutil.copytree(TASK, folder)
    valid = (TASK / "task.yaml").read_bytes()
    parsed = yaml.safe_load(valid)
    schema = json.loads((TASK / "schema.json").read_text())
    cases = (TASK / "cases.jsonl").read_bytes().splitlines(keepends=True)[:5]
    whole = b"".join(cases)

    def read(task: bytes, schema: bytes, cases: bytes) -> None:
        (folder / "task.yaml").write_bytes(task)
        (folder / "schema.json").write_bytes(schema)
        (folder / "cases.jsonl").write_bytes(cases)
        refused_or_read(lambda: load_task(folder))

    as_yaml = mutated(parsed).map(lambda v: yaml.safe_dump(v, allow_unicode=True).encode("utf-8", "surrogatepass"))  # fmt: skip
    case = mutated(json.loads(cases[0])).map(lambda v: json_bytes(v) + b"\n")
    fuzz(
        read,
        st.just(valid) | as_yaml | mutated_bytes(valid),
        st.just(json_bytes(schema)) | mutated(schema).map(json_bytes),
        st.just(whole) | case | mutated_bytes(whole),
        examples=400,
    )


def test_a_record(tmp_path):
    folder = write_run(synthetic.record(), tmp_path / "runs")
    head = json.loads((folder / RUN_FILE).read_text())
    lines = (folder / SAMPLES_FILE).read_bytes().splitlines(keepends=True)
    sample = json.loads(lines[0])

    def read(head: bytes, first: bytes) -> None:
        (folder / RUN_FILE).write_bytes(head)
        (folder / SAMPLES_FILE).write_bytes(first + b"".join(lines[1:]))
        record = refused_or_read(lambda: read_run(folder))
        if isinstance(record, RunRecord):
            refused_or_read(lambda: render(report_on(record)))

    whole = json_bytes(head)
    fuzz(
        read,
        st.just(whole) | mutated(head).map(json_bytes) | mutated_bytes(whole),
        st.just(lines[0]) | mutated(sample).map(lambda v: json_bytes(v) + b"\n"),
        examples=400,
    )


def test_an_adapter(tmp_path):
    folder = tmp_path / "adapter"
    shutil.copytree(ADAPTER, folder)
    files = {n: (folder / n).read_bytes() for n in ("adapter_config.json", "tokenizer_config.json",
             "training.json", "chat_template.jinja")}  # fmt: skip
    files["adapter_config.json"] = files["adapter_config.json"].replace(
        b'"fixtures/models/tiny-qwen2"', json.dumps(str(TINY_QWEN2)).encode()
    )

    def read(change: tuple[str, bytes]) -> None:
        name, data = change
        for other, whole in files.items():
            (folder / other).write_bytes(data if other == name else whole)
        _examined(f"adapter:{folder}")

    fuzz(read, _changed(files), examples=150)


def test_a_base(tmp_path):
    folder = tmp_path / "base"
    shutil.copytree(TINY_QWEN2, folder)
    files = {n: (folder / n).read_bytes() for n in ("config.json", "tokenizer_config.json",
             "generation_config.json")}  # fmt: skip

    def read(change: tuple[str, bytes]) -> None:
        name, data = change
        for other, whole in files.items():
            (folder / other).write_bytes(data if other == name else whole)
        _examined(f"base:{folder}")

    fuzz(read, _changed(files), examples=150)


def _changed(files: dict[str, bytes]) -> st.SearchStrategy[tuple[str, bytes]]:
    """One of the files, changed."""
    found = []
    for name, data in files.items():
        changed = mutated_bytes(data)
        if name.endswith(".json"):
            changed = changed | mutated(json.loads(data)).map(json_bytes)
        found.append(st.tuples(st.just(name), changed))
    return st.one_of(found)


def _examined(model: str) -> None:
    def examine() -> None:
        ref = ModelRef.parse(model)
        backends.preflight(ref)
        for examined in examine_all([ref], is_thorough=True):
            for finding in examined.findings:
                assert "\n" not in safe_line(str(finding))

    refused_or_read(examine)


def test_the_header_of_safetensors(tmp_path):
    path = tmp_path / "a.safetensors"
    data = (TINY_QWEN2 / "model.safetensors").read_bytes()

    def read(changed: bytes) -> None:
        path.write_bytes(changed)
        with suppress(UnreadableFile):
            read_header(path)

    fuzz(read, mutated_bytes(data, 6_000), examples=200)


def test_the_header_of_a_gguf(tmp_path):
    from tests.export.exporting import export_gguf

    export_gguf(TINY_QWEN2, tmp_path / "tiny.gguf", "q8_0")
    data, path = (tmp_path / "tiny.gguf").read_bytes(), tmp_path / "changed.gguf"

    def read(changed: bytes) -> None:
        path.write_bytes(changed)
        refused_or_read(lambda: read_gguf_header(path))
        _examined(f"gguf:{path}")

    fuzz(read, mutated_bytes(data, 60_000), examples=100)


def test_lines_to_judge():
    line = {
        "id": 1,
        "prompt": "Ada paid $47.20 on 2024-03-05.",
        "completion": '{"a": 47.2}',
        "schema": {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]},
        "timestamps": {"/d": "date"},
        "grounded": ["/a"],
        "reference": {"a": 47.2},
        "finish_reason": "stop",
    }
    whole = json_bytes(line) + b"\n"

    def judged(lines: list[bytes]) -> None:
        def run() -> None:
            for found in judge_lines(io.BytesIO(b"".join(lines))):
                assert "cannot be judged" not in str(getattr(found, "reason", "")), found

        refused_or_read(run)

    changed = mutated(line).map(lambda v: json_bytes(v) + b"\n") | mutated_bytes(whole)
    fuzz(judged, st.lists(st.just(whole) | changed, min_size=1, max_size=3), examples=400)


def test_a_schema_judges_as_jsonschema_does():
    def judged(schema: object, value: object) -> None:
        try:
            compiled = compile_schema(schema)
            errors = compiled.errors(value)
        except (SchemaError, SchemaTimeout, RecursionError):
            return
        if isinstance(schema, dict) and "pattern" not in json.dumps(schema):
            assert bool(errors) != Draft202012Validator(schema).is_valid(value), (schema, value)

    whole = st.recursive(st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=3),
                         lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
                         max_leaves=6)  # fmt: skip
    fuzz(judged, schemas(whole), whole, examples=1000)


def schemas(whole: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    types = st.sampled_from(("object", "array", "string", "integer", "number", "boolean", "null"))
    refs = st.sampled_from(("#", "#/$defs/a", "#/$defs/b", "#/properties/a", "#/x", "#a", "http://x/y", "",
                            "#/$defs/a/0", "#/allOf/0", "%", "#/%7B"))  # fmt: skip

    def grown(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
        named = st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
        several = st.lists(inner, min_size=1, max_size=3)
        return st.fixed_dictionaries(
            {},
            optional={
                "type": types | st.lists(types, min_size=1, max_size=2, unique=True),
                "properties": named, "patternProperties": named, "$defs": named, "additionalProperties": inner,
                "items": inner, "prefixItems": several, "contains": inner, "allOf": several, "anyOf": several,
                "oneOf": several, "not": inner, "if": inner, "then": inner, "else": inner, "$ref": refs,
                "required": st.lists(st.sampled_from("ab"), unique=True), "enum": st.lists(whole, min_size=1),
                "const": whole, "minLength": st.integers(0, 3), "maximum": st.integers(-2, 2),
                "uniqueItems": st.booleans(), "minItems": st.integers(0, 2), "unevaluatedProperties": inner,
                "unevaluatedItems": inner, "dependentSchemas": named, "multipleOf": st.integers(1, 3),
                "propertyNames": inner, "maxContains": st.integers(0, 2), "$anchor": st.sampled_from("ab"),
            },
        )  # fmt: skip

    return st.recursive(st.booleans(), grown, max_leaves=8)


def test_any_schema_is_compiled_or_refused():
    valid = json.loads((TASK / "schema.json").read_text())
    nested = st.sampled_from(
        [json.loads(deep('{"items":', "}", 400).replace('":}', '":{}}')), {"$ref": "#"}, []]
    )

    def compiled(schema: object) -> None:
        with suppress(SchemaError, SchemaTimeout, RecursionError):
            compile_schema(schema).errors({"a": [1]})

    fuzz(compiled, mutated(valid) | values | nested, examples=400)


def test_what_is_printed_commands_nothing():
    bad = {chr(c) for c in range(32)} | {"\x7f", "\u202e", "\u2028", "\ufeff", "\x9b"}

    def printed(text: str) -> None:
        for shown in (
            safe_line(text),
            safe(text).replace("\n", "").replace("\t", ""),
            annotation(text),
        ):
            assert not bad & set(shown)
            assert not any("\ud800" <= c <= "\udfff" for c in shown)
        for line in (safe_line(text), *safe(text).split("\n")):
            assert not line.lstrip().startswith("::")
            assert "##[" not in line
        packed = safe_json(json.dumps(text, ensure_ascii=False))
        assert packed.isascii()
        assert json.loads(packed) == text

    fuzz(
        printed,
        st.lists(texts | st.text() | st.sampled_from(HOSTILE_TEXTS)).map("".join),
        examples=1000,
    )


def test_the_fuzzers_own_depth_is_too_deep_for_the_library():
    with pytest.raises(RecursionError):
        json.loads(deep("[", "]"))
