"""Grammar lift, for a terminal: models side by side, free decoding left of constrained."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.core.printable import printable
from harness.report.words.grammar_lift import TITLE, GrammarLift

AT_ONCE = 3
"""Models beside each other in 80 columns."""


def shown(lift: GrammarLift) -> RenderableType:
    """A title, and a table with a column for each model."""
    title = Text.assemble((printable(lift.task), "bold"), (f"  {TITLE}", "dim"))
    return Group(title, *_tables(lift), Text())


def _tables(lift: GrammarLift) -> Iterator[Table]:
    for first in range(0, len(lift.models), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        for _ in lift.models[some]:
            table.add_column(justify="right", no_wrap=True, overflow="ellipsis")
        table.add_row("", *(Text(printable(name), "bold") for name in lift.models[some]))
        for group in lift.groups:
            if group.heading:
                table.add_row(Text(group.heading, "dim"))
            for row in group.rows:
                table.add_row(f"  {printable(row.name)}", *row.cells[some])
        yield table
