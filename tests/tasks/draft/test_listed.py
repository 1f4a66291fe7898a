"""Drafts of YAML, JSON Lines and CSV: their schemas, their prompts and the answers of examples."""

from typing import Any

import pytest

from harness.core.errors import HarnessError
from harness.tasks.draft.draft import Draft, from_rows, from_schema
from harness.tasks.draft.fields import fields_schema
from harness.tasks.draft.listed import schema_of_answer
from harness.tasks.draft.rows import Row
from harness.tasks.draft.writing import settled

LINE = fields_schema("vendor, total:number")
TWO = [{"vendor": "Acme", "total": 1.5}, {"vendor": "Ben, Co", "total": 2}]
CSV = 'vendor,total\nAcme,1.5\n"Ben, Co",2\n'
JSONL = '{"vendor": "Acme", "total": 1.5}\n{"vendor": "Ben, Co", "total": 2}\n'
YAML = "- vendor: Acme\n  total: 1.5\n- vendor: Ben, Co\n  total: 2\n"
MAIL = {"mail": "Acme 1.5, Ben, Co 2"}


def drafted(form: str, answer: Any, schema: Any = None) -> Draft:
    return from_rows("a", None, form, schema, [Row(answer, MAIL)])


@pytest.mark.parametrize(
    ("form", "asked"),
    [
        ("yaml", "one YAML document with the keys vendor, total"),
        ("jsonl", "JSON Lines, one JSON object with the keys vendor, total on each line"),
        ("csv", "CSV whose first line is vendor,total"),
    ],
)
def test_a_prompt_asks_for_the_format(form: str, asked: str) -> None:
    draft = from_schema("a", None, LINE, form)
    assert draft.prompt == f"Answer with {asked}, and nothing else.\nText: {{text}}"
    assert draft.required == (f"{form}_validity", "no_extra_text", "schema_types")


def test_made_up_lists_have_two_items_whose_values_are_held() -> None:
    draft = from_schema("a", None, LINE, "jsonl")
    assert draft.cases[1]["reference"] == [
        {"vendor": "vendor gamma", "total": 3.25},
        {"vendor": "vendor delta", "total": 4.25},
    ]
    assert draft.cases[1]["variables"]["text"] == (
        "vendor: vendor gamma; total: 3.25\nvendor: vendor delta; total: 4.25"
    )
    assert draft.declares == {
        "exact": ["/*/vendor", "/*/total"],
        "grounded": ["/*/vendor", "/*/total"],
    }
    one = from_schema("a", None, {"type": "array", "items": LINE, "maxItems": 1}, "jsonl")
    assert [len(case["reference"]) for case in one.cases] == [1, 1, 1]


def test_a_schema_of_a_line_becomes_that_of_the_list() -> None:
    node = {"$ref": "#/$defs/node"}
    tree = {"type": "object", "properties": {"below": node}}
    made = schema_of_answer("jsonl", {**node, "$defs": {"node": tree}})
    assert made == {"type": "array", "items": node, "minItems": 1, "$defs": {"node": tree}}
    assert schema_of_answer("jsonl", made) == made
    assert schema_of_answer("yaml", tree) == tree


@pytest.mark.parametrize(
    "part", [{"$ref": "#"}, {"$ref": "#/properties/a"}, {"$id": "x"}, {"$dynamicRef": "#a"}]
)
def test_a_line_that_refers_to_its_own_place_is_refused(part: dict[str, str]) -> None:
    line = {"type": "object", "properties": {"b": {"items": [part]}}}
    with pytest.raises(HarnessError, match=r"--format jsonl: the schema of a line has \$") as error:
        schema_of_answer("jsonl", line)
    assert "write the schema of the list" in str(error.value)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "string"}, "names no column"),
        ({"type": "array"}, "names no column"),
        (True, "names no column"),
        (fields_schema("a, b:text[]"), "the column 'b' would hold an array"),
        ({"properties": {"a": {"$ref": "#/$defs/o"}}, "$defs": {"o": LINE}}, "hold an object"),
    ],
)
def test_a_schema_that_no_table_keeps_to_is_refused(schema: Any, said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        from_schema("a", None, schema, "csv")


def test_cells_of_a_column_that_may_be_empty_are_null() -> None:
    made = fields_schema("a, b?, c?:x|y, d?:number", are_columns=True)
    assert made["required"] == ["a", "b", "c", "d"]
    assert made["properties"] == {
        "a": {"type": "string", "minLength": 1},
        "b": {"type": ["string", "null"], "minLength": 1},
        "c": {"enum": ["x", "y", None]},
        "d": {"type": ["number", "null"]},
    }
    with pytest.raises(HarnessError, match=r"--fields: a: a cell of CSV holds one value"):
        fields_schema("a:text[]", are_columns=True)


@pytest.mark.parametrize(
    ("form", "answers"),
    [
        ("jsonl", [JSONL, TWO, '[{"vendor": "Acme", "total": 1.5}, ' + JSONL.split("\n")[1] + "]"]),
        ("yaml", [YAML, TWO]),
        ("csv", [CSV, TWO]),
    ],
)
def test_examples_are_values_or_their_text(form: str, answers: list[Any]) -> None:
    schema = {"type": "array", "items": LINE}
    for answer in answers:
        draft = drafted(form, answer, schema)
        assert draft.cases[0]["reference"] == TWO
        kept, grade = settled(draft)
        assert (kept, grade.is_sound) == (draft, True), grade.mistakes


def test_cells_of_csv_are_text_without_a_schema() -> None:
    draft = drafted("csv", "vendor,code\nAcme,01234\n")
    assert draft.cases[0]["reference"] == [{"vendor": "Acme", "code": "01234"}]
    assert draft.schema is not None
    assert draft.schema["items"]["properties"]["code"] == {"type": "string"}
    # Of a column with numbers and texts each cell is text, as it is read.
    mixed = drafted("csv", [{"a": 5, "b": 1}, {"a": "x", "b": 2}])
    assert mixed.cases[0]["reference"] == [{"a": "5", "b": 1}, {"a": "x", "b": 2}]


@pytest.mark.parametrize(
    ("form", "answer", "said"),
    [
        ("yaml", "only words", "no YAML mapping or list"),
        ("yaml", 3, "no YAML mapping or list"),
        ("jsonl", {"a": 1}, "no text of JSON Lines"),
        ("jsonl", "a: 1", "no text of JSON Lines"),
        ("jsonl", [], "no text of JSON Lines"),
        ("csv", "only words", "no text of CSV"),
        ("csv", "a,b\n1\n", "no text of CSV"),
        ("csv", [{"a": [1]}], "no text of CSV"),
        ("csv", [{"a": 1}, {"b": 1}], "no text of CSV"),
    ],
)
def test_an_example_of_another_format_is_named(form: str, answer: Any, said: str) -> None:
    with pytest.raises(HarnessError, match=f"--examples: the answer of row 1 is {said}"):
        drafted(form, answer)
