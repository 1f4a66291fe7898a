"""Example rows as people have them."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import HarnessError
from harness.tasks.draft.rows import Row, read_rows


def rows_of(folder: Path, text: str, name: str = "x.jsonl", answer: str | None = None) -> list[Row]:
    (folder / name).write_text(text)
    return read_rows(folder / name, answer)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"id": 1, "e mail": "a", "answer": {"x": 1}}, Row({"x": 1}, {"e_mail": "a"})),
        ({"question": "i", "input": "j", "gold": "o"}, Row("o", {"question": "i", "input": "j"})),
        ({"first": "a", "second": "b"}, Row("b", {"first": "a"})),
        ({"id": "c", "variables": {"t": "a"}, "reference": "b"}, Row("b", {"t": "a"})),
        (
            {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
            Row("a", messages=({"role": "user", "content": "q"},)),
        ),
    ],
)  # fmt: skip
def test_shapes(tmp_path: Path, row: dict[str, Any], expected: Row) -> None:
    line = json.dumps(row)
    assert rows_of(tmp_path, f"{line}\n\n{line}\n") == [expected, expected]
    assert rows_of(tmp_path, f"[{line}]", "x.json") == [expected]


def test_a_mark_of_the_byte_order_is_no_part_of_the_first_row(tmp_path: Path) -> None:
    for name, text in (("x.jsonl", '{"q": "a", "answer": "b"}'), ("x.csv", "q,answer\na,b\n")):
        assert rows_of(tmp_path, f"\ufeff{text}", name) == [Row("b", {"q": "a"})]


def test_no_column_is_lost_to_another_of_its_name(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"two columns would be \{a_b\} in a prompt"):
        rows_of(tmp_path, '{"a b": 1, "a_b": 2, "answer": 3}')
    with pytest.raises(HarnessError, match="has the column 'a' twice"):
        rows_of(tmp_path, "a,a,answer\n1,2,3\n", "x.csv")


def test_a_list_that_is_no_json_is_named_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(HarnessError) as caught:
        rows_of(tmp_path, "[\n{,\n]", "x.json")
    assert str(caught.value).startswith(f"--examples {tmp_path}/x.json:2: not valid JSON: ")
    assert "damaged" not in str(caught.value)


def test_tables_and_a_named_column(tmp_path: Path) -> None:
    table = "text,kind,label\na,b,c\n"
    assert rows_of(tmp_path, table, "x.csv") == [Row("c", {"text": "a", "kind": "b"})]
    assert rows_of(tmp_path, table, "x.csv", "kind") == [Row("b", {"text": "a", "label": "c"})]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no row"),
        ("{", ":1: not valid JSON"),
        ("1\n", ":1: is no JSON object"),
        ('{"a": 1, "b": 2, "c": 3}', "name it with --answer NAME (all rows have: a, b, c)"),
        ('{"answer": 1}', "which column is the answer?"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(HarnessError) as caught:
        rows_of(tmp_path, text)
    assert said in str(caught.value)
