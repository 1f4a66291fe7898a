"""The drafts of JSON Schema: each schema is judged by its own, as ``jsonschema`` does."""

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.checks.json.decoder import decode
from harness.checks.schema.dialects import DIALECTS, dialect_of
from harness.checks.schema.schema import SchemaError, compile_schema

DRAFTS = {
    uri: jsonschema.validators.validator_for({"$schema": uri + "#" * ("draft-0" in uri)})
    for uri in DIALECTS
}
D3, D4, D6, D7, D2019, D2020 = DIALECTS

# Draft, schema, texts that satisfy it, texts that do not.
CASES = [
    (D3, {"disallow": "string"}, ["1"], ['"x"']),
    (D3, {"disallow": ["string", {"minimum": 5}]}, ["1"], ['"x"', "6"]),
    (D3, {"divisibleBy": 2}, ["4", "4.0"], ["3"]),
    (D3, {"extends": {"type": "string"}}, ['"x"'], ["3"]),
    (D3, {"extends": [{"type": "string"}, {"minLength": 2}]}, ['"xy"'], ["3", '"x"']),
    (D3, {"type": ["string", {"minimum": 5}]}, ['"x"', "5"], ["3"]),
    (D3, {"type": "any"}, ['"x"', "5"], []),
    (D3, {"properties": {"a": {"required": True}}}, ['{"a": 1}', "1"], ["{}"]),
    (D3, {"dependencies": {"a": "b"}}, ['{"b": 1}', '{"a": 1, "b": 1}'], ['{"a": 1}']),
    (D3, {"minimum": 1, "exclusiveMinimum": True}, ["2"], ["1"]),
    (D4, {"type": "integer"}, ["1"], ["1.0", "1.5", "true"]),
    (D4, {"minimum": 1, "exclusiveMinimum": True}, ["2", "1.1"], ["1", "1.0"]),
    (D4, {"maximum": 1, "exclusiveMaximum": False}, ["1"], ["2"]),
    (D4, {"definitions": {"s": {"id": "#s", "type": "string"}}, "allOf": [{"$ref": "#s"}]}, ['"x"'], ["1"]),
    (D4, {"dependencies": {"a": ["b"], "c": {"required": ["d"]}}}, ['{"a":1,"b":1}'], ['{"a":1}', '{"c":1}']),
    (D4, {"const": 1}, ["2"], []),
    (D3, {"dependencies": {"a": {"minProperties": 1}, "b": "c", "d": ["e"]}}, ['{"b": 1, "c": 1}'], ['{"b": 1}', '{"d": 1}']),
    (D4, {"dependencies": {"a": {"required": ["b"]}, "c": ["d"]}}, ['{"c":1,"d":1}'], ['{"a":1}', '{"c":1}']),
    (D6, {"dependencies": {"a": False, "c": ["d"]}}, ['{"c":1,"d":1}'], ['{"a":1}', '{"c":1}']),
    (D7, {"dependencies": {"a": {"anyOf": [{"required": ["b"]}]}, "c": ["d"]}}, ['{"c":1,"d":1}'], ['{"a":1}', '{"c":1}']),
    (D7, {"definitions": {"s": {"$id": "#s", "required": ["b"]}}, "dependencies": {"c": ["d"], "a": {"$ref": "#s"}}}, ['{"b":1,"a":1}'], ['{"a":1}', '{"c":1}']),
    (D6, {"const": 1}, ["1", "1.0"], ["2"]),
    (D6, {"contains": {"const": 2}}, ["[1, 2]", "1"], ["[1]", "[]"]),
    (D6, {"contains": True, "minContains": 2}, ["[1]"], ["[]"]),
    (D6, {"if": {"type": "string"}, "then": False}, ['"x"'], []),
    (D6, {"type": "integer"}, ["1.0"], ["1.5"]),
    (D7, {"definitions": {"any": {}}, "properties": {"a": {"$ref": "#/definitions/any", "type": "object"}}}, ['{"a": "x"}'], []),
    (D7, {"definitions": {"s": {"type": "string"}}, "properties": {"a": {"$ref": "#/definitions/s", "minLength": 9}}}, ['{"a": "x"}'], ['{"a": 1}']),
    (D7, {"items": [{"type": "string"}]}, ['["x", 1]', "[]"], ["[1]"]),
    (D7, {"items": [{"type": "integer"}], "additionalItems": False}, ["[1]"], ["[1, 2]", '["x"]']),
    (D7, {"items": {"type": "integer"}, "additionalItems": False}, ["[1, 2]"], ['["x"]']),
    (D7, {"prefixItems": [{"type": "string"}]}, ["[1]"], []),
    (D7, {"dependentRequired": {"a": ["b"]}}, ['{"a": 1}'], []),
    (D7, {"if": {"type": "string"}, "then": False}, ["1"], ['"x"']),
    (D7, {"unevaluatedProperties": False}, ['{"a": 1}'], []),
    (D2019, {"definitions": {"s": {"type": "string"}}, "$ref": "#/definitions/s", "minLength": 2}, ['"xy"'], ['"x"', "1"]),
    (D2019, {"type": "object", "properties": {"c": {"$recursiveRef": "#"}}}, ['{"c": {"c": {}}}'], ['{"c": {"c": 5}}']),
    (D2019, {"$recursiveAnchor": True, "type": "object", "properties": {"c": {"$recursiveRef": "#"}}}, ['{"c": {}}'], ['{"c": 5}']),
    (D2019, {"items": [True], "unevaluatedItems": False}, ["[1]"], ["[1, 2]"]),
    (D2019, {"items": [True], "additionalItems": True, "unevaluatedItems": False}, ["[1, 2]"], []),
    (D2019, {"items": {"type": "integer"}, "unevaluatedItems": False}, ["[1, 2]"], ['["x"]']),
    (D2019, {"properties": {"a": True, "c": {"$recursiveRef": "#"}}, "unevaluatedProperties": False}, ['{"a": 1, "c": {"a": 1}}'], ['{"b": 1}', '{"c": {"b": 1}}']),
    (D2019, {"contains": {"const": 1}, "minContains": 2, "maxContains": 2}, ["[1, 1]"], ["[1]", "[1, 1, 1]"]),
    (D2020, {"items": True, "prefixItems": [{"type": "string"}]}, ['["x", 1]'], ["[1]"]),
]  # fmt: skip
# ruff: noqa: E501


@pytest.mark.parametrize(("draft", "schema", "right", "wrong"), CASES)
@pytest.mark.parametrize("written", ["{}", "{}#"])
def test_a_schema_is_judged_by_its_draft(draft, schema, right, wrong, written):
    compiled = compile_schema({"$schema": written.format(draft), **schema})
    for text in right:
        assert not compiled.errors(decode(text, 0).value), text
    for text in wrong:
        assert compiled.errors(decode(text, 0).value), text


@pytest.mark.parametrize(
    "uri",
    [
        "http://json-schema.org/draft-05/schema#",
        "http://json-schema.org/schema#",
        "https://json-schema.org/draft/next/schema",
        "ftp://json-schema.org/draft-07/schema",
        "draft-07",
        "",
        None,
        7,
    ],
)
def test_an_unknown_draft_is_refused(uri):
    with pytest.raises(SchemaError, match=r"at /\$schema: no draft .* is known here; there are"):
        compile_schema({"$schema": uri})


def test_a_draft_is_known_by_either_scheme():
    assert dialect_of("https://json-schema.org/draft-07/schema#") is DIALECTS[D7]
    assert dialect_of("http://json-schema.org/draft/2020-12/schema") is DIALECTS[D2020]


def test_a_part_of_another_draft_is_refused():
    with pytest.raises(SchemaError, match="of another draft than the whole"):
        compile_schema({"$schema": D7, "definitions": {"a": {"$schema": D4, "type": "string"}}})
    assert compile_schema({"$schema": D7, "definitions": {"a": {"$schema": f"{D7}#"}}})
    with pytest.raises(SchemaError, match="of another draft than the whole"):
        compile_schema({"definitions": {"a": {"$schema": D7}, "b": {"$schema": D4}}})
    assert compile_schema({"const": {"$schema": D4}})


def test_a_whole_that_names_no_draft_is_of_the_one_that_its_parts_name():
    """``true`` beside a bound is draft 4 alone; to 2020-12 a bound is a number."""
    part = {"$schema": f"{D4}#", "minimum": 1, "exclusiveMinimum": True}
    compiled = compile_schema({"properties": {"a": part, "b": {"type": "integer"}}})
    for text in ('{"a": 1}', '{"b": 1.0}'):
        assert compiled.errors(decode(text, 0).value), text
    assert not compiled.errors(decode('{"a": 2, "b": 1}', 0).value)


@pytest.mark.parametrize(
    "whole",
    [
        {"properties": {"a": {"$schema": D4, "type": "string"}, "b": False}},
        {
            "definitions": {"s": {"$schema": D4, "id": "s", "definitions": {"t": {"type": "string"}}}},
            "properties": {"a": {"$ref": "#/definitions/s/definitions/t"}},
        },
    ],
)  # fmt: skip
def test_where_it_is_no_schema_of_that_draft_it_is_of_the_latest(whole):
    """``false`` is no schema of draft 4, to which ``id`` moves the place that ``#`` leads to."""
    compiled = compile_schema(whole)
    assert not compiled.errors({"a": "x"})
    assert compiled.errors({"a": 1})


@pytest.mark.parametrize("draft", DRAFTS)
def test_the_metaschema_of_a_draft_may_be_referred_to(draft):
    schema = compile_schema({"$schema": draft, "properties": {"a": {"$ref": draft + "#"}}})
    assert not schema.errors({"a": {"type": "string"}})
    assert schema.errors({"a": {"type": 5}})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "ab", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
TYPES = st.sampled_from(["string", "integer", "number", "object", "array", "boolean", "null"])


def schemas(inner, **references):
    listed = st.lists(inner, min_size=1, max_size=2)
    named = st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True),
            "minimum": st.integers(-2, 2),
            "exclusiveMinimum": st.integers(-2, 2) | st.booleans(),
            "multipleOf": st.integers(1, 3),
            "divisibleBy": st.integers(1, 3),
            "enum": st.lists(VALUES, min_size=1, max_size=3),
            "const": VALUES,
            "minLength": st.integers(0, 2),
            "pattern": st.sampled_from(["^a", "b$", "[0-9]"]),
            "items": inner | listed,
            "additionalItems": inner,
            "prefixItems": listed,
            "contains": inner,
            "minContains": st.integers(0, 2),
            "uniqueItems": st.booleans(),
            "properties": named,
            "patternProperties": st.dictionaries(st.just("^a"), inner, max_size=1),
            "additionalProperties": inner,
            "required": st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True) | st.booleans(),
            "dependencies": st.dictionaries(st.sampled_from("abc"), inner | st.lists(st.sampled_from("abc"), min_size=1, max_size=1), max_size=1),
            "dependentSchemas": named,
            "allOf": listed,
            "anyOf": listed,
            "oneOf": listed,
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "extends": inner | listed,
            "disallow": st.lists(TYPES | inner, min_size=1, max_size=2),
            **references,
        },
    )  # fmt: skip


SCHEMAS = st.recursive(st.booleans() | st.builds(dict, type=TYPES), schemas, max_leaves=5)


@pytest.mark.parametrize(
    "draft", [D2020, *(pytest.param(d, marks=pytest.mark.slow) for d in DRAFTS if d != D2020)]
)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    schema=schemas(SCHEMAS, **{"$ref": st.just("#/definitions/x")}),
    other=SCHEMAS,
    values=st.lists(VALUES, min_size=1, max_size=4),
)
def test_verdicts_are_those_of_jsonschema(draft, schema, other, values):
    schema = {**schema, "definitions": {"x": other}, "$schema": draft}
    if "dependencies" in schema and draft in (D2019, D2020):
        del schema["dependencies"]  # an extension of ours
    theirs = DRAFTS[draft]
    try:
        theirs.check_schema(schema)
        expected = [theirs(schema).is_valid(value) for value in values]
    except (jsonschema.SchemaError, RecursionError):
        with pytest.raises(SchemaError):
            compile_schema(schema)
        return
    except Exception:  # whatever it stumbles over in a schema that is none
        expected = None
    try:
        compiled = compile_schema(schema)
    except SchemaError as error:
        compiled, reason = None, str(error)
    if compiled is None:
        is_foreseen = "without end" in reason or (draft == D3 and "cannot be compiled" in reason)
        assert expected is None or is_foreseen, json.dumps(schema)
    elif expected is not None:
        found = [not compiled.errors(decode(json.dumps(value), 0).value) for value in values]
        assert found == expected, json.dumps(schema)


@pytest.mark.parametrize("uri", [D3, D4, D6, D7])
def test_a_reference_behind_a_list_of_names_is_followed(uri):
    depending = {"c": ["d"], "a": {"properties": {"x": {"$ref": "#/definitions/gone"}}}}
    with pytest.raises(SchemaError, match="leads nowhere in this schema"):
        compile_schema({"$schema": uri, "dependencies": depending})


def test_a_schema_of_draft_3_that_is_none_is_told_by_its_fault():
    with pytest.raises(SchemaError, match="at /dependencies/a: ") as told:
        compile_schema({"$schema": D3, "dependencies": {"a": {"properties": 1}}})
    assert "TypeError" not in str(told.value)
