"""Corruptions stand in parts of a schema that references lead to, and are counted where not."""

import enum
import json
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from harness.checks.schema.schema import compile_schema
from harness.tasks.check.corruptions.schema_places import SchemaPlaces
from tests.grading import Grader, said


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Item(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    quantity: int = Field(ge=1, le=100)
    color: Color = Field(description="of the item")


class Order(BaseModel):
    items: list[Item]
    by_name: dict[str, Item]
    pair: tuple[Item, float]
    first: Item | None = None
    kind: Literal["a", "b"]


class Node(BaseModel):
    value: int
    children: list["Node"]
    next: "Node | None" = None


class Cat(BaseModel):
    kind: Literal["cat"]
    name: str


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Pets(BaseModel):
    pets: list[Annotated[Cat | Dog, Field(discriminator="kind")]]


ITEM = {"name": "pens", "quantity": 3, "color": "red"}
ORDER = {"items": [ITEM], "by_name": {"x": ITEM}, "pair": [ITEM, 1.5], "first": ITEM, "kind": "a"}
NODE = {"value": 1, "children": [{"value": 2, "children": []}], "next": None}
NUMBER = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}
OLD = "http://json-schema.org/draft-0{}/schema#"


def task(grounded, is_asserted=False):
    output = {"format": "json", "schema": "schema.json", "grounded": grounded, "exact": [""]}
    line = json.dumps({**output, "assert_formats": is_asserted})
    return f"description: x\nprompt: '{{text}}'\noutput: {line}\n"


def case(reference):
    return {"id": "a", "variables": {"text": json.dumps(reference)}, "reference": reference}


@pytest.fixture
def grade(tmp_path) -> Grader:
    return Grader(tmp_path)


@pytest.mark.parametrize("is_asserted", [False, True])
@pytest.mark.parametrize(
    ("schema", "reference", "grounded"),
    [
        (
            Order.model_json_schema(),
            ORDER,
            [
                "/items/*/name",
                "/items/*/quantity",
                "/by_name/x/name",
                "/pair/0/name",
                "/first/name",
            ],
        ),
        (Node.model_json_schema(), NODE, ["/value", "/children/*/value"]),
        (
            {"$defs": {"a": NUMBER}, "properties": {"x": {"$ref": "#/$defs/a"}}},
            {"x": {"n": 7}},
            ["/x/n"],
        ),
        ({"$defs": {"a": NUMBER}, "allOf": [{"$ref": "#/$defs/a"}]}, {"n": 7}, ["/n"]),
        ({"$defs": {"a": {**NUMBER, "$anchor": "A"}}, "$ref": "#A"}, {"n": 7}, ["/n"]),
        (
            {"$id": "http://e.example/r", "$defs": {"a": {**NUMBER, "$id": "s"}}, "$ref": "s"},
            {"n": 7},
            ["/n"],
        ),
        ({"$defs": {"a b/c": NUMBER}, "$ref": "#/$defs/a%20b~1c"}, {"n": 7}, ["/n"]),
        (
            {
                "$defs": {str(n): {"$ref": f"#/$defs/{n + 1}"} for n in range(20)} | {"20": NUMBER},
                "$ref": "#/$defs/0",
            },
            {"n": 7},
            ["/n"],
        ),
        (
            {
                "$schema": OLD.format(7),
                "definitions": {"a": NUMBER},
                "properties": {"x": {"$ref": "#/definitions/a", "type": "string"}},
            },
            {"x": {"n": 7}},
            ["/x/n"],
        ),
        ({"oneOf": [{"type": "null"}, NUMBER]}, {"n": 7}, ["/n"]),
        (
            {"properties": {"n": {"type": "integer", "multipleOf": 5, "maximum": 90}}},
            {"n": 10},
            ["/n"],
        ),
        ({"properties": {"d": {"type": "string", "format": "date"}}}, {"d": "2024-05-06"}, ["/d"]),
        (
            {"properties": {"d": {"type": "string", "maxLength": 3, "minLength": 3}}},
            {"d": "abc"},
            ["/d"],
        ),
    ],
)
def test_what_is_behind_references_is_corrupted_too(
    grade, schema, reference, grounded, is_asserted
):
    found = grade(task(grounded, is_asserted), [case(reference)], schema)
    assert said(found) == []
    made = {grade.defect for grade in found.corruptions if grade.made}
    assert {f"{pointer} invented" for pointer in grounded} <= made
    assert "number quoted" in made or "d" in reference


def test_objects_in_objects_lose_and_gain_keys(grade):
    found = grade(task([]), [case(ORDER)], Order.model_json_schema())
    rows = {row.defect: (row.made, set(row.breaks)) for row in found.corruptions}
    assert rows["inner key dropped"] == (1, {"schema_types", "required_keys", "exact_fields"})
    assert rows["inner key added"] == (1, {"schema_types", "exact_fields"})
    assert rows["value wrong"] == (1, {"exact_fields"})


def test_a_key_that_draft_3_requires_where_it_is_described_is_missed(grade):
    schema = {
        "$schema": OLD.format(3),
        "properties": {"n": {"type": "number", "required": True, "exclusiveMinimum": True}},
    }
    schema["properties"]["n"]["minimum"] = 0
    found = grade(task(["/n"]), [case({"n": 7})], schema)
    assert said(found) == []
    (row,) = [row for row in found.corruptions if row.defect == "key dropped"]
    assert {"schema_types", "required_keys"} <= set(row.breaks)


def test_what_has_no_place_is_counted_apart(grade):
    """Of alternatives that are no ``null`` it is not plain what breaks."""
    schema = Pets.model_json_schema()
    pets = {"pets": [{"kind": "cat", "name": "Tom"}]}
    found = grade(task(["/pets/*/name"]), [case(pets)], schema)
    assert said(found) == []
    (row,) = [row for row in found.corruptions if row.defect == "/pets/*/name invented"]
    assert (row.made, row.untried) == (0, 1)
    two = grade(task(["/x"]), [case({"x": 7}), {**case({"x": None}), "id": "b"}], {})
    (row,) = [row for row in two.corruptions if row.defect == "/x invented"]
    assert (row.made, row.right, row.untried) == (1, 1, 1)


@pytest.mark.parametrize(
    ("schema", "value", "path", "keywords"),
    [
        (Node.model_json_schema(), NODE, ("children", 0, "value"), {"type", "title"}),
        (Node.model_json_schema(), NODE, ("next",), None),
        (True, {"a": 1}, ("a",), set()),
        ({"items": {"$dynamicRef": "#"}}, [[1]], (0,), {"$dynamicRef"}),
        ({"patternProperties": {"a": {}}}, {"a": 1}, ("a",), None),
        (
            {"properties": {"a": {"allOf": [{"type": "number"}, {"type": "integer"}]}}},
            {"a": 1},
            ("a",),
            None,
        ),
        (
            {
                "$schema": OLD.format(7),
                "items": [{"type": "null"}],
                "additionalItems": {"type": "string"},
            },
            [None, "x"],
            (1,),
            {"type"},
        ),
    ],
)
def test_a_place_is_known_where_plain_keywords_lead_to_it(schema, value, path, keywords):
    found = SchemaPlaces(compile_schema(schema)).at(path, value)
    assert (found if found is None else set(found)) == keywords
