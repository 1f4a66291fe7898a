"""Which value of a completion is its first top-level one, and where it stands."""

import pytest

from harness.checks.json.document import MISSING, read_document
from harness.core.verdict import FailureCode

# Completion, the text of the value that is looked at, or None where there is none.
FIRST_VALUE = [
    ('{"a": 1}', '{"a": 1}'),
    ('  [1]\n', "[1]"),
    ('Sure! {"a": 1} ok', '{"a": 1}'),
    ('Note [1]: {"a": 1}', '{"a": 1}'),
    ('See [1, 2] and [ 3 ]: ["x"]', '["x"]'),
    ("The list: [1, 2, 3].", "[1, 2, 3]"),
    ("The list: [-1.5e3 ,2]", "[-1.5e3 ,2]"),
    ("The list: [1, true]", "[1, true]"),
    ("The list: [true]", "[true]"),
    ("The list: [null]", "[null]"),
    ("See [1, page 2] and [3].", "[3]"),
    ("See [1 and [2, 3]", "[2, 3]"),
    ('See [1, {"a": 2}]', '[1, {"a": 2}]'),
    ("Use {} here", "{}"),
    ('Use {} and [] for {"a": 1}', '{"a": 1}'),
    ("[1] stands first", "[1]"),
    ('{} {"a": 1}', "{}"),
    ("[] [2]", "[]"),
    ('[x] {"a": 1}', '{"a": 1}'),
    ('[12:30] {"a": 1}', '{"a": 1}'),
    ('[INFO] {"a": 1}', '{"a": 1}'),
    ('- [ ] {"a": 1}', '{"a": 1}'),
    ('for {name} in {a, b}: {"a": 1}', '{"a": 1}'),
    ('f(x) { return x; } {"a": 1}', '{"a": 1}'),
    ("{name}", "{name}"),
    ("Use {name: 1}", "{name: 1}"),
    ("Use {my-name : 1} x", "{my-name : 1}"),
    ("Use {'a': 1} x", "{'a': 1}"),
    ("Use {\u201ca\u201d: 1} x", "{\u201ca\u201d: 1}"),
    ("Use { // c\n1} x", "{ // c\n1}"),
    ("Use { # c\n1} x", "{ # c\n1}"),
    ("Use {,} x", "{,}"),
    ("Use ['a'] x", "['a']"),
    ('Here: {{"a": 1}} x', '{{"a": 1}}'),
    ('Here: [{"a": 1}] x', '[{"a": 1}]'),
    ('Here: [ [ "a" ] ] x', '[ [ "a" ] ]'),
    ("Here: {", "{"),
    ("Here: [", "["),
    ('Here: {"a": {"b": 1} and', '{"a": {"b": 1} and'),
    ('Here: {"a": [1, 2} and', '{"a": [1, 2}'),
    ('{"a": "}"} x', '{"a": "}"}'),
    ('{"a": "\n"} x', '{"a": "\n"}'),
    ('{"a": "\\"}"} x', '{"a": "\\"}"}'),
    ('"{\\"a\\": 1}"', '"{\\"a\\": 1}"'),
    ("42", "42"),
    (" -1.5 \n", "-1.5"),
    ("42\nis it", "42"),
    ('42 \n{"a": 1}', "42"),
    ('"x"\n{"a": 1}', '"x"'),
    ('\n\n 42\n{"a": 1}', "42"),
    ('{"a": "x}\n} y', '{"a": "x}\n}'),
    ("It is:\n42 \nand\n43", "42"),
    ("Take {} or [] or {}", "{}"),
    ("Take [1] or [2]", "[1]"),
    ("Take [] [1, 2 and {\"a\": 1}", '{"a": 1}'),
    ('null\r\n{"a": 1}', "null"),
    ('42 is it: {"a": 1}', '{"a": 1}'),
    ('true: {"a": 1}', '{"a": 1}'),
    ("The answer:\n42\n", "42"),
    ('It is:\n\t"x" \nok', '"x"'),
    ("```json\n42\n```", "42"),
    ("NaN", "NaN"),
    ("-inf", "-inf"),
    ("It is:\n-Infinity", "-Infinity"),
    ("012", "012"),
    (".5", ".5"),
    ("+1", "+1"),
    ('"abc', '"abc'),
    ('"ab\\"c', '"ab\\"c'),
    ('"abc" she said', None),
    ('"abc" she "said', None),
    ("The answer is 42.", None),
    ("true false", None),
    ("nothing", None),
    ("(1, 2)", None),
    ("}{", "{"),
    ("<think>{\"b\": 1}</think>{\"a\": 1}", '{"a": 1}'),
    ("<THINK>{\"b\": 1}</THINK>{\"a\": 1}", '{"a": 1}'),
    ("<|think|>{\"b\": 1}</|think|>{\"a\": 1}", '{"a": 1}'),
    ("<reasoning>[\"b\"]</reasoning> so {\"a\": 1}", '{"a": 1}'),
    ("<think>1</think>x<think>{\"b\": 1}</think>{\"a\": 1}", '{"a": 1}'),
    ("<think><think>{\"b\": 1}</think>{\"a\": 1}", '{"a": 1}'),
    ("{\"a\": 1}<think>{\"b\": 1}</think>", '{"a": 1}'),
    ("x {\"a\": 1}<think>{\"b\": 1}</think>", '{"a": 1}'),
    ("<think>{\"b\": 1}", None),
    ("<think>{\"b\": 1}</think>", None),
    ("so {\"b\": 1}</think>{\"a\": 1}", '{"a": 1}'),
    ("so {\"b\": 1}</think>", '{"b": 1}'),
    ("so {\"b\": \"</think>\"} and {\"a\": 1}", '{"b": "</think>"}'),
    ("so {\"b\": \"</think></think>\", 1", '{"b": "</think></think>", 1'),
    ("{\"a\": \"<think>\"}", '{"a": "<think>"}'),
    ("{\"a\": <think>, \"b\": 1}", '{"a": <think>, "b": 1}'),
    ("hm</think>{\"a\": \"</think>\"}", '{"a": "</think>"}'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), FIRST_VALUE)
def test_first_top_level_value(text, value):
    document = read_document(text)
    if value is None:
        assert document.fault is not None
        assert document.fault.code is FailureCode.NO_JSON
        assert document.start == document.end == len(text)
    else:
        assert text[document.start : document.end] == value


def test_a_document_is_whole_when_nothing_but_blanks_is_around_its_value():
    assert read_document(' \t\r\n{"a": 1} \t\r\n').is_whole
    assert not read_document('x{"a": 1}').is_whole
    assert not read_document('{"a": 1}x').is_whole
    assert not read_document('\u00a0{"a": 1}').is_whole


def test_the_value_is_missing_where_it_is_unsound():
    assert read_document('{"a": 1,}').value is MISSING
    assert repr(MISSING) == "MISSING"
    assert read_document("null").value is None


def test_duplicates_are_handed_on():
    assert read_document('x {"a": 1, "a": 2}').has_duplicates
    assert not read_document('x {"a": 1}').has_duplicates


@pytest.mark.parametrize("text", ["", " ", "\n \t"])
def test_blanks_are_empty(text):
    fault = read_document(text).fault
    assert fault is not None
    assert (fault.code, fault.span) == (FailureCode.EMPTY, (0, len(text)))


def test_brackets_in_prose_are_tried_a_bounded_number_of_times():
    prose = 'see [1 {"x": 2}] ' * 300
    assert read_document(prose).start == 7
    many = "see [1, x " * 300
    assert read_document(many + '{"a": 1}').start == len(many)
