"""JSON answers set side by side, key by key."""

import json
from typing import Any

import pytest

from tests.report.page.assets.conftest import Call

pytestmark = pytest.mark.slow

MAX_ROWS = 40


def table(call: Call, *answers: str | None, reference: str = "") -> Any:
    found = call("keyTable", answers, reference)
    assert found is not None
    return found


def said(found: Any) -> list[str]:
    """Each row as the page reads: ``/a: 1 | missing ✗``."""
    rows = []
    for row in found["rows"]:
        cells = []
        for cell, head in zip(row["cells"], found["heads"], strict=True):
            value = cell.get("value")
            text = head or (value["shown"] if value else "missing")
            if value and cell["hasKind"]:
                text += f" {value['kind']}"
            if value and value["isTwice"]:
                text += " twice"
            cells.append(text + (" ✗" if cell["isWrong"] else ""))
        rows.append(f"{'*' if row['differs'] else ''}{row['pointer']}: {' | '.join(cells)}")
    return rows


def test_what_differs_comes_first_and_says_its_type(call: Call) -> None:
    before = '{"name": "Ada", "amount": "47.2"}'
    after = '{"name": "Ada", "amount": 47.2, "date": null}'
    found = table(call, before, after, reference='{"name": "Ada", "amount": 47.20}')
    assert said(found) == [
        '*/amount: "47.2" string ✗ | 47.2 number | 47.20 number',
        "*/date: missing | null ✗ | missing",
        '/name: "Ada" | "Ada" | "Ada"',
    ]
    assert found["said"] == "3 values: 2 differ, 2 are not the reference's"
    assert found["left"] == 0


def test_a_missing_key_is_wrong_where_the_reference_has_it(call: Call) -> None:
    assert said(table(call, '{"a": 1}', '{"b": 2}', reference='{"a": 1}')) == [
        "*/a: 1 | missing ✗ | 1",
        "*/b: missing | 2 ✗ | missing",
    ]
    assert said(table(call, '{"a": 1}', "{}")) == ["*/a: 1 | missing", "*: missing | {}"]


def test_a_key_that_stands_twice_is_said(call: Call) -> None:
    assert said(table(call, '{"a": 1, "a": 2}', '{"a": 2}')) == ["*/a: 2 twice | 2"]
    assert said(table(call, '{"a": 1, "a": 2}', '{"a": 1, "a": 2}')) == ["*/a: 2 twice | 2 twice"]


def test_only_one_side_is_json(call: Call) -> None:
    found = table(call, '```json\n{"a": 1}\n```', '{"a": 1}')
    assert found["heads"] == ["not JSON", ""]
    assert said(found) == ["/a: not JSON | 1"]
    assert found["said"] == "1 value: only one answer is JSON"
    found = table(call, None, '{"a": 1}', reference='{"a": 2}')
    assert found["heads"] == ["", "", ""]
    assert found["said"] == "1 value: 1 is not the reference's"


def test_two_alike_answers_may_both_be_wrong(call: Call) -> None:
    found = table(call, '{"a": 1}', '{"a": 1.0}', reference='{"a": 2}')
    assert found["said"] == "1 value: both alike, 1 is not the reference's"
    found = table(call, "[1]", "[1]", reference="[1]")
    assert found["said"] == "1 value: both alike, as the reference says"
    assert table(call, "[1, 2]", "[1, 3]")["said"] == "2 values: 1 differs"
    assert not any(row["differs"] for row in table(call, "[1]", "[1]")["rows"])


@pytest.mark.parametrize(
    ("answers", "reference"),
    [(("Sure!", "12"), '{"a": 1}'), (('{"a": 1}',), ""), ((None, None), "[1]"), ((), "")],
)
def test_no_table_without_two_things_to_compare(
    call: Call, answers: tuple[str | None, ...], reference: str
) -> None:
    assert call("keyTable", answers, reference) is None


def test_hostile_sizes_are_bounded(call: Call) -> None:
    many = json.dumps({str(i): "x" * 1_000 for i in range(90)})
    found = table(call, many, many)
    assert (len(found["rows"]), found["left"]) == (MAX_ROWS, 90 - MAX_ROWS)
    huge = "1" * 5_000
    assert said(table(call, f"[{huge}]", f"[{huge[1:]}]"))[0].startswith("*/0: 111")


def test_numbers_are_alike_by_value_and_never_rounded_into_another(call: Call) -> None:
    alike = table(call, "[1.0, 1e2, 100000000000000000000]", "[1, 100, 1e20]")
    assert alike["said"] == "3 values: both alike"
    for one, other in (("1", "1.0000001"), ("9007199254740993", "9007199254740992"),
                       ("1e400", "1e401"), ("0", "-0")):  # fmt: skip
        assert table(call, f"[{one}]", f"[{other}]")["said"] == "1 value: 1 differs"
