"""Every form of a data file gives the same rows, each with its line."""

import gzip
import json
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from trainers.data.file_rows import FileRow, file_rows, read_content

ROWS = [{"prompt": 'q, "1"\n2', "completion": "ä"}, {"prompt": "r", "completion": "b"}]


def rows_in(tmp_path: Path, name: str, content: bytes) -> list[FileRow]:
    path = tmp_path / name
    path.write_bytes(content)
    rows = list(file_rows(path, read_content(path)))
    assert all(row.where.startswith(f"{path}:") for row in rows)
    return rows


def places(rows: list[FileRow]) -> list[str]:
    return [row.where.rpartition(":")[2] for row in rows]


LINES = "".join(f"{json.dumps(row)}\n" for row in ROWS).encode()
CSV = 'prompt,completion\r\n"q, ""1""\n2",ä\r\nr,b\r\n'.encode()


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("a.jsonl", LINES, ["1", "2"]),
        ("a.jsonl", b"\xef\xbb\xbf\r\n" + LINES.replace(b"\n", b"\r\n"), ["2", "3"]),
        ("a.json", json.dumps(ROWS).encode(), ["1", "1"]),
        ("a.json", json.dumps(ROWS, indent=1).encode(), ["2", "6"]),
        ("a.csv", CSV, ["2", "4"]),
        ("a.tsv", CSV.replace(b"n,c", b"n\tc").replace(b"prompt,", b"prompt\t")
         .replace(b'",', b'"\t').replace(b"r,b", b"r\tb"), ["2", "4"]),
    ],
)  # fmt: skip
def test_all_forms_give_the_same_rows(
    tmp_path: Path, name: str, content: bytes, lines: list[str]
) -> None:
    rows = rows_in(tmp_path, name, content)
    assert [row.value for row in rows] == ROWS
    assert places(rows) == lines
    packed = rows_in(tmp_path, f"{name}.gz", gzip.compress(content))
    assert [row.value for row in packed] == ROWS


def test_parquet_is_read_without_its_nulls(tmp_path: Path) -> None:
    from pyarrow import Table
    from pyarrow.parquet import write_table

    nulls = {"prompt": None, "completion": None, "label": False}
    write_table(
        Table.from_pylist([{**ROWS[0], "label": None}, ROWS[1], nulls]), tmp_path / "a.parquet"
    )
    content = (tmp_path / "a.parquet").read_bytes()
    rows = rows_in(tmp_path, "a.parquet", content)
    assert [row.value for row in rows] == [*ROWS, {"label": False}]
    assert places(rows) == ["1", "2", "3"]
    assert len(rows_in(tmp_path, "a.parquet.gz", gzip.compress(content))) == 3
    with pytest.raises(HarnessError, match="is no Parquet file that can be read"):
        rows_in(tmp_path, "a.parquet", content[:-20])


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b'[{"a": 1}, {"a": 1, "a": 2}, {"a": 3}]', ["", "the key 'a' stands twice", ""]),
        (b'[{"a": 1},\n{"a": }, {"a": 3}]', ["", "not valid JSON"]),
        (b'[{"a": 1}', ["", "not valid JSON"]),
        (b'[{"a": 1}] x', ["", "not valid JSON"]),
        (b"[1]", ["expected a JSON object, found '1'"]),
        (b"[" * 100_000, ["JSON nested too deep"]),
        (b"[]", []),
    ],
)
def test_a_wrong_item_of_an_array_costs_no_other(
    tmp_path: Path, content: bytes, found: list[str]
) -> None:
    rows = rows_in(tmp_path, "a.json", content)
    assert len(rows) == len(found)
    for row, reason in zip(rows, found, strict=True):
        assert reason in row.mistake
        assert bool(reason) == bool(row.mistake)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a,b\n1,2,3\n", "has 3 cells under 2 columns"),
        (b'a,b\n1,"2\n', "is no CSV from here on"),
    ],
)
def test_a_broken_row_of_csv_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    (row,) = rows_in(tmp_path, "a.csv", content)
    assert reason in row.mistake
    assert places([row]) == ["2"]


def test_what_cannot_be_decompressed_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="cannot be decompressed"):
        rows_in(tmp_path, "a.jsonl.gz", gzip.compress(LINES)[:-9])
    with pytest.raises(HarnessError, match="two columns have one name"):
        rows_in(tmp_path, "a.csv", b"a,a\n1,2\n")
