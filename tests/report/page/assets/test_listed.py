"""The values of answers in JSON Lines and CSV, as the page sets them beside the reference's."""

import json
from typing import Any

import pytest

from tests.report.page.assets.conftest import Call
from tests.report.page.assets.test_keys import said

pytestmark = pytest.mark.slow

MAX_VALUES = 500
NO_LINES, NO_TABLE, TOO_MANY = "not JSON Lines", "not CSV", "too many values"
REFERENCE = json.dumps([{"name": "Ada", "n": 1.5, "ok": True, "x": None}])


def lines(call: Call, text: str) -> Any:
    return call("valuesOfLines", text)


def cells(call: Call, text: str, delimiter: str = ",", reference: str = "") -> Any:
    """The table of one answer, without the heads."""
    found = call("keyTable", [text, text], reference, ["csv", delimiter])
    return found and said(found)


def test_each_line_is_an_item(call: Call) -> None:
    found = lines(call, '{"a": [1, {}]}\n\n  "b"\r\n[]\n')
    assert [(pointer, value["shown"]) for pointer, value in found] == [
        ("/0/a/0", "1"),
        ("/0/a/1", "{}"),
        ("/1", '"b"'),
        ("/2", "[]"),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "\n", "Sure!", '{"a": 1},', '{"a": 1}, {"b": 2}', '[\n{"a": 1}\n]', '{"a":\n1}', "1,2",
     "] [", "1],[2", '```jsonl\n{"a": 1}\n```', '{"a": 1} {"b": 2}'],
)  # fmt: skip
def test_only_a_value_alone_is_a_line(call: Call, text: str) -> None:
    assert lines(call, text) == NO_LINES


def test_one_right_line_is_what_the_reference_says(call: Call) -> None:
    right, listed = '{"name": "Ada", "n": 1.50}', '[{"name": "Ada", "n": 1.5}]'
    found = call("keyTable", [listed, right], listed, ["jsonl", ","])
    assert said(found) == [
        '*/0/0/name: "Ada" ✗ | missing | missing',
        "*/0/0/n: 1.5 ✗ | missing | missing",
        '*/0/name: missing ✗ | "Ada" | "Ada"',
        "*/0/n: missing ✗ | 1.50 | 1.5",
    ]


def test_cells_are_of_the_kinds_of_their_reference(call: Call) -> None:
    found = call(
        "keyTable",
        ["name,n,ok,x\nAda,1.50,true,", 'ok,n,name\n"true",one,Bob'],
        REFERENCE,
        ["csv", ","],
    )
    assert said(found) == [
        '*/0/name: "Ada" | "Bob" ✗ | "Ada"',
        '*/0/n: 1.50 number | "one" string ✗ | 1.5 number',
        "*/0/x: null | missing ✗ | null",
        "/0/ok: true | true | true",
    ]
    assert found["said"] == "4 values: 3 differ, 3 are not the reference's"


def test_cells_are_text_without_a_reference(call: Call) -> None:
    text = 'a,"b ""c"", ~/d"\r\n01,"x\ny"\r\n\r\n,true\r\n'
    assert cells(call, text) == [
        '/0/a: "01" | "01"',
        '/0/b "c", ~0~1d: "x\ny" | "x\ny"',
        '/1/a: "" | ""',
        '/1/b "c", ~0~1d: "true" | "true"',
    ]
    assert cells(call, "a\tb\n\t1", "\t") == ['/0/a: "" | ""', '/0/b: "1" | "1"']
    assert cells(call, "a]b\n1]2", "]") == ['/0/a: "1" | "1"', '/0/b: "2" | "2"']
    assert cells(call, "a,a\n1,2") == ['*/0/a: "2" twice | "2" twice']
    assert cells(call, "a,b") == [": [] | []"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "Sure!",
        "a,b\n1",
        'a,b\n1,"2',
        'a,b\n1,"2"3',
        'a,b\n1,2"',
        "```csv\na,b\n1,2\n```",
    ],
)
def test_what_is_no_table_has_no_values(call: Call, text: str) -> None:
    assert call("keyTable", [text, "a,b\n1,2"], "", ["csv", ","])["heads"] == [NO_TABLE, ""]
    assert call("keyTable", [text, text], "", ["csv", ","]) is None


def test_words_with_commas_are_no_table_beside_a_reference(call: Call) -> None:
    found = call("keyTable", ["Well, here it is", "name,n\nAda,1.5"], REFERENCE, ["csv", ","])
    assert found["heads"] == [NO_TABLE, "", ""]
    alone = call("keyTable", [None, '{"a": 1}'], "[]", ["jsonl", ","])
    assert alone["heads"] == ["", "", ""]


def test_hostile_sizes_are_bounded(call: Call) -> None:
    assert lines(call, "1\n" * (MAX_VALUES + 1)) == TOO_MANY
    assert lines(call, "\n" * 100_000) == NO_LINES
    assert lines(call, "[" * 101 + "1" + "]" * 101) == "nested too deep"
    many = "a,b\n" + "1,2\n" * 100_000
    assert call("keyTable", [many, "a,b\n1,2"], "", ["csv", ","])["heads"] == [TOO_MANY, ""]
    for text in (
        'a,b\n1,"' + '""' * 200_000,
        "," * 200_000 + "\n1",
        "\n" * 200_000,
        'a,b\n"' + "x" * 500_000,
    ):
        found = call("keyTable", [text, "a,b\n1,2"], "", ["csv", ","])
        assert found["heads"][0] in (NO_TABLE, TOO_MANY)
