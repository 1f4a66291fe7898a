"""Schemas compiled and refused; what they say of values. Cases of our own, by keyword."""

from decimal import Decimal

import pytest

from harness.checks.json.decoder import decode
from harness.checks.required_keys import RequiredKeys
from harness.checks.schema import timeout as json_schema_clock
from harness.checks.schema.schema import (
    MAX_DEPTH,
    MAX_ERRORS,
    SchemaError,
    compile_schema,
)
from harness.checks.schema.timeout import SchemaTimeout
from harness.checks.schema_types import SchemaTypes
from harness.checks.types import ValueTypes
from tests.checks.judging import judge, pointed, word

NESTED = {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}, "required": ["v"]}}}  # fmt: skip

# Schema, texts that satisfy it, texts that do not.
# ruff: noqa: E501
CASES = [
    (True, ["1", "{}", "null"], []),
    (False, [], ["1", "{}"]),
    ({}, ["1", "[]"], []),
    ({"type": "integer"}, ["1", "1.0", "1e3", "-0", "10e-1"], ["1.5", "true", '"1"', "1e-1"]),
    ({"type": "number"}, ["1", "1.5", "1e400"], ["true", '"1"', "null"]),
    ({"type": ["string", "null"]}, ['""', "null"], ["1", "false"]),
    ({"type": "boolean"}, ["true"], ["1", "0", "null"]),
    ({"const": 1}, ["1", "1.0"], ["true", "2", '"1"']),
    ({"const": 0.1}, ["0.1", "1e-1"], ["0.10000000000000001"]),
    ({"const": True}, ["true"], ["1"]),
    ({"const": {"a": [1, True]}}, ['{"a": [1.0, true]}'], ['{"a": [1, 1]}', '{"a": [true, true]}']),
    ({"enum": [0, "a", None]}, ["0", "0.0", '"a"', "null"], ["false", '"b"', "1"]),
    ({"minimum": 1.1}, ["1.1", "2", '"x"'], ["1.0999999999999999999", "1"]),
    ({"maximum": 3}, ["3", "3.0", "-1e400"], ["3.00000000000000000001", "1e400"]),
    ({"exclusiveMinimum": 3}, ["3.1"], ["3", "3.0"]),
    ({"exclusiveMaximum": 3}, ["2.9"], ["3"]),
    ({"multipleOf": 0.01}, ["47.2", "0", "1e5", "-3.33"], ["47.205", "1e-3"]),
    ({"multipleOf": 3}, ["9", "9.0", "-3e2"], ["10", "0.3"]),
    ({"multipleOf": 1e-8}, ["12391239123"], []),
    ({"minLength": 2}, ['"ab"', '"\\ud83d\\ude00a"', "1"], ['"a"', '"\\ud83d\\ude00"']),
    ({"maxLength": 1}, ['"a"', '"\\ud83d\\ude00"'], ['"ab"']),
    ({"pattern": "^\\p{L}+$"}, ['"\u00e9\u65e5"'], ['"a1"', '"a\\n"', '""']),
    ({"pattern": "a$"}, ['"ba"'], ['"a\\n"']),
    ({"pattern": "^\\d\\w\\s$"}, ['"1a\u00a0"'], ['"\u0661a "', '"1\u00e9 "']),
    ({"minItems": 1, "maxItems": 2}, ["[1]", "[1,2]", "{}"], ["[]", "[1,2,3]"]),
    ({"uniqueItems": True}, ['[1, true, "1", [1], {"a": 1}]'], ["[1, 1.0]", '[{"a":1},{"a":1}]']),
    ({"uniqueItems": False}, ["[1, 1]"], []),
    ({"items": {"type": "string"}}, ["[]", '["a"]', '"x"'], ['["a", 1]']),
    ({"prefixItems": [{"type": "string"}], "items": False}, ['["a"]', "[]"], ['["a", 1]', "[1]"]),
    ({"prefixItems": [True], "items": {"const": 1}}, ["[0, 1, 1]"], ["[0, 1, 2]"]),
    ({"contains": {"const": 1}, "minContains": 2}, ["[1, 1]"], ["[1]"]),
    ({"required": ["a"]}, ['{"a": null}', "1"], ["{}"]),
    ({"minProperties": 1, "maxProperties": 1}, ['{"a": 1}', "[]"], ["{}", '{"a":1,"b":2}']),
    ({"properties": {"a": {"type": "string"}}}, ['{"a": "x"}', '{"b": 1}'], ['{"a": 1}']),
    ({"additionalProperties": False, "properties": {"a": True}}, ['{"a": 1}'], ['{"b": 1}']),
    ({"additionalProperties": {"type": "string"}}, ['{"b": "x"}'], ['{"b": 1}']),
    ({"patternProperties": {"^\\p{Lu}": False}}, ['{"a": 1}'], ['{"\u00c4": 1}']),
    ({"patternProperties": {"^a": True}, "additionalProperties": False}, ['{"ab": 1}'], ['{"b":1}']),
    ({"propertyNames": {"pattern": "^a"}}, ['{"ab": 1}'], ['{"b": 1}']),
    ({"dependentRequired": {"a": ["b"]}}, ['{"b": 1}', '{"a":1,"b":2}'], ['{"a": 1}']),
    ({"dependentSchemas": {"a": {"required": ["b"]}}}, ['{"c": 1}'], ['{"a": 1}']),
    ({"dependencies": {"a": ["b"], "c": {"required": ["d"]}, "e": False}}, ['{"a":1,"b":1}', '{"c":1,"d":1}', "[]"], ['{"a":1}', '{"c":1}', '{"e":1}']),
    ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, ["1", "2"], ["0", "3"]),
    ({"anyOf": [{"type": "null"}, {"minimum": 2}]}, ["null", "2"], ["1"]),
    ({"oneOf": [{"minimum": 1}, {"maximum": 2}]}, ["0", "3"], ["1"]),
    ({"not": {"type": "string"}}, ["1"], ['"a"']),
    ({"if": {"minimum": 5}, "then": {"const": 7}, "else": {"const": 1}}, ["7", "1"], ["6", "2"]),
    ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}, ['"x"'], ["1"]),
    ({"$ref": "#a", "$defs": {"x": {"$anchor": "a", "type": "string"}}}, ['"x"'], ["1"]),
    ({"$ref": "#/$defs/a~1b%25", "$defs": {"a/b%": {"type": "string"}}}, ['"x"'], ["1"]),
    ({"$defs": {"x": {"$dynamicAnchor": "d", "type": "null"}}, "$dynamicRef": "#d"}, ["null"], ["1"]),
    ({"$id": "http://example.com/s", "$ref": "#/$defs/a", "$defs": {"a": {"const": 1}}}, ["1"], ["2"]),
    ({"$id": "http://example.com/s", "$ref": "t", "$defs": {"a": {"$id": "t", "const": 1}}}, ["1"], ["2"]),
    ({"$ref": "https://json-schema.org/draft/2020-12/schema"}, ['{"type": "string"}'], ['{"type": 1}']),
    (NESTED, ['{"v": 1, "n": {"v": 2}}'], ['{"v": 1, "n": {}}']),
    ({"properties": {"a": True}, "unevaluatedProperties": False}, ['{"a": 1}'], ['{"b": 1}']),
    ({"allOf": [{"properties": {"a": True}}], "unevaluatedProperties": False}, ['{"a":1}'], ['{"b":1}']),
    ({"$ref": "#/$defs/o", "$defs": {"o": {"properties": {"a": True}}}, "unevaluatedProperties": False}, ['{"a":1}'], ['{"b":1}']),
    ({"patternProperties": {"^x": True}, "unevaluatedProperties": {"type": "null"}}, ['{"xa":1,"b":null}'], ['{"b":1}']),
    ({"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"properties": {"b": True}}, "else": {"properties": {"c": True}}, "unevaluatedProperties": False}, ['{"a":1,"b":1}', '{"c":1}'], ['{"a":1,"c":1}', '{"b":1}']),
    ({"dependentSchemas": {"a": {"properties": {"b": True}}}, "properties": {"a": True}, "unevaluatedProperties": False}, ['{"a":1,"b":1}'], ['{"b":1}']),
    ({"anyOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": True}}], "unevaluatedProperties": False}, ['{"a":1}', '{"b":2}'], ['{"c":1}']),
    ({"properties": {"a": {"unevaluatedProperties": False}}, "additionalProperties": True, "unevaluatedProperties": False}, ['{"z":1}'], ['{"a":{"z":1}}']),
    ({"prefixItems": [True], "unevaluatedItems": False}, ["[1]", "[]", "{}"], ["[1, 2]"]),
    ({"allOf": [{"prefixItems": [True, True]}], "unevaluatedItems": False}, ["[1, 2]"], ["[1, 2, 3]"]),
    ({"contains": {"const": 1}, "unevaluatedItems": {"type": "null"}}, ["[1, null]"], ["[1, 2]"]),
    ({"allOf": [{"items": True}], "unevaluatedItems": False}, ["[1, 2]"], []),
    ({"allOf": [True], "unevaluatedItems": False}, ["[]"], ["[1]"]),
    ({"format": "date"}, ['"x"', "1"], []),
    ({"contentEncoding": "base64", "unknownKeyword": 1, "description": "d"}, ['"\\u0000"'], []),
    ({"properties": {"$schema": {"const": "x"}, "$ref": {"const": 1}}}, ['{"$schema": "x", "$ref": 1}'], ['{"$schema": "y"}', '{"$ref": 2}']),
    ({"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {"n": {"$ref": "#"}}, "pattern": "^\\p{L}$"}, ['{"n": "\u00e9"}'], ['{"n": "1"}']),
    ({"const": {"$schema": "x"}}, ['{"$schema": "x"}'], ["{}"]),
    ({"enum": [{"$schema": "x", "f": 0.5}]}, ['{"$schema": "x", "f": 0.50}'], ["{}"]),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "right", "wrong"), CASES)
def test_keyword(schema, right, wrong):
    compiled = compile_schema(schema)
    slow = compiled.validator
    for text in right:
        assert not compiled.errors(decode(text, 0).value), text
        assert slow.is_valid(decode(text, 0).value), text
    for text in wrong:
        value = decode(text, 0).value
        assert compiled.errors(value), text
        assert compiled.accepts is None or not compiled.accepts(value), text


def test_common_keywords_have_a_quick_yes():
    schema = {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"$ref": "#/$defs/x"}}},
        "required": ["a"],
        "additionalProperties": False,
        "$defs": {"x": {"anyOf": [{"enum": ["b"]}, {"type": "integer", "minimum": 0}]}},
    }
    accepts = compile_schema(schema).accepts
    assert accepts is not None
    assert accepts({"a": ["b", 1, Decimal("2.0")]})
    assert not accepts({"a": ["c"]})
    assert not accepts({"a": [], "b": 1})


BROKEN = [
    (3, "a schema is an object, true or false, not int"),
    ([], "a schema is an object, true or false, not list"),
    ({"type": "strin"}, "at /type: "),
    ({"properties": {"a": {"minLength": -1}}}, "at /properties/a/minLength: "),
    ({"required": "a"}, "at /required: "),
    ({"minLength": 1.5}, "at /minLength: "),
    ({"pattern": "("}, r"pattern '\(' is no regular expression"),
    ({"items": {"pattern": "["}}, "is no regular expression"),
    ({"patternProperties": {"(": True}}, "is no regular expression"),
    ({"$ref": "#/$defs/x"}, r"\$ref '#/\$defs/x' leads nowhere"),
    ({"$ref": "http://example.com/x"}, "nothing is fetched from the network"),
    ({"$ref": "other.json"}, "leads nowhere"),
    ({"$dynamicRef": "#x"}, r"\$dynamicRef '#x' leads nowhere"),
    ({"items": {"$ref": "#/$defs/a"}, "$defs": {"a": {"$ref": "#/$defs/b"}}}, "leads nowhere"),
    ({"$ref": "#"}, "refers to itself without end"),
    ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#"}}}, "refers to itself without end"),
    (
        {"$schema": "http://example.com/mine"},
        "at /[$]schema: no draft .http://example.com/mine. is known here; there are http",
    ),
    ({"$schema": 1}, "at /[$]schema: "),
    ({"minimum": float("nan")}, "nan is no JSON number"),
    ({"const": [float("inf")]}, "inf is no JSON number"),
    ({"minimum": float("-inf")}, "-inf is no JSON number"),
]


@pytest.mark.parametrize(("schema", "message"), BROKEN)
def test_broken_schema_is_refused(schema, message):
    with pytest.raises(SchemaError, match=message) as caught:
        compile_schema(schema)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_schema_nested_without_end_is_refused():
    schema: dict = {}
    for _ in range(5000):
        schema = {"not": schema}
    with pytest.raises(SchemaError, match="nested too deep"):
        compile_schema(schema)


@pytest.mark.parametrize("draft", ["http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"])  # fmt: skip
def test_schemas_of_the_standard_are_read_as_2020_12(draft):
    assert not compile_schema({"$schema": draft, "type": "string"}).errors("x")


def test_a_schema_is_what_was_given():
    raw = {"$schema": "https://json-schema.org/draft/2020-12/schema", "minimum": 0.5}
    schema = compile_schema(raw)
    assert schema.raw is raw
    assert not schema.is_recursive
    assert compile_schema({"$ref": "#/$defs/a", "$defs": {"a": True}}).is_recursive
    assert schema != compile_schema(raw)


def test_a_number_in_a_schema_is_the_decimal_that_was_written():
    schema = compile_schema({"const": 0.1})
    assert not schema.errors(Decimal("0.1"))
    assert schema.errors(Decimal("0.1000000000000000055511151231257827"))


def test_formats_are_asserted_only_when_asked():
    assert not compile_schema({"format": "date"}).errors("x")
    assert compile_schema({"format": "date"}, assert_formats=True).errors("x")
    assert not compile_schema({"format": "date"}, assert_formats=True).errors("2024-02-29")
    assert compile_schema({"items": {"format": "date"}}, assert_formats=True).errors(["x"])


def test_errors_are_counted_up_to_a_limit():
    assert len(compile_schema({"items": {"type": "string"}}).errors([1] * 5000)) == MAX_ERRORS


CATASTROPHIC = {"type": "object", "properties": {"a": {"pattern": "^(a|aa|aaa|a?)+$"}}}


def test_catastrophic_pattern_is_an_error_of_the_task():
    schema = compile_schema(CATASTROPHIC)
    with pytest.raises(SchemaTimeout):
        schema.errors({"a": "a" * 40 + "b"})
    for check in (SchemaTypes(schema), RequiredKeys(schema), ValueTypes(schema)):
        verdict = judge(check, '{"a": "' + "a" * 40 + 'b"}')
        assert verdict.outcome == "error"
        assert verdict.code == "task_error"
        assert "did not finish within 0.5 s" in verdict.reason


BRANCHING = {
    "$ref": "#/$defs/n",
    "$defs": {
        "n": {"anyOf": [{"properties": {"n": {"$ref": "#/$defs/n"}}, "required": ["x"]}] * 3}
    },
}


@pytest.mark.parametrize("schema", [BRANCHING, {**BRANCHING, "unevaluatedProperties": True}])
def test_a_schema_that_branches_without_end_is_an_error_of_the_task(schema, monkeypatch):
    monkeypatch.setattr(json_schema_clock, "SCHEMA_SECONDS", 0.2)
    check = SchemaTypes(compile_schema(schema))
    verdict = judge(check, '{"n":' * 60 + "{}" + "}" * 60)
    assert (verdict.outcome, verdict.code) == ("error", "task_error")
    assert verdict.reason.startswith("the schema did not finish within 0.2 s")


def test_deep_values_are_followed_so_far():
    schema = compile_schema(NESTED)
    shallow = '{"v":1,"n":' * (MAX_DEPTH - 1) + '{"v":1}' + "}" * (MAX_DEPTH - 1)
    assert word(SchemaTypes(schema), shallow) == "passed"
    deep = '{"v":1,"n":' + shallow + "}"
    verdict = judge(SchemaTypes(schema), deep)
    assert verdict.code == "schema_other"
    assert verdict.reason == "nested 65 levels deep, a schema is followed 64 levels"
    assert verdict.span == (0, len(deep))
    assert word(RequiredKeys(schema), deep) == "passed"


@pytest.mark.parametrize("depth", [100, 2000, 100_000])
def test_deep_values_are_judged_by_a_schema_that_ends(depth):
    arrays, objects = "[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth
    listing = compile_schema({"type": "array", "items": {"type": "array"}, "uniqueItems": True})
    assert word(SchemaTypes(listing), arrays) == "passed"
    assert word(SchemaTypes(listing), objects) == "wrong_type"
    either = compile_schema({"enum": [[], {}, [[]]]})
    assert word(SchemaTypes(either), arrays) == "not_in_enum"
    assert word(SchemaTypes(either), objects) == "not_in_enum"


def test_brackets_in_strings_are_no_depth():
    schema = compile_schema(NESTED)
    assert word(SchemaTypes(schema), '{"v": "' + "[" * 200 + '"}') == "passed"


def test_the_outermost_problem_is_reported_first():
    schema = compile_schema(
        {
            "properties": {"a": {"properties": {"b": {"type": "string"}}}, "c": {"type": "number"}},
            "required": ["d"],
        }
    )
    text = '{"a": {"b": 1}, "c": "x"}'
    assert word(SchemaTypes(schema), text) == "missing_key"
    assert word(SchemaTypes(schema), text[:-1] + ', "d": 1}') == "wrong_type"
    verdict = judge(ValueTypes(schema), text)
    assert pointed(verdict, text) == '"x"'


SAYS = [
    ({"required": ["a", "b"]}, '{"b": 1}', "the value: lacks 'a', found 'b'", '{"b": 1}'),
    ({"required": ["a", "b"]}, "{}", "the value: lacks 'a' and 'b', found no key", "{}"),
    ({"dependentRequired": {"a": ["b"], "x": ["y"]}}, '{"a": 1}', "the value: lacks 'b', found 'a'", '{"a": 1}'),
    ({"dependencies": {"a": ["b"], "x": ["y"], "c": True}}, '{"a": 1, "c": 1}', "the value: lacks 'b', found 'a' and 'c'", '{"a": 1, "c": 1}'),
    ({"additionalProperties": False}, '{"k": 1}', "/k: the schema allows no key 'k' here", '"k"'),
    ({"properties": {"k": False}}, '{"k": 1}', "/k: the schema allows no key 'k' here", '"k"'),
    ({"unevaluatedProperties": False}, '{"k": 1}', "/k: the schema allows no key 'k' here", '"k"'),
    ({"unevaluatedItems": False}, "[5]", "/0: the schema allows no item here, found 5", "5"),
    ({"items": False}, "[5]", "/0: the schema allows no item here, found 5", "5"),
    (False, "5", "the value: the schema allows nothing here, found 5", "5"),
    ({"type": "integer"}, '" 7 "', 'the value: expected integer, found it as a string: " 7 "', '" 7 "'),
    ({"type": ["number", "null"]}, '"1.5e3"', 'the value: expected number or null, found it as a string: "1.5e3"', '"1.5e3"'),
    ({"type": "number"}, '"7 of 9"', 'the value: expected number, found the string "7 of 9"', '"7 of 9"'),
    ({"type": "boolean"}, '"1"', 'the value: expected boolean, found the string "1"', '"1"'),
    ({"type": "string"}, "null", "the value: expected string, found null", "null"),
    ({"type": "string"}, "[1]", "the value: expected string, found an array", "[1]"),
    ({"const": 1}, "2", "the value: expected 1, found 2", "2"),
    ({"enum": ["a", 1, None]}, "2", 'the value: expected "a", 1 or null, found 2', "2"),
    ({"enum": list("abcdefgh")}, "2", 'the value: expected "a", "b", "c", "d", "e", "f" or 2 more, found 2', "2"),
    ({"anyOf": [{"type": "null"}, {"type": ["array", "boolean"]}]}, "2", "the value: expected null, array or boolean, found the number 2", "2"),
    ({"oneOf": [{"type": "number"}, {"type": "null"}]}, '"2"', 'the value: expected number or null, found it as a string: "2"', '"2"'),
    ({"anyOf": [{"minimum": 3}, {"maximum": 1}]}, "2", "the value: 2 does not satisfy anyOf", "2"),
    ({"oneOf": [True, True]}, "2", "the value: 2 does not satisfy oneOf", "2"),
    ({"not": True}, "2", "the value: 2 does not satisfy not", "2"),
    ({"contains": {"const": 1}}, "[2]", "the value: [2] does not satisfy contains", "[2]"),
    ({"multipleOf": 2}, "3", "the value: 3 does not satisfy multipleOf: 2", "3"),
    ({"uniqueItems": True}, "[1, 2, 1]", "/2: 1 does not satisfy uniqueItems: True", "1"),
    ({"items": {"minimum": 0}}, '[{"a": 1}, -1]', "/1: -1 does not satisfy minimum: 0", "-1"),
    ({"properties": {"a/b~": {"minimum": 0}}}, '{"a/b~": -1}', "/a~1b~0: -1 does not satisfy minimum: 0", "-1"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "text", "reason", "place"), SAYS)
def test_reason_and_place(schema, text, reason, place):
    verdict = judge(SchemaTypes(compile_schema(schema)), text)
    assert verdict.reason == reason
    assert pointed(verdict, text) == place


def test_required_keys_asks_for_them_also_where_there_is_no_object():
    schema = compile_schema({"type": "object", "required": ["a", "b"]})
    verdict = judge(RequiredKeys(schema), "[1]")
    assert verdict.code == "missing_key"
    assert verdict.reason == "the value: expected an object with 'a' and 'b', found an array"
    assert verdict.span == (0, 3)
    assert word(RequiredKeys(compile_schema({"type": "object"})), "[1]") == "passed"
    assert word(RequiredKeys(compile_schema({"required": ["a"]})), "[1]") == "passed"
    assert word(RequiredKeys(compile_schema({"type": "array", "required": ["a"]})), "1") == "passed"


def test_types_does_not_ask_for_keys():
    schema = compile_schema({"type": "object", "required": ["a"], "additionalProperties": False})
    assert word(ValueTypes(schema), '{"b": 1}') == "passed"
    assert word(RequiredKeys(schema), '{"a": 1, "b": 1}') == "passed"


def chain(length, keyword):
    """Each part leads to the next in two ways: a value is looked at 2**length times."""
    parts = {f"a{n}": {keyword: [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(length)}
    return {"$ref": "#/$defs/a0", "$defs": {**parts, f"a{length}": {"type": "string"}}}


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
@pytest.mark.parametrize("more", [{}, {"$id": "http://example.com/s"}])
def test_a_schema_that_doubles_at_each_step_is_refused_in_time(keyword, more, monkeypatch):
    monkeypatch.setattr(json_schema_clock, "SCHEMA_SECONDS", 0.2)
    with pytest.raises(SchemaError, match="it tries too many"):
        compile_schema({**chain(40, keyword), **more})


CIRCLES = [
    {"allOf": [{"allOf": [{"not": {"$ref": "#"}}]}]},
    {"anyOf": [{"type": "string"}, {"$ref": "#"}]},
    {"if": {"$ref": "#"}},
    {"dependentSchemas": {"a": {"$ref": "#"}}},
    {"$dynamicAnchor": "n", "oneOf": [{"$dynamicRef": "#n"}]},
    {"$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"not": {"$ref": "#/$defs/a"}}}, "properties": {"x": {"$ref": "#/$defs/a"}}},
    {"$schema": "http://json-schema.org/draft-03/schema#", "extends": {"$ref": "#"}},
    {"$schema": "http://json-schema.org/draft-03/schema#", "disallow": [{"$ref": "#"}]},
    {"$schema": "http://json-schema.org/draft-07/schema#", "dependencies": {"a": {"$ref": "#"}}},
    {"$schema": "https://json-schema.org/draft/2019-09/schema", "allOf": [{"$recursiveRef": "#"}]},
]  # fmt: skip


@pytest.mark.parametrize("schema", CIRCLES)
def test_a_schema_that_leads_to_itself_for_one_value_is_refused(schema, capfd):
    with pytest.raises(SchemaError, match="refers to itself without end"):
        compile_schema(schema)
    assert capfd.readouterr().err == ""


def test_a_schema_that_leads_to_itself_below_a_key_is_not_refused():
    for keyword in ("properties", "patternProperties", "dependentRequired"):
        inner = {"^a": ["b"]} if keyword == "dependentRequired" else {"^a": {"$ref": "#"}}
        assert compile_schema({keyword: inner, "items": {"$ref": "#"}})


def test_parts_that_lead_to_one_another_too_often_are_refused():
    def line(length):
        parts = {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(length)}
        return {"$ref": "#/$defs/a0", "$defs": {**parts, f"a{length}": {"type": "string"}}}

    assert compile_schema(line(50)).errors(5)
    with pytest.raises(SchemaError, match="is nested too deep: 100 parts lead to one another"):
        compile_schema(line(300))


NO_SCHEMAS = [
    ({"$ref": "#/datos", "datos": {"items": [{"type": "string"}]}}, "at /items: "),
    ({"$ref": "#/x", "x": {"properties": 5}}, "at /properties: "),
    ({"$ref": "#/x", "x": {"type": "strin"}}, "at /type: "),
    ({"$ref": "#/x", "x": {"$ref": "#/y"}, "y": {"allOf": {}}}, "at /allOf: "),
    ({"$ref": "#/x", "x": [1]}, "leads to no schema, but to a list"),
    ({"$ref": "#/x", "x": "y"}, "leads to no schema, but to a str"),
    ({"$ref": "#/x", "x": 5}, "leads to no schema, but to a int"),
    ({"$ref": "#/x", "x": None}, "leads to no schema, but to a NoneType"),
    ({"$ref": "#/x/0/y", "x": [5]}, "leads nowhere"),
    ({"$ref": "#/x/y", "x": "abc"}, "leads nowhere"),
    ({"$ref": "#/x/1", "x": [True]}, "leads nowhere"),
    ({"$ref": "#/enum/0", "enum": [{"minLength": "x"}]}, "at /minLength: "),
    ({"$ref": "#/x", "x": {"pattern": "("}}, "is no regular expression"),
    ({"$ref": "#/x", "x": {"pattern": 5}}, "at /pattern: "),
    ({"$ref": "http://[::1"}, "leads nowhere"),
    ({"$id": "http://[::1"}, "cannot be compiled"),
    ({"$ref": "%"}, "leads nowhere"),
    ({"$schema": "http://json-schema.org/draft-04/schema#", "$ref": 5}, "is a string, not int"),
    ({"$schema": "http://json-schema.org/draft-04/schema#", "id": 5}, "at /id: "),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "message"), NO_SCHEMAS)
def test_a_reference_leads_to_a_schema_or_the_whole_is_refused(schema, message, capfd):
    with pytest.raises(SchemaError, match=message) as caught:
        compile_schema(schema)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_reference_may_lead_where_no_keyword_is():
    schema = compile_schema({"$ref": "#/x/y", "x": {"y": {"type": "string", "items": {}}}})
    assert schema.errors(5)
    assert not schema.errors("x")


def test_a_panic_below_is_an_error_of_the_task(monkeypatch):
    class PanicException(BaseException):
        """As the libraries in Rust raise it."""

    schema = compile_schema({"$id": "http://example.com/s", "type": "string"})

    def panic(value):
        raise PanicException("called `Result::unwrap()` on an `Err` value")

    monkeypatch.setattr(type(schema.validator), "iter_errors", lambda *_: panic(None))
    verdict = judge(SchemaTypes(schema), "5")
    assert (verdict.outcome, verdict.code) == ("error", "task_error")
    assert verdict.reason.startswith("cannot be run on this value (PanicException: ")


def test_a_pattern_that_fills_the_memory_is_refused():
    for schema in ({"pattern": "((a{100}){100}){100}"}, {"patternProperties": {"a{99999}": True}}):
        with pytest.raises(SchemaError, match="is too large, its repeats are written out"):
            compile_schema(schema)


def test_errors_of_branches_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(json_schema_clock, "MAX_BRANCH_ERRORS", 1000)
    schema = compile_schema({"items": {"anyOf": [{"const": n} for n in range(300)]}})
    assert 1 <= len(schema.errors(["x"] * 5000)) <= 4
    schema = compile_schema({"contains": {"anyOf": [{"const": n} for n in range(40)]}})
    assert schema.errors(["x"] * 50)
