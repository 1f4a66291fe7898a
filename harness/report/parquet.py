"""The report as Parquet: ``verdicts.parquet`` and ``completions.parquet``."""

import io
from collections.abc import Iterator
from typing import Any

from harness.core.errors import HarnessError
from harness.report.report import Report
from harness.report.tables import Cell, Table, tables


def files(report: Report) -> Iterator[tuple[str, bytes]]:
    """Names below the folder, and contents.

    Raises:
        HarnessError: pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise HarnessError(
            "--format parquet: pyarrow is not there, pip install 'slm-harness[data]'"
        ) from None
    for table in tables(report):
        stream = io.BytesIO()
        pyarrow.parquet.write_table(_arrow(table, pyarrow), stream, compression="zstd")
        yield f"{table.name}.parquet", stream.getvalue()


def remarks(report: Report) -> Iterator[str]:
    """What the files do not hold."""
    yield from ()


def _arrow(table: Table, pyarrow: Any) -> Any:
    types = {
        str: pyarrow.string(),
        int: pyarrow.int64(),
        float: pyarrow.float64(),
        bool: pyarrow.bool_(),
    }
    columns = zip(*table.rows, strict=True)
    found = [list(map(_unicode, column)) for column in columns] or [[] for _ in table.columns]
    arrays = {
        name: pyarrow.array(values, types[kind])
        for (name, kind), values in zip(table.columns.items(), found, strict=True)
    }
    return pyarrow.table(arrays)


def _unicode(cell: Cell) -> Cell:
    """Half a character, which UTF-8 has not, is written as an escape."""
    if isinstance(cell, str):
        return cell.encode("utf-8", "backslashreplace").decode()
    return cell
