"""Answers in CSV: a table by RFC 4180, the place of every cell, and values by the schema's types."""

# ruff: noqa: E501

import csv
import io
import json
import random
import time
from decimal import Decimal

import pytest

from harness.checks.csv.document import value_of
from harness.checks.csv.writing import dump_csv
from harness.checks.csv_validity import WRAPPERS, CsvValidity
from harness.checks.declared.output import Output
from harness.checks.json.document import read_document
from harness.checks.json.pointer import span_of
from harness.checks.repetition import NoTextLoop
from harness.checks.schema.columns import columns_of
from harness.checks.schema.problems import judge_schema
from harness.checks.schema.schema import compile_schema
from harness.checks.text.format_rules import Column, CsvRules
from harness.checks.text.wrappers import Wrappers
from harness.core.case import Case
from harness.core.completion import Completion, FinishReason
from harness.core.errors import HarnessError
from harness.tasks.check.grading import check_task
from harness.tasks.judging import judge_answer
from harness.tasks.task import load_task

CASE = Case("a", ())
COLUMNS = Wrappers(rules=CsvRules(",", (Column("a", frozenset()), Column("b", frozenset()))))


def failure(text, wrappers=WRAPPERS):
    """Code, reason and text at the place; ``None`` where the answer is CSV."""
    verdict = CsvValidity(wrappers).judge(CASE, Completion(text))
    if verdict.code is None:
        return None
    return verdict.code.value, verdict.reason, text[slice(*verdict.span)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,x", [{"a": "1", "b": "x"}]),
        ("\n a,b\r\n1,\r\n\r\n", [{"a": "1", "b": ""}]),
        ('a,b\r"x,\n""y""",z', [{"a": 'x,\n"y"', "b": "z"}]),
        ("a,b\n", []),
        ("a,\n1, 2 x", [{"a": "1", "": " 2 x"}]),
        ('a,b\n"```\n<think>",<|im_end\n', [{"a": "```\n<think>", "b": "<|im_end"}]),
    ],
)
def test_the_answer_is_a_list_with_an_object_for_each_row(text, rows):
    assert read_document(text, WRAPPERS).value == rows
    assert failure(text) is None


@pytest.mark.parametrize(
    ("text", "code", "reason", "at"),
    [
        ("", "empty", "expected CSV, found nothing at all", ""),
        ("I cannot", "no_csv", "expected CSV, found no ',' in its first row", "I cannot"),
        ("a,b\n1", "cell_count", "line 2: expected 2 as in the header, found a row of 1", "1"),
        ('a,b\n"1\n",2,3', "cell_count", "line 2: expected 2 as in the header, found a row of 3", '"1\n",2,3'),
        ('a,b\n1,"x', "unclosed", "line 2: the quote that opens here is never closed", '"x'),
        ('a,b\n1,x"y"', "syntax", "line 2: found a quote in a cell that does not begin with one", '"'),
        ('a,b\n"1"2,3', "syntax", "line 2: expected the end of the cell, found '2'", "2"),
        ("a,b\n1,2\n\n3,4", "blank_line", "line 3: is blank, where each line is a row", ""),
        ("a,b,a\n1,2,3", "duplicate_key", "the column 'a' stands twice in the header", "a"),
        ("```csv\na,b\n1,2\n```", "markdown_fence", "expected nothing before the fence, found a Markdown fence: ```csv", "```csv"),
        ("<think>x</think>\na,b\n1,2", "think_block", "expected nothing in the CSV, found a think block: <think>x</think>", "<think>x</think>"),
        ("a,b\n1,2<|im_end|>", "special_token", "expected nothing in the CSV, found a special token: <|im_end|>", "<|im_end|>"),
    ],
)  # fmt: skip
def test_bad_answers(text, code, reason, at):
    found = failure(text)
    if code == "markdown_fence":
        found = (found[0], reason, found[2])
    assert found == (code, reason, at)


def test_the_header_has_a_name_that_the_schema_knows():
    assert failure("b,c\n1,2", COLUMNS) is None
    assert failure("a\n1", COLUMNS) is None
    reason = "expected CSV whose first row names 'a' and 'b', found '1,2'"
    assert failure("1,2\n3,4", COLUMNS) == ("no_csv", reason, "1,2\n3,4")


def test_python_reads_the_same_cells():
    """500 tables of a seeded generator: the rows, and each cell at its place in the text."""
    draw = random.Random(17)
    for _ in range(500):
        names = draw.sample(["a", "b b", 'c"', "d,", "e\n", "é"], draw.randint(2, 4))
        cells = [
            ["".join(draw.choices('x ,;"\n0', k=draw.randint(0, 4))) for _ in names]
            for _ in range(draw.randint(1, 4))
        ]
        cells[-1][-1] += "."
        written = io.StringIO()
        quoting = draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
        writer = csv.writer(written, lineterminator=draw.choice(["\n", "\r\n"]), quoting=quoting)
        writer.writerows([names, *cells])
        text = written.getvalue()
        document = read_document(text, WRAPPERS)
        assert document.value == [dict(zip(names, row, strict=True)) for row in cells], text
        for index, row in enumerate(document.value):
            for name, cell in row.items():
                raw = text[slice(*span_of(document, (index, name)))]
                content = raw[1:-1].replace('""', '"') if raw[:1] == '"' else raw
                assert content == cell, text


@pytest.mark.parametrize(
    ("cell", "types", "value"),
    [
        ("1.50", {"number"}, Decimal("1.50")),
        ("-2e3", {"integer", "null"}, Decimal("-2e3")),
        ("7", {"integer"}, 7),
        ("7", {"integer", "string"}, "7"),
        ("7", set(), "7"),
        ("007", {"number"}, "007"),
        ("1,5", {"number"}, "1,5"),
        ("1 ", {"number"}, "1 "),
        ("NaN", {"number"}, "NaN"),
        ("-Infinity", {"number"}, "-Infinity"),
        ("true", {"boolean"}, True),
        ("True", {"boolean"}, "True"),
        ("", {"number"}, ""),
        ("", {"string"}, ""),
        ("", {"string", "null"}, None),
        ("null", {"null"}, "null"),
    ],
)
def test_a_cell_is_text_unless_the_schema_gives_its_column_another_type(cell, types, value):
    found = value_of(cell, frozenset(types))
    assert (type(found), found) == (type(value), value)


def test_the_types_of_columns_are_found_behind_references_and_branches():
    schema = compile_schema(
        {
            "$ref": "#/$defs/rows",
            "$defs": {
                "rows": {"type": "array", "items": {"$ref": "#/$defs/row"}},
                "row": {
                    "allOf": [{"properties": {"d": {"enum": [1, None]}}}],
                    "properties": {
                        "a": {"type": "string"},
                        "b": {"anyOf": [{"type": "number"}, {"type": "null"}]},
                        "c": True,
                        "a/b": {"$ref": "#/$defs/row/properties/a"},
                        "e": {"const": True},
                    },
                },
            },
        }
    )
    assert {c.name: set(c.types) for c in columns_of(schema)} == {
        "a": {"string"},
        "b": {"number", "null"},
        "c": set(),
        "a/b": {"string"},
        "e": {"boolean"},
        "d": {"number", "null"},
    }
    assert columns_of(compile_schema(True)) == columns_of(compile_schema({"items": True})) == ()


def test_a_schema_points_at_the_cell():
    properties = {"a": {"type": "number"}, "b": {"type": "string"}}
    schema = compile_schema({"items": {"properties": properties, "additionalProperties": False}})
    wrappers = Output(format="csv").with_schema(schema).wrappers
    text = 'a,b\n1,[[\n"2,5",y\n'
    verdict = judge_schema(schema, Completion(text), wrappers=wrappers)
    assert verdict.code.value == "number_as_string"
    assert (verdict.path, text[slice(*verdict.span)]) == ("/1/a", '"2,5"')
    text = "a,c\n1,x\n"
    verdict = judge_schema(schema, Completion(text), wrappers=wrappers)
    assert (verdict.code.value, text[slice(*verdict.span)]) == ("unexpected_key", "c")


def test_brackets_in_cells_are_no_depth():
    schema = compile_schema({"items": {"$ref": "#/$defs/row"}, "$defs": {"row": {"minItems": 1}}})
    text = f"a,b\n{'[' * 200},2"
    assert judge_schema(schema, Completion(text), wrappers=WRAPPERS).code is None


def test_rows_that_are_alike_are_no_loop_unless_the_limit_cut_them():
    check, text = NoTextLoop(wrappers=WRAPPERS), "a,b\n" + "0,1\n" * 20
    assert check.judge(CASE, Completion(text)).code is None
    cut = Completion(text, FinishReason.LENGTH)
    assert check.judge(CASE, cut).code.value == "text_loop"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_is_written_reads_as_it_was(delimiter):
    rows = [{"a": " x", "b;": 'q"', "c": ""}, {"a": "\t", "b;": "1\r\n2", "c": "|,"}]
    wrappers = Output(format="csv", delimiter=delimiter).wrappers
    text = dump_csv(rows, delimiter)
    document = read_document(text, wrappers)
    assert document.value == rows
    assert CsvValidity(wrappers).judge(CASE, Completion(text)).code is None


@pytest.mark.parametrize(
    "value", [[], {}, "a", [{}], [1], [{"a": 1}, {"b": 1}], [{"a": []}], [{"a": 1}, {}], None]
)
def test_what_is_no_table_is_not_written(value):
    assert dump_csv(value) is None


@pytest.mark.parametrize("delimiter", ["", ",,", "a", "7", '"', "\n", " ", "é", "\x00"])
def test_a_delimiter_is_one_character_between_cells(tmp_path, delimiter):
    given = json.dumps(delimiter)
    output = f"output: {{format: csv, delimiter: {given}}}"
    (tmp_path / "task.yaml").write_text(f"description: x\nprompt: x\n{output}\n")
    (tmp_path / "cases.jsonl").write_text('{"id": "a"}\n')
    with pytest.raises(HarnessError, match=r"delimiter.*expected one character"):
        load_task(tmp_path)


def test_a_delimiter_is_for_csv_alone(tmp_path):
    text = "description: x\nprompt: x\noutput: {format: json, delimiter: ;}\n"
    (tmp_path / "task.yaml").write_text(text)
    (tmp_path / "cases.jsonl").write_text('{"id": "a"}\n')
    with pytest.raises(HarnessError, match="delimiter needs format: csv, not json"):
        load_task(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "," * 5_000,
        "a,b\n" + "," * 5_000,
        'a,b\n1,"' + '""' * 5_000,
        'a,b\n1,"' + "\n" * 5_000,
        'a,b\n"x"' * 5_000,
        "a,b\n" + "\n" * 5_000 + "1,2",
        "a,b\n" + "1,\ud800\x00\n" * 5_000,
        "a,b\n" + "[{,]}\n" * 5_000 + "1",
        "a,b\n" + "9" * 5_000 + ",1",
        "a,b\n" + "1,<think>\n" * 5_000,
    ],
    ids=range(10),
)
def test_hostile_answers_take_linear_time(text):
    """The slowest takes half a second; its square would be minutes."""
    started = time.thread_time()
    failure(text)
    assert time.thread_time() - started < 10


def test_too_many_cells_are_refused(monkeypatch):
    monkeypatch.setattr("harness.checks.csv.cells.MAX_CELLS", 5)
    assert failure("a,b\n1,2\n3,4")[:2] == ("syntax", "line 3: there are more than 5 cells")


def test_a_broken_schema_of_a_case_is_an_error_and_no_pass(tmp_path):
    (tmp_path / "task.yaml").write_text("description: x\nprompt: x\noutput: {format: csv}\n")
    case = {"id": "a", "schema": {"type": "nothing"}}
    (tmp_path / "cases.jsonl").write_text(json.dumps(case) + "\n")
    task = load_task(tmp_path)
    found = judge_answer(task.cases[0], Completion("a,b\n1,2", case_id="a"), task)
    assert {str(v.outcome) for n, v in found.items() if n.endswith(("validity", "types"))} == {
        "error"
    }


def test_the_reference_is_a_list_of_rows(tmp_path):
    (tmp_path / "task.yaml").write_text(
        "description: x\nprompt: '{t}'\n"
        "output: {format: csv, schema: s.json, exact: [''], delimiter: '|'}\n"
    )
    row = {"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["a"]}
    schema = {"type": "array", "items": {**row, "type": "object", "additionalProperties": False}}
    (tmp_path / "s.json").write_text(json.dumps(schema))
    good = [{"a": 1, "b": "x|y"}, {"a": 2, "b": "007"}]
    cases = [{"id": "good", "variables": {"t": "x"}, "reference": good}]
    for number, bad in enumerate([[], [{"a": 1}, {"b": "x"}], [{"a": [1]}]]):
        cases.append({"id": f"bad{number}", "variables": {"t": "x"}, "reference": bad})
    cases.append({"id": "null", "variables": {"t": "x"}, "reference": [{"a": 1, "b": None}]})
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(c) + "\n" for c in cases))
    found = check_task(tmp_path)
    told = {(m.case_id, m.text.partition(":")[0]) for m in found.mistakes}
    reason = "the reference of a csv task is a list of its rows, of one at least"
    assert told == {
        *((f"bad{number}", reason) for number in range(3)),
        ("null", "the reference fails exact_fields"),
    }
