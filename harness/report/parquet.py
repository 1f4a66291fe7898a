"""The report as Parquet: ``verdicts.parquet`` and ``completions.parquet``."""

import io
from collections.abc import Iterator
from typing import Any

from harness.core.errors import HarnessError
from harness.core.extras import missing
from harness.report import tables
from harness.report.report import Report
from harness.report.tables import Cell, Table


def files(report: Report) -> Iterator[tuple[str, list[bytes]]]:
    """Names below the folder, and contents in parts.

    Raises:
        HarnessError: pyarrow is not installed, or a number is beyond 64 bits.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise missing("--format parquet", "pyarrow") from None
    for table in tables.tables(report):
        yield f"{table.name}.parquet", [_written(table, pyarrow)]


def remarks(report: Report) -> Iterator[str]:
    """How the review and the checks agree, where there is one."""
    yield from tables.remarks(report)


def _written(table: Table, pyarrow: Any) -> bytes:
    """The file, of which only the compressed rows are held."""
    stream, schema = io.BytesIO(), _schema(table, pyarrow)
    with pyarrow.parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
        for rows in table.batches():
            columns = [list(map(_unicode, column)) for column in zip(*rows, strict=True)]
            arrays = [_array(c, f, pyarrow) for c, f in zip(columns, schema, strict=True)]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
    return stream.getvalue()


def _array(column: list[Cell], field: Any, pyarrow: Any) -> Any:
    try:
        return pyarrow.array(column, field.type)
    except OverflowError:
        raise HarnessError(
            f"--format parquet: {field.name} of an answer is beyond 64 bits, as no run writes it: "
            "restore the run's files"
        ) from None


def _schema(table: Table, pyarrow: Any) -> Any:
    types = {
        str: pyarrow.string(),
        int: pyarrow.int64(),
        float: pyarrow.float64(),
        bool: pyarrow.bool_(),
    }
    return pyarrow.schema([(name, types[kind]) for name, kind in table.columns.items()])


def _unicode(cell: Cell) -> Cell:
    """Half a character, which UTF-8 has not, is written as an escape."""
    if isinstance(cell, str):
        return cell.encode("utf-8", "backslashreplace").decode()
    return cell
