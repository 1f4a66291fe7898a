"""Rows in the forms that other programs write."""

import io
import json
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.tasks.row_file import FoundRow, rows_of

ROWS = [{"a": "1", "b": "x"}, {"a": "2", "b": "y"}]


def test_each_form() -> None:
    lines = "".join(f"{json.dumps(r)}\n\n" for r in ROWS)
    assert [r.where for r in rows_of(Path("x.jsonl"), lines.encode())] == ["x.jsonl:1", "x.jsonl:3"]
    forms = {
        "x.jsonl": lines.encode("utf-8-sig"),
        "x": lines.replace("\n", "\r\n").encode(),
        "x.json": json.dumps(ROWS).encode(),
        "x.csv": b"\xef\xbb\xbfa,b\n1,x\n2,y\n",
        "x.tsv": b"a\tb\n1\tx\n2\ty\n",
    }
    for name, raw in forms.items():
        assert [r.value for r in rows_of(Path(name), raw)] == ROWS, name


def test_parquet() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    stream = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(ROWS), stream)
    found = [*rows_of(Path("x.parquet"), stream.getvalue())]
    assert found[1] == FoundRow("x.parquet: row 2", ROWS[1])
    with pytest.raises(HarnessError, match=r"x\.parquet: cannot be read as Parquet"):
        [*rows_of(Path("x.parquet"), stream.getvalue()[:-9])]


def test_a_broken_row_does_not_end_the_reading() -> None:
    found = [*rows_of(Path("x.jsonl"), b'{"a": 1}\n{\n{"a": 2}\n')]
    assert [r.value for r in found] == [{"a": 1}, None, {"a": 2}]
    assert found[1].problem.startswith("not valid JSON: Expecting property name")
    found = [*rows_of(Path("x.csv"), b"a,b\n1\n2,3,4\n5,6\n")]
    assert [r.problem for r in found[:2]] == ["has not as many cells as columns"] * 2
    assert found[2].value == {"a": "5", "b": "6"}


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("x.json", b"[1,\n2", "x.json:2: not valid JSON"),
        ("x.csv", b"a\n\xff\n", "x.csv: is not UTF-8"),
        ("x.csv", b'a\n"b', "x.csv:1: no CSV"),
    ],
)
def test_a_file_that_is_none_of_them(name: str, raw: bytes, said: str) -> None:
    with pytest.raises(HarnessError) as raised:
        [*rows_of(Path(name), raw)]
    assert str(raised.value).startswith(said)
