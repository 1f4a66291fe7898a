"""Grammars of JSON schemas: what they refuse, and that all they allow is what the judge passes."""

import pytest

from harness.checks.json_validity import JsonValidity
from harness.checks.schema.schema import compile_schema
from harness.checks.schema_types import SchemaTypes
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.verdict import Outcome
from harness.engine.grammar import Grammars, grammar_of
from harness.engine.row import Row
from tests.engine.walking import END, allowed, ascii_grammars, row_of, take, text_of, walked


@pytest.fixture(scope="module")
def grammars() -> Grammars:
    return ascii_grammars()


PAYMENT = {
    "type": "object",
    "properties": {"name": {"type": "string", "minLength": 1}, "amount": {"type": "number"}},
    "required": ["name", "amount"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "schema",
    [
        PAYMENT,
        True,
        {"type": "array", "items": {"enum": ["a", 3, None, {"x": [1.5]}]}, "minItems": 2},
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "null"}], "items": False},
        {"type": "object", "patternProperties": {"^x": {"type": "integer", "maximum": 17}}},
        {"type": "string", "pattern": "^[a-c]{2,3}$"},
        {"anyOf": [{"type": "string", "maxLength": 2}, {"type": "integer", "multipleOf": 7}]},
        {"$ref": "#/$defs/n", "$defs": {"n": {"type": "array", "items": {"$ref": "#/$defs/n"}}}},
    ],
)
def test_every_answer_that_ends_is_json_that_the_schema_accepts(grammars, schema):
    rows = [walked(grammars, row_of(schema), seed) for seed in range(12)]
    texts = [text_of(row) for row in rows if row.ended]
    assert texts
    checks = (JsonValidity(), SchemaTypes(compile_schema(schema)))
    for text in texts:
        verdicts = [check.judge(Case("a", ()), Completion(text)) for check in checks]
        assert all(v.outcome is Outcome.PASSED for v in verdicts), text


@pytest.mark.parametrize("begun", ["", "{", '{"name": ', '{"name": "a"', '{"name": "a", '])
def test_there_is_at_most_one_blank_after_a_comma_or_a_colon_and_none_elsewhere(grammars, begun):
    row = row_of(PAYMENT)
    take(row, begun)
    assert not {ord(blank) for blank in " \t\n\r"} & {*allowed(grammars, row)}


def test_where_the_grammar_ends_the_row_must_end(grammars):
    row = row_of(PAYMENT)
    take(row, '{"name":"a","amount":1}')
    assert allowed(grammars, row) == [END]


def test_the_end_token_is_forbidden_before_the_grammar_ends(grammars):
    row = row_of(PAYMENT)
    take(row, '{"name":"a')
    assert END not in allowed(grammars, row)


def test_rows_of_one_batch_have_their_own_grammar_or_none(grammars):
    free, number, text = Row([1], 0, 9), row_of({"type": "integer"}), row_of({"type": "string"})
    take(number, "1")
    assert len(allowed(grammars, free)) == 4 * 32
    assert {END, ord("7")} < {*allowed(grammars, number)}
    assert allowed(grammars, text) == [ord('"')]
    # In any order, and without the others.
    assert grammars.masks([text, number])[0].tolist() == grammars.masks([text])[0].tolist()


def test_an_ended_row_may_take_any_token(grammars):
    row = row_of({"type": "integer"})
    take(row, "1\0")
    assert row.ended
    assert grammars.masks([row]).tolist() == [[-1] * 4]


def test_a_grammar_that_fails_ends_its_own_row_alone(grammars):
    row, other = row_of({"type": "integer"}), row_of({"type": "integer"})
    take(row, "x")
    bits = grammars.masks([row, other])
    assert row.problem.startswith("constrained decoding: ")
    assert not row.is_open
    assert bits[0].tolist() == [-1] * 4
    assert (other.problem, other.is_open) == (None, True)


def test_without_a_tokenizer_rows_with_a_grammar_have_a_problem():
    def no_tokenizer():
        raise HarnessError("the model has no fast tokenizer")

    row, free = row_of({"type": "integer"}), Row([1], 0, 9)
    assert Grammars(no_tokenizer).masks([row, free]) is None
    assert (row.problem, free.problem) == ("the model has no fast tokenizer", None)


def test_the_oldest_of_many_grammars_is_read_again(grammars, monkeypatch):
    monkeypatch.setattr("harness.engine.grammar.MAX_COMPILED", 2)
    own = Grammars(lambda: grammars._tokenizer)
    for value in range(3):
        own.masks([row_of({"const": value})])
    assert len(own.compiled) == 2


@pytest.mark.parametrize(
    ("schema", "keyword"),
    [
        ({"type": "array", "uniqueItems": True}, '"uniqueItems"'),
        ({"not": {"type": "null"}}, '"not"'),
        ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, "oneOf"),
        ({"type": "string", "pattern": "(?=a)b"}, "pattern: "),
        ({"type": "string", "format": "tea"}, "format: tea"),
        (False, "accepts no answer"),
    ],
)
def test_a_schema_without_a_grammar_is_refused_by_its_keyword_in_one_line(schema, keyword):
    with pytest.raises(HarnessError) as refused:
        grammar_of(schema)
    (line,) = refused.value.mistakes
    assert keyword in line
    assert "\n" not in line
    assert "coerce" not in line


def test_two_grammars_are_equal_where_their_schemas_are_whatever_library_read_them():
    from dataclasses import replace

    made = grammar_of(PAYMENT)
    assert made == replace(made, library="llguidance 9.9")
    assert made != grammar_of(True)
    # Properties keep their order, in which an answer gives them.
    assert made.schema.index('"name"') < made.schema.index('"amount"')
