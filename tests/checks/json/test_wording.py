"""Values in the words of a reason."""

from decimal import Decimal

import pytest

from harness.checks.json.decoder import decode
from harness.checks.json.depth import depth_of
from harness.checks.json.document import MISSING, read_document
from harness.checks.json.pointer import MAX_COUNTED_MEMBERS, follow, pointer_of, span_of
from harness.checks.json.wording import kind_of, list_of, number_text, show
from harness.checks.schema.keywords import equality_key, is_multiple


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a", '"a"'),
        ('a"\n\x1b', '"a\\"\\n\\u001b"'),
        ("\u202e\u00e9", '"⟨U+202E⟩\u00e9"'),
        ("x" * 100, '"' + "x" * 58 + "…"),
        ("x" * 10**6, '"' + "x" * 58 + "…"),
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (Decimal("1.50"), "1.50"),
        (10**99, "1" + "0" * 58 + "…"),
        (10**100, "a number of about 101 digits"),
        (-(10**4200), "a number of about 4201 digits"),
        ([], "[]"),
        ({}, "{}"),
        ([1, "a", None, True], '[1, "a", null, true]'),
        ([1, 2, 3, 4, 5], "an array of 5 items"),
        ([[]], "an array of 1 items"),
        ({"a": 1, "b": "c"}, '{"a": 1, "b": "c"}'),
        ({"a": {}}, "an object of 1 members"),
        (dict.fromkeys("abcde"), "an object of 5 members"),
    ],
)
def test_show(value, shown):
    assert show(value) == shown


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "the boolean"),
        ("", "the string"),
        ([], "an array"),
        ({}, "an object"),
        (1, "the number"),
        (Decimal(1), "the number"),
    ],
)
def test_kind(value, kind):
    assert kind_of(value) == kind


def test_lists():
    assert list_of([]) == ""
    assert list_of(["a"]) == "a"
    assert list_of(["a", "b"]) == "a or b"
    assert list_of(["a", "b", "c"], "and") == "a, b and c"
    assert list_of(list("abcdef")) == "a, b, c, d, e or f"
    assert list_of(list("abcdefg")) == "a, b, c, d, e, f or 1 more"
    assert list_of(list("abcdefgh"), "and") == "a, b, c, d, e, f and 2 more"


def test_numbers():
    assert number_text(0.5) == "0.5"
    assert number_text(10**100 - 1) == "9" * 100


@pytest.mark.parametrize(
    ("number", "divisor", "expected"),
    [
        (9, 3, True), (10, 3, False), (0, 7, True), (-9, 3, True), ("0.3", "0.1", True),
        (500, "2e2", False),
        ("3e1", 4, False),
        ("0.35", "0.1", False), ("1e5", "0.01", True), ("1e400", 7, False), ("7e400", 7, True),
        ("1e-400", "1e-401", True), ("1e-401", "1e-400", False), ("0e-9", 3, True),
        ("4.50", "1.5", True),
        ("1e999999999999", 2, True), ("1e999999999999", 3, False), ("1e-999999999999", 3, False),
        (10, "2.5", True), ("12.5", 5, False), (20, "1e1", True), (25, "1e1", False),
        (2**70, 2**35, True),
        ("1" * 3000, 11, True), ("1" * 3001, 11, False),
        ("1" * 3000 + ".5", "0.5", True), ("100", "10", True), ("1000", "1e2", True),
    ],
)  # fmt: skip
def test_multiples_are_exact(number, divisor, expected):
    numbers = [Decimal(n) if isinstance(n, str) else n for n in (number, divisor)]
    assert is_multiple(*numbers) is expected


def test_equality_of_values():
    equal = [
        (1, Decimal("1.0")),
        ([1], [Decimal(1)]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (0, Decimal("-0")),
    ]
    for one, other in equal:
        assert equality_key(one) == equality_key(other)
        assert hash(equality_key(one)) == hash(equality_key(other))
    values = [0, 1, False, True, None, "", "0", [], {}, [[]], [0], [False], {"a": 1}, {"a": True}]
    values += [
        {"b": 1},
        {"a": 1, "b": 1},
        [1, [2]],
        [[1], 2],
        [[1, 2]],
        ["name", "a"],
        "{",
        ["{", 0],
    ]
    assert len({equality_key(value) for value in values}) == len(values)


def test_pointers_are_followed():
    value = decode('{"a": [{"b": 1}, {"c": 2}], "": {"*": 3}, "0": 4}', 0).value

    def found(pointer):
        return [(f.pointer, f.value) for f in follow(value, pointer)]

    assert found("") == [("the value", value)]
    assert found("/a/0/b") == [("/a/0/b", 1)]
    assert found("/a/*/b") == [("/a/0/b", 1), ("/a/1/b", MISSING)]
    assert found("/a/2") == [("/a/2", MISSING)]
    assert found("/a/x/y") == [("/a/x", MISSING)]
    assert found("//*") == [("//*", 3)]
    assert found("/0") == [("/0", 4)]
    assert found("/a/0/*") == [("/a/0/b", 1)]
    assert found("/a/0/b/c") == [("/a/0/b/c", MISSING)]
    assert found("/a/-1") == [("/a/-1", MISSING)]
    assert pointer_of(("a/b", 0, "~")) == "/a~1b/0/~0"


def test_spans_are_those_of_the_text():
    text = 'x {"a" : [1, "b]", {"c": null , "d":[ ]}], "a2": {"e": {}}} y'
    document = read_document(text)

    def at(*path, name=False):
        start, end = span_of(document, path, name=name)
        return text[start:end]

    assert at() == text[2:-2]
    assert at("a") == '[1, "b]", {"c": null , "d":[ ]}]'
    assert at("a", 0) == "1"
    assert at("a", 1) == '"b]"'
    assert at("a", 2, "c") == "null"
    assert at("a", 2, "d") == "[ ]"
    assert at("a", 2, "d", name=True) == '"d"'
    assert at("a2", "e") == "{}"
    assert at("a2", "e", name=True) == '"e"'
    assert at("a", 3) == at("a")
    assert at("a2", "x") == '{"e": {}}'
    assert at("a2", 0) == '{"e": {}}'
    assert at("a", "0") == at("a")
    assert at("a", 0, "z") == "1"
    assert at(name=True) == at()


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("1", 0),
        ('"[["', 0),
        ("[]", 1),
        ("[1]", 1),
        ("[[], []]", 2),
        ("[[], [[]], []]", 3),
        ('{"[{": [], "b": {"c": [], "d": {"e": 1}}}', 3),
        ("[[[[]]], [[[[]]]]]", 5),
        ('["\\"[", "]"]', 1),
    ],
)
def test_depth(text, depth):
    assert depth_of("[[" + text + "]]", 2, 2 + len(text)) == depth


def test_the_last_of_two_members_is_pointed_at():
    text = '{"a": 1, "a": 2}'
    assert span_of(read_document(text), ("a",)) == (14, 15)


def test_members_far_behind_are_not_counted_out():
    text = "[" + "0," * MAX_COUNTED_MEMBERS + "7]"
    document = read_document(text)
    assert span_of(document, (MAX_COUNTED_MEMBERS,)) == (0, len(text))
    assert span_of(document, (MAX_COUNTED_MEMBERS - 1,)) == (
        2 * MAX_COUNTED_MEMBERS - 1,
        2 * MAX_COUNTED_MEMBERS,
    )
