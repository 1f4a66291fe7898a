"""Schemas in JSONSchemaBench's and MaskBench's forms, with instances that are labelled."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.tasks.imports.importing import Imported, import_task
from harness.tasks.imports.jsonschemabench import jsonschemabench
from harness.tasks.imports.source import Source
from harness.tasks.judging import judge_lines
from harness.tasks.task import Task, load_task
from tests.benchmark_rows import MASKBENCH

D4 = "http://json-schema.org/draft-04/schema#"
D6 = "http://json-schema.org/draft-06/schema#"
D7 = "http://json-schema.org/draft-07/schema#"
D2019 = "https://json-schema.org/draft/2019-09/schema"
D2020 = "https://json-schema.org/draft/2020-12/schema"
LABELLED: dict[str, tuple[dict[str, Any], list[Any], list[Any]]] = {
    "bounds are truth values": (
        {"$schema": D4, "minimum": 1, "exclusiveMinimum": True},
        [2],
        [1],
    ),
    "bounds are numbers": ({"$schema": D6, "exclusiveMinimum": 1}, [2], [1]),
    "id is no base later": (
        {"$schema": D4, "id": "http://x.y/z#", "definitions": {"a": {"type": "string"}}}
        | {"items": {"$ref": "#/definitions/a"}},
        [["x"]],
        [[1]],
    ),
    "items are a list": (
        {"$schema": D7, "items": [{"type": "string"}], "additionalItems": False},
        [["x"], []],
        [["x", 1], [1]],
    ),
    "prefix items": ({"$schema": D2020, "prefixItems": [{"type": "string"}]}, [["x", 1]], [[1]]),
    "dependencies": ({"$schema": D7, "dependencies": {"a": ["b"]}}, [{}], [{"a": 1}]),
    "nothing counts beside a reference": (
        {"$schema": D7, "definitions": {"a": {}}}
        | {"items": {"$ref": "#/definitions/a", "type": "null"}},
        [[1]],
        [],
    ),
    "it counts since 2019": (
        {"$schema": D2019, "$defs": {"a": {}}, "items": {"$ref": "#/$defs/a", "type": "null"}},
        [[None]],
        [[1]],
    ),
    "no draft is the latest": ({"dependentRequired": {"a": ["b"]}}, [{}], [{"a": 1}]),
    "its parts name one": (
        {"properties": {"a": {"$schema": D4, "minimum": 1, "exclusiveMinimum": True}}},
        [{"a": 2}],
        [{"a": 1}],
    ),
    "formats are held": (
        {"$schema": D7, "items": {"format": "date"}},
        [["2024-02-29"], [1]],
        [["soon"]],
    ),
    "other formats say nothing": (
        {"$schema": D7, "items": {"format": "color"}, "maxItems": 1},
        [["soon"]],
        [["a", "b"]],
    ),
}  # fmt: skip


def labelled(schema: Any, valid: list[Any], invalid: list[Any]) -> dict[str, Any]:
    marked = [(True, v) for v in valid] + [(False, v) for v in invalid]
    tests = [{"description": "ours", "valid": is_valid, "data": v} for is_valid, v in marked]
    return {"description": "x", "meta": {}, "schema": schema, "tests": tests}


def clone(folder: Path, **files: Any) -> Path:
    (folder / "clone/maskbench/data").mkdir(parents=True)
    for name, value in files.items():
        (folder / f"clone/maskbench/data/{name}.json").write_text(json.dumps(value), "utf-8")
    return folder / "clone"


def imported(source: Path) -> tuple[Imported, Task]:
    found = Source(source)
    done = import_task(jsonschemabench(found), found, source.parent / "task")
    return done, load_task(done.folder)


@pytest.mark.parametrize("about", LABELLED)
def test_the_labels_hold_by_each_schema_s_draft(tmp_path: Path, about: str) -> None:
    done, task = imported(clone(tmp_path, **{"Own---a": labelled(*LABELLED[about])}))
    assert (done.cases, done.refused, done.grade.is_sound) == (1, (), True)
    lines = (done.folder / "answers.jsonl").read_bytes().splitlines()
    labels = [json.loads(line)["is_valid"] for line in lines]
    judged = [j.verdicts["schema_types"].outcome.value for j in judge_lines(lines, task)]
    assert judged == [("failed", "passed")[is_valid] for is_valid in labels]


def test_a_case_has_its_schema_and_the_first_valid_instance(tmp_path: Path) -> None:
    _, task = imported(clone(tmp_path, **{"Own---a": MASKBENCH}))
    (case,) = task.cases
    assert (case.id, case.tags, case.reference) == ("Own---a", ("subset:Own",), {"a": 2})
    assert case.prompt.endswith(json.dumps(MASKBENCH["schema"]))


def test_schemas_alone_and_rows_of_the_data_set(tmp_path: Path) -> None:
    (tmp_path / "clone/data/Easy").mkdir(parents=True)
    (tmp_path / "clone/data/Easy/o1.json").write_text('{"type": "string"}')
    _, task = imported(tmp_path / "clone")
    assert [(c.id, c.reference) for c in task.cases] == [("Easy---o1", None)]
    rows = tmp_path / "rows/rows.jsonl"
    rows.parent.mkdir()
    rows.write_text(json.dumps({"json_schema": '{"type": "string"}', "unique_id": "Hard---o2"}))
    _, task = imported(rows)
    assert [(c.id, c.tags) for c in task.cases] == [("Hard---o2", ("subset:Hard",))]


def test_what_is_refused(tmp_path: Path) -> None:
    source = clone(
        tmp_path,
        a=MASKBENCH,
        b=labelled({"$schema": D4, "enum": [1, 1]}, [], [2]),
        c=labelled({"type": "string"}, [1], []),
        d={"schema": {}, "tests": [{"valid": 1, "data": 2}]},
        e=labelled({"$ref": "#"}, [], []),
        f=[1],
    )
    (source / "maskbench/data/g.json").write_bytes(b'{"a": "\xff"}')
    done, _ = imported(source)
    said = {Path(r.where.partition(":")[0]).stem: r.reason for r in done.refused}
    assert said["b"].startswith("schema: not a JSON Schema: at /enum/1: equals item 0")
    assert said["c"].startswith("the reference fails schema_types: the value: expected string")
    assert said["d"].startswith("tests.0: has no data, or no valid that is true or false")
    assert said["e"].startswith("schema: not a JSON Schema: refers to itself without end")
    assert said["f"] == "is no JSON object"
    assert "g" in said
    assert (done.rows, done.cases, done.grade.is_sound) == (7, 1, True)
    lines = (done.folder / "answers.jsonl").read_bytes().splitlines()
    assert {json.loads(line)["id"] for line in lines} == {"a"}
