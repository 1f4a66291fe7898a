"""Reads the rows of a data file as JSON objects with their places: JSON Lines, a JSON array, CSV,
Parquet, and each of them compressed by gzip.

The form is told by the file's first bytes; CSV, which has none, by the name. Knows nothing of what
a row means.
"""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.extras import missing
from harness.files.regular import MAX_BYTES, read_regular
from harness.files.strict_json import NotJson, decode

_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row of a file: a JSON object, or the reason why it is none."""

    where: str
    """``file:line``; of Parquet, which has no lines, ``file:row``, from 1."""
    value: Mapping[str, Any]
    """Empty where there is a mistake."""
    mistake: str = ""


def read_content(path: Path) -> bytes:
    """The bytes of a data file as it lies on the disk.

    Raises:
        HarnessError: it is not there, no regular file, too large or cannot be read.
    """
    try:
        return read_regular(path)
    except FileNotFoundError:
        raise HarnessError(f"{path}: there is no such file, correct the path") from None


def file_rows(path: Path, content: bytes) -> Iterator[FileRow]:
    """The rows of a file with this content; blank lines are passed over.

    Raises:
        HarnessError: it cannot be decompressed, is not UTF-8, or no Parquet, or no CSV.
    """
    content = _decompressed(path, content)
    if content.startswith(_PARQUET):
        return _parquet_rows(path, content)
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    text = _text(path, content)
    if suffix in _SEPARATORS:
        return _csv_rows(path, text, _SEPARATORS[suffix])
    texts = _items_of_array(text) if text.lstrip().startswith("[") else _lines(text)
    return (_json_row(f"{path}:{number}", item) for number, item in texts)


def _decompressed(path: Path, content: bytes) -> bytes:
    if not content.startswith(_GZIP):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as file:
            text = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise HarnessError(f"{path}: cannot be decompressed ({error}), copy it again") from None
    if len(text) > MAX_BYTES:
        size = f"{MAX_BYTES // 1_000_000:,} MB"
        raise HarnessError(f"{path}: is larger than {size} decompressed, cut it into parts")
    return text


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        raise HarnessError(f"{path}:{number}: is not UTF-8 text ({error.reason})") from None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line


def _items_of_array(text: str) -> Iterator[tuple[int, str]]:
    """Line and text of each item of a JSON array; what is no item ends it, as one."""
    scanner = json.JSONDecoder()
    position, number, counted = text.index("[") + 1, 1, 0
    while True:
        position = _after_blanks(text, position)
        number, counted = number + text.count("\n", counted, position), position
        if text.startswith("]", position):
            if rest := text[position + 1 :].strip():
                yield number, rest
            return
        try:
            _, end = scanner.raw_decode(text, position)
        except (ValueError, RecursionError):
            yield number, text[position:]
            return
        yield number, text[position:end]
        position = _after_blanks(text, end)
        if text.startswith(",", position):
            position += 1
        elif not text.startswith("]", position):
            yield number, text[position:]
            return


def _after_blanks(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    assert match is not None
    return match.end()


def _json_row(where: str, text: str) -> FileRow:
    try:
        value = decode(text.encode(), has_unique_keys=True)
    except NotJson as error:
        return FileRow(where, {}, f"not valid JSON ({error}), write one object on each line")
    if not isinstance(value, dict):
        return FileRow(where, {}, f"expected a JSON object, found {text.strip()!r:.60}")
    return FileRow(where, value)


def _csv_rows(path: Path, text: str, separator: str) -> Iterator[FileRow]:
    csv.field_size_limit(MAX_BYTES)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    names: list[str] = []
    line = 1
    try:
        for cells in reader:
            where, line = f"{path}:{line}", reader.line_num + 1
            if not names:
                names = _column_names(where, cells)
            elif len(cells) == len(names):
                yield FileRow(where, dict(zip(names, cells, strict=True)))
            elif cells:
                yield FileRow(
                    where, {}, f"has {len(cells)} cells under {len(names)} columns, quote the text"
                )
    except csv.Error as error:
        yield FileRow(f"{path}:{line}", {}, f"is no CSV from here on ({error})")


def _column_names(where: str, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if len(set(names)) < len(names):
        raise HarnessError(f"{where}: two columns have one name: {', '.join(names)}")
    return names


def _parquet_rows(path: Path, content: bytes) -> Iterator[FileRow]:
    try:
        from pyarrow import ArrowException, BufferReader
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise missing(f"{path}: Parquet", "pyarrow") from None
    number = 0
    try:
        for batch in ParquetFile(BufferReader(content)).iter_batches():
            for value in batch.to_pylist():
                number += 1
                # A column that other rows need is null in this one.
                given = {key: item for key, item in value.items() if item is not None}
                yield FileRow(f"{path}:{number}", given)
    except (ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0]
        raise HarnessError(f"{path}: is no Parquet file that can be read ({reason:.100})") from None
