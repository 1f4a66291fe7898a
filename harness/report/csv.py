"""The report as CSV: ``verdicts.csv`` and ``completions.csv``, and ``review.csv`` of a review, in
UTF-8, as RFC 4180 has it.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line's end. Text
that does gets an apostrophe before it; Parquet has every text as it is.
"""

import csv
import io
from collections.abc import Iterator
from itertools import chain

from harness.report import tables
from harness.report.report import Report
from harness.report.tables import Cell, Table

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
"""Beginnings that a spreadsheet may take for a formula's, as OWASP lists them; full-width ones are
read so where the language has them."""


def files(report: Report) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Names below the folder, and contents in parts."""
    for table in tables.tables(report):
        yield f"{table.name}.csv", _parts(table)


def remarks(report: Report) -> Iterator[str]:
    """How the review and the checks agree, where there is one."""
    yield from tables.remarks(report)


def _parts(table: Table) -> Iterator[bytes]:
    head: list[tuple[Cell, ...]] = [tuple(table.columns)]
    for rows in chain([head], table.batches()):
        text = io.StringIO()
        csv.writer(text).writerows([_shown(cell) for cell in row] for row in rows)
        # Half a character is written as an escape, and so is NUL, at which readers stop.
        yield text.getvalue().replace("\0", "\\x00").encode("utf-8", "backslashreplace")


def _shown(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    is_formula = isinstance(cell, str) and cell.startswith(FORMULA)
    return f"'{cell}" if is_formula else cell
