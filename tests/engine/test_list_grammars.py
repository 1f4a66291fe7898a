"""Grammars of JSON Lines and CSV: what they refuse, and that all they allow passes the judge."""

import pytest

from harness.checks import csv_validity, jsonl_validity, no_extra_text, schema_types
from harness.checks.declared.output import Output
from harness.checks.json.document import read_document
from harness.checks.schema.schema import compile_schema
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.verdict import Outcome
from harness.engine.grammar import Grammars, grammar_of
from tests.engine.walking import END, allowed, ascii_grammars, row_of, take, text_of, walked

ITEM = {
    "type": "object",
    "properties": {
        "vendor": {"type": "string", "minLength": 1},
        "total": {"type": "number", "minimum": 0},
        "currency": {"enum": ["EUR", "U,S", "<think>"]},
        "due": {"type": ["string", "null"], "format": "date"},
        "note": {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]},
        "paid": {"$ref": "#/$defs/truth"},
    },
    "required": ["vendor"],
    "additionalProperties": False,
}
LIST = {
    "type": "array",
    "items": ITEM,
    "minItems": 1,
    "$defs": {"truth": {"title": "Truth", "type": "boolean"}},
}


def rows_of(**columns) -> dict:
    return {"type": "array", "items": {"type": "object", "properties": columns}}


@pytest.fixture(scope="module")
def grammars() -> Grammars:
    return ascii_grammars()


def judged(schema, form: str, delimiter: str, text: str) -> list[str]:
    """What is wrong with an answer."""
    parts = {"format": form} | ({"delimiter": delimiter} if form == "csv" else {})
    output = Output.model_validate(parts).with_schema(compile_schema(schema))
    validity = csv_validity if form == "csv" else jsonl_validity
    found = [
        behavior.check_for(output).judge(Case("a", ()), Completion(text))
        for behavior in (validity, schema_types, no_extra_text)
    ]
    return [str(v.reason) for v in found if v.outcome is not Outcome.PASSED]


@pytest.mark.parametrize(
    ("schema", "form", "delimiter"),
    [
        (LIST, "jsonl", ","),
        (True, "jsonl", ","),
        ({"items": {"type": "integer"}, "minItems": 2, "maxItems": 3}, "jsonl", ","),
        (LIST, "csv", ","),
        (LIST, "csv", ";"),
        (LIST, "csv", "\t"),
        (rows_of(a={}), "csv", ","),
        (rows_of(a={"type": "string"}, b=True), "csv", "|"),
        (rows_of(a={"type": "null"}), "csv", ","),
        (rows_of(**{'a,"\n': {"const": 3}, "b": {"enum": ["", None]}}), "csv", ","),
        (rows_of(a={"type": "string", "minLength": 2, "maxLength": 3}), "csv", ","),
        (rows_of(a={"type": ["boolean", "null"]}, b={"enum": [1.5, -2]}), "csv", ","),
        (rows_of(a={"type": "string", "format": "date-time"}), "csv", ","),
        ({**rows_of(a={"type": "integer", "multipleOf": 7}), "maxItems": 0}, "csv", ","),
    ],
)
def test_every_answer_that_ends_is_one_that_the_judge_passes(grammars, schema, form, delimiter):
    rows = [walked(grammars, row_of(schema, 300, form, delimiter), seed) for seed in range(12)]
    texts = [text_of(row) for row in rows if row.ended]
    assert not any(row.problem for row in rows)
    assert texts
    for text in texts:
        assert judged(schema, form, delimiter, text) == [], text


def can_be(grammars, schema, form: str, text: str) -> bool:
    """The grammar allows the text as a whole answer."""
    row = row_of(schema, 300, form)
    for token in text:
        if ord(token) not in allowed(grammars, row):
            return False
        take(row, token)
    return END in allowed(grammars, row)


@pytest.mark.parametrize(
    ("text", "is_allowed"),
    [
        ('{"a":1}', True),
        ('{"a": 1}\n{"a":2}', True),
        ('{"a":1}\n', False),
        ('{"a":1}\n\n{"a":2}', False),
        ('{"a":1},\n{"a":2}', False),
        ('[{"a":1}]', False),
        ('{"a":1} {"a":2}', False),
        ('{\n"a":1}', False),
        ("", False),
    ],
)
def test_lines_are_one_value_each(grammars, text, is_allowed):
    schema = rows_of(a={"type": "integer"})
    assert can_be(grammars, schema, "jsonl", text) is is_allowed


@pytest.mark.parametrize(
    ("text", "is_allowed"),
    [
        ("a,b", True),
        ("a,b\nx,1", True),
        ('a,b\n"x",1\n"y, ""z""",-2.5', True),
        ('a,b\n" x",', True),
        ("a,b\n x,1", False),
        ("a,b\nx,", True),
        ("a,b\nx", False),
        ("a,b\nx,1,2", False),
        ("a,b\nx,1\n", False),
        ("a,b\n\nx,1", False),
        ("b,a\n1,x", False),
        ("a,b\nx,one", False),
        ('a,b\nx,"1"', False),
        ("a,b\n<think>,1", False),
        ('a,b\n"<think>",1', True),
        ("a,b\n,1", False),
    ],
)
def test_a_table_has_its_columns_and_typed_cells(grammars, text, is_allowed):
    schema = rows_of(a={"type": "string", "minLength": 1}, b={"type": ["number", "null"]})
    assert can_be(grammars, schema, "csv", text) is is_allowed
    if is_allowed:
        assert judged(schema, "csv", ",", text) == []


def test_rows_and_lines_are_as_many_as_the_schema_allows(grammars):
    schema = {**rows_of(a={"type": "integer"}), "minItems": 1, "maxItems": 2}
    assert not can_be(grammars, schema, "csv", "a")
    assert can_be(grammars, schema, "csv", "a\n1\n2")
    assert not can_be(grammars, schema, "csv", "a\n1\n2\n3")
    assert can_be(grammars, schema, "jsonl", '{"a":1}\n{"a":2}')
    assert not can_be(grammars, schema, "jsonl", '{"a":1}\n{"a":2}\n{"a":3}')


def test_the_delimiter_is_the_tasks(grammars):
    row = row_of(rows_of(a={}, b={}), 300, "csv", ";")
    take(row, "a;b\nx,y;z")
    output = Output(format="csv", delimiter=";")
    document = read_document(text_of(row), output.wrappers)
    assert END in allowed(grammars, row)
    assert document.value == [{"a": "x,y", "b": "z"}]


@pytest.mark.parametrize(
    ("form", "schema", "said"),
    [
        (
            "yaml",
            True,
            "format: yaml has no grammar, json, jsonl and csv have one: decode it freely",
        ),
        ("jsonl", {**LIST, "uniqueItems": True}, "format: jsonl can express the keyword 'uniq"),
        ("jsonl", {"prefixItems": [True]}, "the keyword 'prefixItems'"),
        (
            "jsonl",
            {"items": {"not": {}}},
            'no grammar can express the schema: Unimplemented keys: ["n',
        ),
        ("jsonl", {"items": {"items": {"$ref": "#/items"}}}, "$ref: '#/items' in items, refer to"),
        ("jsonl", {"maxItems": 0}, "the schema accepts no line"),
        ("jsonl", {"items": False}, "the schema accepts no line"),
        ("jsonl", {"type": "object"}, "the schema accepts no list, which an answer in format: jso"),
        ("jsonl", {"minItems": 3, "maxItems": 2}, "the schema accepts no list"),
        ("jsonl", {"$ref": "#"}, "$ref: '#' leads back to itself"),
        ("csv", True, "a grammar of format: csv needs the columns as properties of items"),
        ("csv", rows_of(), "needs the columns"),
        ("csv", {"items": False}, "the schema accepts no answer"),
        ("csv", {"items": {**ITEM, "minProperties": 2}}, "the keyword 'minProperties'"),
        ("csv", {"items": {"properties": {"a": {}}, "required": ["b"]}}, "the column 'b' is requi"),
        ("csv", {"items": {"type": "string", "properties": {"a": {}}}}, "accepts no row"),
        ("csv", rows_of(a={"type": "string", "pattern": "x"}), "column 'a': no grammar of format:"),
        ("csv", rows_of(a={"type": "string", "format": "email"}), "csv can express the format 'em"),
        ("csv", rows_of(a={"type": ["string", "number"]}), "column 'a': holds text and other val"),
        ("csv", rows_of(a={"anyOf": [{}, {"type": "boolean"}]}), "column 'a': holds text and oth"),
        ("csv", rows_of(a={"type": "array"}), "column 'a': a cell holds no list"),
        ("csv", rows_of(a={"enum": [[1]]}), "column 'a': a cell holds no list"),
        ("csv", rows_of(a={"type": "string", "minLength": 3, "maxLength": 2}), "accepts no cell"),
        ("csv", rows_of(a={"$ref": "#/$defs/x"}), "$ref: '#/$defs/x' leads to no part"),
        ("csv", rows_of(a={"type": "number", "minimum": 3, "maximum": 2}), "Unsatisfiable schema"),
    ],
)
def test_what_has_no_grammar_is_refused_in_one_line(form, schema, said):
    with pytest.raises(HarnessError) as refused:
        grammar_of(schema, form)
    (line,) = refused.value.mistakes
    assert said in line
    assert "\n" not in line
    assert "x-guidance" not in line


@pytest.mark.parametrize(
    "parts",
    [
        {"p0": {"anyOf": [{"$ref": "#/$defs/p0"}, {"type": "null"}]}},
        {f"p{n}": {"anyOf": [{"$ref": f"#/$defs/p{n + 1}"}] * 9} for n in range(30)}
        | {"p30": {"type": "string"}},
    ],
)
def test_alternatives_within_alternatives_end(parts):
    schema = {**rows_of(a={"$ref": "#/$defs/p0"}), "$defs": parts}
    with pytest.raises(HarnessError, match="the column 'a': has more than 1,000 alternatives"):
        grammar_of(schema, "csv")


def test_other_delimiters_could_stand_in_numbers():
    with pytest.raises(HarnessError, match=r"no grammar has the delimiter '\.', there are ','"):
        grammar_of(LIST, "csv", ".")


def test_a_grammar_of_another_format_is_another_one():
    found = {grammar_of(LIST, *how) for how in (("jsonl",), ("csv",), ("csv", ";"), ("json",))}
    assert len({grammar.identity for grammar in found}) == 4
    assert grammar_of(LIST).identity == grammar_of(LIST).schema
