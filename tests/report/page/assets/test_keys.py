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


def ruling(reference: str, *wrong: str, number: int = 0, moved: Any = ()) -> dict[str, Any]:
    return {"reference": reference, "number": number, "moved": moved, "wrong": wrong}


def ruled(call: Call, answers: list[str | None], rulings: list[Any]) -> Any:
    found = call("keyTable", answers, "", ["json"], rulings)
    assert found is not None
    return found


def test_a_rule_decides_what_is_not_the_references(call: Call) -> None:
    """47.205 counts as 47.2, 47.3 does not; two values that both count are not told apart."""
    reference = '{"a": 47.2, "b": 1}'
    found = ruled(
        call,
        ['{"a": 47.205, "b": 1}', '{"a": 47.3, "b": 1}'],
        [ruling(reference), ruling(reference, "/a")],
    )
    assert said(found) == ["*/a: 47.205 | 47.3 ✗ | 47.2", "/b: 1 | 1 | 1"]
    assert found["said"] == "2 values: 1 differs, 1 is not the reference's"
    assert found["names"] == ["reference"]
    found = ruled(call, ['{"a": 47.205}', '{"a": 47.199}'], [ruling(reference)] * 2)
    assert found["said"] == "2 values: both alike, as the reference says"
    assert not any(row["differs"] for row in found["rows"])


def test_items_stand_beside_their_partners(call: Call) -> None:
    reference = '{"x": [{"k": 1, "v": "a"}, {"k": 2, "v": "b"}]}'
    answer = '{"x": [{"k": 2, "v": "b"}, {"k": 1, "v": "z"}, {"k": 3}]}'
    found = ruled(call, [answer], [ruling(reference, "/x/0/v", "/x/2", moved=[["/x", [1, 0, 2]]])])
    assert said(found) == [
        '*/x/0/v: "z" ✗ | "a"',
        "*/x/2/k: 3 ✗ | missing",
        "/x/0/k: 1 | 1",
        "/x/1/k: 2 | 2",
        '/x/1/v: "b" | "b"',
    ]
    assert [row["cells"][0]["value"].get("own") for row in found["rows"]] == [
        "/x/1/v", None, "/x/1/k", "/x/0/k", "/x/0/v",
    ]  # fmt: skip


def test_an_item_without_a_partner_is_wrong_as_a_whole(call: Call) -> None:
    reference = '[{"k": 1, "v": 1}, {"k": 2, "v": 2}]'
    found = ruled(call, ['[{"k": 2, "v": 2}]'], [ruling(reference, "/0", moved=[["", [None, 0]]])])
    assert said(found)[:2] == ["*/0/k: missing ✗ | 1", "*/0/v: missing ✗ | 1"]
    assert found["said"] == "4 values: 2 are not the reference's"


def test_each_answer_is_held_against_its_own_reference(call: Call) -> None:
    one, other = '{"city": "Ulm"}', '{"city": "Neu-Ulm"}'
    found = ruled(call, [one, other], [ruling(one, number=1), ruling(other, number=2)])
    assert found["names"] == ["reference 1", "reference 2"]
    assert said(found) == ['*/city: "Ulm" | "Neu-Ulm" | "Ulm" | "Neu-Ulm"']
    assert found["said"] == "1 value: 1 differs, as the reference says"


def test_an_answer_that_was_not_compared_has_no_mark_and_is_counted(call: Call) -> None:
    reference = '{"a": 1}'
    found = ruled(call, ['{"a": 5}', '{"a": 1}'], [None, ruling(reference)])
    assert said(found) == ["*/a: 5 | 1 | 1"]
    assert found["said"] == (
        "1 value: 1 differs, as the reference says, 1 answer could not be compared with it"
    )


def test_hostile_names_are_no_places_of_items(call: Call) -> None:
    """``/x/__proto__`` and keys that look like indices stay where they are."""
    answer = '{"x": {"0": 1, "__proto__": 2}, "y": [7]}'
    found = ruled(call, [answer], [ruling(answer, moved=[["/y", [0]]])])
    assert [row["pointer"] for row in found["rows"]] == ["/x/0", "/x/__proto__", "/y/0"]
