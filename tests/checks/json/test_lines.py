"""JSON Lines: a value on each line, the list of them, and what is wrong with a line by its name."""

# ruff: noqa: E501

import json
import time

import pytest

from harness.checks.declared.output import Output
from harness.checks.json.document import read_document
from harness.checks.json.pointer import span_of
from harness.checks.jsonl_validity import WRAPPERS, JsonlValidity
from harness.checks.repetition import NoTextLoop
from harness.checks.schema.problems import judge_schema
from harness.checks.schema.schema import compile_schema
from harness.core.case import Case
from harness.core.completion import Completion, FinishReason
from harness.tasks.check.grading import check_task

CASE = Case("a", ())


def failure(text, finish=FinishReason.STOP, wrappers=WRAPPERS):
    """Code, reason and text at the place; ``None`` where the answer is JSON Lines."""
    verdict = JsonlValidity(wrappers).judge(CASE, Completion(text, finish))
    if verdict.code is None:
        return None
    return verdict.code.value, verdict.reason, text[slice(*verdict.span)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', [{"a": 1}]),
        ('\n{"a": 1}\n{"a": 2}\r\n \n', [{"a": 1}, {"a": 2}]),
        ('1\n"b"\nnull\n[2]', [1, "b", None, [2]]),
        ('{"a": "<think> ``` <|im_end|>"}\n{"a": "\\n"}', [{"a": "<think> ``` <|im_end|>"}, {"a": "\n"}]),
        ("[1]\n[2, [3]]", [[1], [2, [3]]]),
    ],
)  # fmt: skip
def test_the_answer_is_the_list_of_the_values(text, value):
    document = read_document(text, WRAPPERS)
    assert document.value == value
    assert failure(text) is None


@pytest.mark.parametrize(
    ("text", "code", "reason", "at"),
    [
        ("", "empty", "expected JSON, found nothing at all", ""),
        ("none", "no_json", "expected JSON, found no JSON value", "none"),
        ('{"a": 1},\n{"a": 2}', "syntax", "line 1: expected the end of the line behind the value, found a comma", ","),
        ('1\n{"a": 1} {"a": 2}', "syntax", "line 2: expected the end of the line behind the value, found '{\"a\": 2}'", '{"a": 2}'),
        ('1\n{"a":\n 1}', "syntax", "line 2: the value goes on over 2 lines, where each line is a value", '{"a":\n 1}'),
        ('[\n1,\n2\n]', "syntax", "line 1: the value goes on over 4 lines, where each line is a value", "[\n1,\n2\n]"),
        ('{"a": 1,}\n{"a": 2}', "syntax", "line 1: a comma before the closing }", ",}"),
        ('{"a": 1}\n{"a": NaN}', "nan", "line 2: expected a JSON value, found NaN: JSON has no such number", "NaN"),
        ('{"a": "x\n{"a": 2}', "syntax", "line 1: the line ends inside the string that begins here", '"x'),
        ('{"a": [1\n{"a": 2}', "syntax", "line 1: the [ that opens here and 1 more is never closed", "["),
        ('{"a": 1}\n{"a": ', "truncated", "line 2: the text ends where a value should follow", ""),
        ('{"a": 1}\n{"a": [2', "unclosed", "line 2: the [ that opens here and 1 more is never closed", "["),
        ('1\n\n\n2', "blank_line", "line 2: is blank, where each line is a value", ""),
        ('Here:\n1\n2', "text_before", "expected nothing before the JSON, found text: Here:", "Here:"),
        ('{"a": 1}\nDone.', "text_after", "expected nothing after the JSON, found text: Done.", "Done."),
        ('{"a": 1}\n```', "markdown_fence", "expected nothing after the JSON, found a Markdown fence: ```", "```"),
        ('{"a": 1}<|im_end|>', "special_token", "expected nothing after the JSON, found a special token: <|im_end|>", "<|im_end|>"),
        ('<think>\n1\n</think>\n1', "think_block", "expected nothing before the JSON, found a think block: <think>␊1␊</think>", "<think>\n1\n</think>"),
        ('{"a": 1}\n{"a": 2}]]]]', "bracket_loop", "4 closing brackets close nothing, from here on", "]]]]"),
    ],
)  # fmt: skip
def test_a_fault_names_its_line(text, code, reason, at):
    assert failure(text) == (code, reason, at)


def test_the_token_limit_cuts_the_last_line_and_no_other():
    assert failure('{"a": 1}\n{"a": [2', FinishReason.LENGTH)[0] == "truncated"
    assert failure('{"a": [2\n{"a": 1}', FinishReason.LENGTH)[0] == "syntax"


def test_spans_are_those_of_the_raw_text():
    text = 'Here:\n{"a": [1, {"b": 2}]}\n\n {"c": "x"}\nBye'
    document = read_document(text, WRAPPERS)
    found = {
        path: text[slice(*span_of(document, path, name=bool(path) and isinstance(path[-1], str)))]
        for path in [(0, "a"), (1, "c"), (1,), (0, "z")]
    }
    names = {(0, "a"): '"a"', (1, "c"): '"c"', (1,): '{"c": "x"}', (0, "z"): '{"a": [1, {"b": 2}]}'}
    assert found == names
    assert text[slice(*span_of(document, (0, "a", 1, "b")))] == "2"
    assert span_of(document, (5, "a")) == span_of(document, ()) == (document.start, document.end)


def test_a_schema_is_that_of_the_list():
    schema = compile_schema({"type": "array", "maxItems": 2, "items": {"required": ["a"]}})
    text = '{"a": 1}\n{"b": 1}'
    verdict = judge_schema(schema, Completion(text), wrappers=WRAPPERS)
    assert (verdict.code.value, verdict.path, text[slice(*verdict.span)]) == (
        "missing_key", "/1/a", '{"b": 1}',
    )  # fmt: skip


def test_a_schema_that_refers_to_itself_is_followed_as_deep_as_in_json():
    schema = compile_schema({"items": {"$ref": "#"}})
    assert judge_schema(schema, Completion("[[]]\n[]"), wrappers=WRAPPERS).code is None
    deep = f"{'[' * 100}{']' * 100}\n[]"
    reason = judge_schema(schema, Completion(deep), wrappers=WRAPPERS).reason
    assert reason == "nested 101 levels deep, a schema is followed 64 levels"


def test_lines_that_are_alike_are_no_loop_unless_the_limit_cut_them():
    check, text = NoTextLoop(wrappers=WRAPPERS), '{"a": 1, "b": 2}\n' * 20
    assert check.judge(CASE, Completion(text)).code is None
    cut = Completion(text, FinishReason.LENGTH)
    assert check.judge(CASE, cut).code.value == "text_loop"
    assert check.judge(CASE, Completion(text + "and so on, " * 20)).code.value == "text_loop"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```jsonl\n1\n2\n```", None),
        ("```json\n1\n2\n```", None),
        ("```yaml\n1\n2\n```", "fence_language"),
        ("1\n2", "fence_missing"),
    ],
)
def test_a_fence_may_have_the_label_of_json(text, code):
    found = failure(text, wrappers=Output(format="jsonl", fence="required").wrappers)
    assert (found and found[0]) == code


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        "[\n" * 20_000,
        "{,}\n" + "[\n" * 20_000,
        '1\n"' * 20_000,
        "1\n\n" * 20_000,
        '{"a": "\ud800\x00"}\n' * 5_000,
        f"{'[' * 20_000}{']' * 20_000}\n" * 3,
        "1" * 100_000 + "\n1",
        "1\n<think>" * 5_000,
        '{"a": NaN}\n' * 20_000,
    ],
    ids=range(10),
)
def test_hostile_answers_take_linear_time(text):
    """The slowest takes a tenth of a second; its square would be minutes."""
    started = time.thread_time()
    failure(text)
    assert time.thread_time() - started < 5


def test_the_reference_is_a_list_of_lines(tmp_path):
    (tmp_path / "task.yaml").write_text(
        "description: x\nprompt: '{t}'\noutput: {format: jsonl, schema: s.json, exact: ['']}\n"
    )
    rows = {"type": "array", "items": {"type": "object", "required": ["a"]}}
    (tmp_path / "s.json").write_text(json.dumps(rows))
    cases = [{"id": "good", "variables": {"t": "x"}, "reference": [{"a": 1.5}, {"a": "é\n"}]}]
    cases += [
        {"id": f"bad{n}", "variables": {"t": "x"}, "reference": r} for n, r in enumerate([{}, 1])
    ]
    cases += [{"id": "none", "variables": {"t": "x"}, "reference": []}]
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(c) + "\n" for c in cases))
    found = check_task(tmp_path)
    reason = "the reference of a jsonl task is a list of its lines, of one at least"
    assert [(m.case_id, m.text) for m in found.mistakes] == [
        (name, reason) for name in ("bad0", "bad1", "none")
    ]
