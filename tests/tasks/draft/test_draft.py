"""Drafted tasks are sound as they stand: their references pass, corrupted ones fail."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError
from harness.tasks.draft.draft import Draft, from_fields, from_rows, from_schema
from harness.tasks.draft.fields import fields_schema
from harness.tasks.draft.rows import Row
from harness.tasks.draft.schemas import values_schema
from harness.tasks.draft.writing import settled, write_task
from harness.tasks.task import load_task

NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
TEN = [
    Row(
        {"vendor": f"Acme {word}", "total": n + 0.5, "due": f"2025-04-{n:02}"},
        {"mail": f"Please pay {n}.50 EUR to Acme {word} by 2025-04-{n:02}."},
    )
    for n, word in enumerate(NUMBERS, 1)
]
COLUMNS = "vendor, total:number, currency?:EUR|USD, due:date, note?, paid?:bool"
FIELDS = "vendor, total:number, currency:EUR|USD, due:date, tags:text[], note?, paid:bool"


@pytest.mark.parametrize(
    "draft",
    [
        from_schema("a", None, fields_schema(FIELDS)),
        from_schema("a", "Read {mail}", fields_schema("vendor")),
        from_schema("a", None, {"type": "array", "items": {"type": "integer"}}),
        from_schema("a", None, fields_schema(FIELDS), "yaml"),
        from_schema("a", None, fields_schema(FIELDS), "jsonl"),
        from_schema("a", None, {"type": "array", "items": {"type": "integer"}}, "jsonl"),
        from_schema("a", None, {"enum": ["a", None, True]}, "jsonl"),
        from_schema("a", None, fields_schema(COLUMNS, are_columns=True), "csv"),
        from_fields("a", None, "text", "To, Account"),
        from_fields("a", "Say it", "text", None),
        from_fields("a", None, "python", "mul"),
        from_rows("a", None, None, None, TEN),
        from_rows("a", None, None, None, [Row("yes", {"question": "Is it?"})]),
        from_rows("a", None, None, None, [Row("b", messages=({"role": "user", "content": "q"},))]),
    ],
    ids=lambda draft: f"{draft.format}-{'-'.join(draft.declares)}",
)
def test_it_is_sound_and_loads(draft: Draft, tmp_path: Path) -> None:
    kept, grade = settled(draft)
    assert kept == draft
    assert grade.is_sound, grade.mistakes
    write_task(kept, tmp_path / "tasks/a")
    assert len(load_task(tmp_path / "tasks/a").cases) == len(draft.cases)


def test_ten_rows_give_schema_references_and_what_is_held() -> None:
    draft = from_rows("pay", None, None, None, TEN)
    assert draft.declares == {
        "timestamps": {"/due": "date"},
        "exact": ["/vendor", "/total", "/due"],
        "grounded": ["/vendor", "/total", "/due"],
    }
    assert draft.schema is not None
    assert draft.schema["required"] == ["vendor", "total", "due"]
    assert draft.cases[0]["reference"] == TEN[0].answer
    assert draft.prompt == (
        "Answer with one JSON object with the keys vendor, total, due, and nothing else.\n"
        "Text: {mail}"
    )


def test_a_guess_that_a_reference_does_not_keep_to_is_given_up() -> None:
    kept, grade = settled(
        from_rows("a", None, None, None, [*TEN, Row({"vendor": "?"}, {"mail": "x"})])
    )
    assert grade.is_sound
    assert "/vendor" not in kept.declares.get("grounded", ())
    assert kept.declares["exact"] == ["/vendor", "/total", "/due"]
    assert kept.declares["timestamps"] == {"/due": {"kind": "date", "optional": True}}


def test_answers_as_text_are_json_where_all_of_them_are() -> None:
    rows = [Row(json.dumps(row.answer), row.variables) for row in TEN]
    assert from_rows("a", None, None, None, rows) == from_rows("a", None, None, None, TEN)
    mixed = [*rows, Row("none", {"mail": "x"})]
    assert from_rows("a", None, None, None, mixed).format == "text"
    with pytest.raises(HarnessError, match="the answer of row 11 is no JSON object"):
        from_rows("a", None, "json", None, mixed)


def test_a_prompt_asks_for_what_the_cases_have() -> None:
    with pytest.raises(HarnessError, match=r"not every case has \{text\}, there is \{mail\}"):
        from_rows("a", "Read {text}", None, None, TEN)
    assert from_rows("a", "Read this.", None, None, TEN).prompt == "Read this.\n{mail}"


@pytest.mark.parametrize(
    ("values", "schema"),
    [
        ([1, 2.5], {"type": "number"}),
        ([1, None], {"type": ["integer", "null"]}),
        (["2025-01-01", "2025-02-03"], {"type": "string", "format": "date"}),
        ([[1], []], {"type": "array", "items": {"type": "integer"}}),
        ([True, "x"], {"type": ["boolean", "string"]}),
    ],
)
def test_a_schema_that_all_values_keep_to(values: list[Any], schema: dict[str, Any]) -> None:
    assert values_schema(values) == schema


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    draft = from_fields("a", None, "text", None)
    write_task(draft, tmp_path / "a")
    with pytest.raises(HarnessError, match="is there already"):
        write_task(draft, tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "left": {"$ref": "#/$defs/node"},
                "right": {"$ref": "#/$defs/node"},
            },
            "required": ["name"],
        }
    },
    "$ref": "#/$defs/node",
}


def test_a_schema_within_itself_is_looked_into_once() -> None:
    draft = from_schema("a", None, TREE)
    assert draft.declares["exact"] == ["/name"]
    assert [case["reference"] for case in draft.cases] == [
        {"name": f"name {word}"} for word in ("alpha", "beta", "gamma")
    ]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"type": "string"}, "minItems": 10**9},
        {
            "$defs": {
                f"d{n}": {
                    "type": "object",
                    "properties": {f"p{m}": {"$ref": f"#/$defs/d{m}"} for m in range(9)},
                }
                for n in range(9)
            },
            "$ref": "#/$defs/d0",
        },
    ],
    ids=["items", "references"],
)
def test_a_schema_of_endless_values_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(HarnessError, match="asks for more than 2,000 values in one answer"):
        from_schema("a", None, schema)


def test_half_a_character_is_no_text() -> None:
    with pytest.raises(HarnessError, match="its case 1 has half a character"):
        settled(from_rows("a", None, None, None, [Row("b", {"text": "\ud800"})]))


def test_a_mistake_names_the_task_s_own_file() -> None:
    draft = from_rows("a", None, None, None, [Row("b", {"text": "x"})])
    twice = replace(draft, cases=(*draft.cases, *draft.cases))
    _, grade = settled(twice)
    assert grade.mistakes[0].text.startswith("cases.jsonl:2: ")
