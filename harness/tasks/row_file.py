"""Reads the rows of a file that another program wrote: JSON lines, a JSON list, CSV, TSV, Parquet.

A row that is broken does not end the reading: it comes with the reason in place of a value.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError, one_line
from harness.core.extras import missing
from harness.files.strict_json import NotJson, decode

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
"""Names of files with rows end so; what ends otherwise is read as JSON lines."""
_BATCH = 500
"""Rows of a Parquet file that are in memory at once."""


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row of a file."""

    where: str
    """``file:line``, or ``file: row N`` where rows are no lines."""
    value: Any = None
    problem: str = ""
    """Why there is no value; empty where there is one."""


def rows_of(path: Path, raw: bytes) -> Iterator[FoundRow]:
    """The rows of a file with the content ``raw``, in order; blank lines are passed over.

    Raises:
        HarnessError: the file as a whole is none of the forms; pyarrow is not installed.
    """
    raw, suffix = raw.removeprefix(codecs.BOM_UTF8), path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        yield from _table(path, raw, "\t" if suffix == ".tsv" else ",")
    elif suffix == ".parquet":
        yield from _parquet(path, raw)
    elif raw.lstrip()[:1] == b"[":
        try:
            values = decode(raw)
        except NotJson as error:
            raise HarnessError(f"{path}:{error.line}: not valid JSON: {error}") from None
        for number, value in enumerate(values, 1):
            yield FoundRow(f"{path}: row {number}", value)
    else:
        yield from _lines(path, raw)


def _lines(path: Path, raw: bytes) -> Iterator[FoundRow]:
    for number, line in enumerate(raw.splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            yield FoundRow(where, decode(line))
        except NotJson as error:
            yield FoundRow(where, problem=f"not valid JSON: {error}")


def _table(path: Path, raw: bytes, delimiter: str) -> Iterator[FoundRow]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise HarnessError(f"{path}: is not UTF-8 ({error}), save it as such") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        _require_different(path, reader.fieldnames or ())
        for row in reader:
            where = f"{path}:{reader.line_num}"
            if None in row or None in row.values():
                yield FoundRow(where, problem="has not as many cells as columns")
            else:
                yield FoundRow(where, row)
    except csv.Error as error:
        raise HarnessError(f"{path}:{reader.line_num}: no CSV: {error}") from None


def _require_different(path: Path, columns: Sequence[str]) -> None:
    if twice := [name for name in columns if columns.count(name) > 1]:
        raise HarnessError(f"{path}: has the column {twice[0]!r} twice, name it anew")


def _parquet(path: Path, raw: bytes) -> Iterator[FoundRow]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise missing(str(path), "pyarrow") from None
    number = 0
    try:
        for batch in pyarrow.parquet.ParquetFile(io.BytesIO(raw)).iter_batches(_BATCH):
            for row in batch.to_pylist():
                number += 1
                yield FoundRow(f"{path}: row {number}", row)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise HarnessError(f"{path}: cannot be read as Parquet ({one_line(error)})") from None
