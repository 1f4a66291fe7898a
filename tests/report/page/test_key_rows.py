"""JSON answers set side by side, key by key."""

import json

import pytest

from harness.report.page.key_rows import (
    MOST_ROWS,
    MOST_VALUES,
    NOT_JSON,
    TOO_DEEP,
    TOO_MANY,
    KeyTable,
    key_table,
    values_of,
)


def said(table: KeyTable) -> list[str]:
    """Each row as the page reads: ``/a: 1 | missing ✗``."""
    rows = []
    for row in table.rows:
        cells = []
        for cell, head in zip(row.cells, table.heads, strict=True):
            text = head or ("missing" if cell.value is None else cell.text)
            if cell.value is not None and cell.has_kind:
                text += f" {cell.value.kind}"
            if cell.value is not None and cell.value.is_twice:
                text += " twice"
            cells.append(text + (" ✗" if cell.is_wrong else ""))
        rows.append(f"{'*' if row.differs else ''}{row.pointer}: {' | '.join(cells)}")
    return rows


def table(*answers: str | None, reference: str = "") -> KeyTable:
    found = key_table(answers, reference)
    assert found is not None
    return found


def test_what_differs_comes_first_and_says_its_type() -> None:
    before = '{"name": "Ada", "amount": "47.2"}'
    after = '{"name": "Ada", "amount": 47.2, "date": null}'
    found = table(before, after, reference='{"name": "Ada", "amount": 47.20}')
    assert said(found) == [
        '*/amount: "47.2" string ✗ | 47.2 number | 47.20 number',
        "*/date: missing | null ✗ | missing",
        '/name: "Ada" | "Ada" | "Ada"',
    ]
    assert found.said == "3 values: 2 differ, 2 are not the reference's"
    assert found.is_notable
    assert found.left == 0


def test_a_missing_key_is_wrong_where_the_reference_has_it() -> None:
    assert said(table('{"a": 1}', '{"b": 2}', reference='{"a": 1}')) == [
        "*/a: 1 | missing ✗ | 1",
        "*/b: missing | 2 ✗ | missing",
    ]
    assert said(table('{"a": 1}', "{}")) == ["*/a: 1 | missing", "*: missing | {}"]


def test_a_key_that_stands_twice_is_said() -> None:
    assert said(table('{"a": 1, "a": 2}', '{"a": 2}')) == ["*/a: 2 twice | 2"]
    assert said(table('{"a": 1, "a": 2}', '{"a": 1, "a": 2}')) == ["*/a: 2 twice | 2 twice"]


def test_only_one_side_is_json() -> None:
    found = table('```json\n{"a": 1}\n```', '{"a": 1}')
    assert found.heads == (NOT_JSON, "")
    assert said(found) == ["/a: not JSON | 1"]
    assert found.said == "1 value: only one answer is JSON"
    found = table(None, '{"a": 1}', reference='{"a": 2}')
    assert found.heads == ("", "", "")
    assert found.said == "1 value: 1 is not the reference's"


def test_two_alike_answers_may_both_be_wrong() -> None:
    found = table('{"a": 1}', '{"a": 1.0}', reference='{"a": 2}')
    assert found.said == "1 value: both alike, 1 is not the reference's"
    assert table("[1]", "[1]", reference="[1]").said == "1 value: both alike, as the reference says"
    assert table("[1, 2]", "[1, 3]").said == "2 values: 1 differs"
    assert not table("[1]", "[1]").is_notable


@pytest.mark.parametrize(
    ("answers", "reference"),
    [(("Sure!", "12"), '{"a": 1}'), (('{"a": 1}',), ""), ((None, None), "[1]"), ((), "")],
)
def test_no_table_without_two_things_to_compare(
    answers: tuple[str | None, ...], reference: str
) -> None:
    assert key_table(answers, reference) is None


@pytest.mark.parametrize(
    "text",
    ["", "NaN", "[NaN]", "[Infinity]", "[01]", "[1,]", "{'a': 1}", "\ufeff{}", '{"a"}', '["\n"]',
     "[1] 2", "{} x", '["\\x"]', "12", '"a"', "null"],
)  # fmt: skip
def test_nothing_lenient_is_read(text: str) -> None:
    assert values_of(text) == NOT_JSON


def test_pointers_are_escaped_and_in_the_order_of_the_text() -> None:
    found = values_of('{"x/y": {"~": [1, []]}, "": {}}')
    assert isinstance(found, dict)
    assert {pointer: value.shown for pointer, value in found.items()} == {
        "/x~1y/~0/0": "1",
        "/x~1y/~0/1": "[]",
        "/": "{}",
    }


def test_hostile_sizes_are_bounded() -> None:
    assert values_of("[" * 101 + "1" + "]" * 101) == TOO_DEEP
    assert values_of("[" * 100_000) == TOO_DEEP
    assert values_of(json.dumps([0] * (MOST_VALUES + 1))) == TOO_MANY
    many = json.dumps({str(i): "x" * 1_000 for i in range(90)})
    found = table(many, many)
    assert (len(found.rows), found.left) == (MOST_ROWS, 90 - MOST_ROWS)
    assert len(found.rows[0].cells[0].text) == 201
    huge = "1" * 5_000
    assert said(table(f"[{huge}]", f"[{huge[1:]}]"))[0].startswith("*/0: 111")


def test_numbers_are_alike_by_value_and_never_rounded_into_another() -> None:
    assert table("[1.0, 1e2, 100000000000000000000]", "[1, 100, 1e20]").apart == 0
    for one, other in (("1", "1.0000001"), ("9007199254740993", "9007199254740992"),
                       ("1e400", "1e401"), ("0", "-0")):  # fmt: skip
        assert table(f"[{one}]", f"[{other}]").apart == 1
