"""A self-test of the gate for a terminal of 80 columns: its curve as a table, its error rates."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.core.printable import printable
from harness.gate.self_test import Cell, Injection, SelfTest
from harness.report.words import self_test as tests

CELL = 7
"""Characters of ``100/100``."""


def shown(test: SelfTest, source: str) -> RenderableType:
    """The suite, the table, the rates; ``source`` names where the flips come from."""
    return Group(*_parts(test, source))


def _parts(test: SelfTest, source: str) -> Iterator[RenderableType]:
    for line in tests.suite(test, source):
        yield Text(printable(line))
    if test.cells:
        title = "\nREGRESSION / not PASS, in % of draws, by the points that one task loses:"
        yield Text(title, "bold")
    for is_kept in (False, True):
        if cells := [cell for cell in test.cells if cell.is_kept is is_kept]:
            yield Padding(_curve(cells, "kept skills" if is_kept else ""), (0, 0, 0, 2))
    yield Text("\nError rates:", "bold")
    yield Padding(_rates(test), (0, 0, 0, 2))


def _rates(test: SelfTest) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    for _ in tests.RATES[1:]:
        table.add_column(justify="right", no_wrap=True)
    table.add_row(*(Text(heading, "dim") for heading in tests.RATES))
    for row in tests.rates(test):
        table.add_row(*row)
    return table


def _curve(cells: Sequence[Cell], heading: str) -> Table:
    drops = sorted({cell.drop for cell in cells})
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    for _ in drops:
        table.add_column(justify="right", no_wrap=True, min_width=CELL)
    table.add_row(Text(heading, "dim"), *(Text(f"{100 * drop:.3g}", "dim") for drop in drops))
    for kind in Injection:
        own = {cell.drop: _cell(cell) for cell in cells if cell.kind is kind}
        if own or kind is not Injection.SHARES:
            table.add_row(kind.value, *(own.get(drop, "") for drop in drops))
    return table


def _cell(cell: Cell) -> str:
    """``42/97``."""
    regressions, passes = (100 * n / cell.draws for n in (cell.regressions, cell.passes))
    return f"{regressions:.0f}/{100 - passes:.0f}"
