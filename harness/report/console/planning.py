"""A plan for a terminal of 80 columns: needed sizes, what each size shows, and outcomes by drop."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.core.printable import printable
from harness.gate.planning import Plan
from harness.report.words import numbers as words
from harness.report.words import planning as plans
from harness.stats.power import Decided

BAR = 40
"""Characters of a bar."""
_MARKS = (("PASS", "█", "green"), ("INCONCLUSIVE", "·", "dim"), ("REGRESSION", "▓", "red"))


def shown(plan: Plan, source: str) -> RenderableType:
    """The whole plan; ``source`` names where the share of flips comes from."""
    return Group(*_parts(plan, source))


def _parts(plan: Plan, source: str) -> Iterator[RenderableType]:
    yield Text(plans.assumptions(plan, source))
    yield from _sizes(plan)
    if plan.kept:
        yield Text(f"\n{plans.kept_heading(plan.kept)}")
        yield from _sizes(plan.kept)


def _sizes(plan: Plan) -> Iterator[RenderableType]:
    yield Text()
    yield _needs(plan)
    each = " in each task" if plan.assumed.tasks > 1 else ""
    yield Text(f"\nWhat so many cases{each} show:", "bold")
    yield _sights(plan)
    yield Text("\nWhat so many wordings bound, if none of them breaks:", "bold")
    yield _bounds(plan)
    yield Text(f"\n{words.plural(plan.curve_cases, 'case')} of one task, by its true drop:", "bold")
    yield _curve(plan)


def _needs(plan: Plan) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    for purpose, needed in plans.needs(plan):
        table.add_row(purpose, Text(needed, "bold"))
    return _indented(table)


def _sights(plan: Plan) -> RenderableType:
    power = plans.share(plan.assumed.power)
    table = _table("cases", f"smallest drop shown in {power}", "unchanged model passes", "")
    for sight in plan.sights:
        own = [task.name for task in plan.own if task.cases == sight.cases]
        drop = sight.smallest_drop
        table.add_row(
            f"{sight.cases:,}",
            "none" if drop is None else f"{100 * drop:.1f} points",
            plans.chance(sight.unchanged_passes),
            _yours(own),
        )
    return _indented(table)


def _bounds(plan: Plan) -> RenderableType:
    table = _table("wordings", "drop over new wordings below", "", "")
    for count, bound in plan.bounds:
        own = [task.name for task in plan.own if task.wordings == count]
        table.add_row(f"{count:,}", f"{100 * bound:.1f} points", "", _yours(own))
    return _indented(table)


def _yours(names: list[str]) -> str:
    return f"<- {', '.join(map(printable, names))}" if names else ""


def _curve(plan: Plan) -> RenderableType:
    table = _table("drop", *(name for name, _, _ in _MARKS[::2]), "")
    for drop, found in plan.curve:
        row = (plans.chance(found.passes), plans.chance(found.regressions))
        table.add_row(plans.points(drop), *row, _bar(found))
    legend = Text("  ").join(Text(f"{mark} {name}", style) for name, mark, style in _MARKS)
    return Group(_indented(table), _indented(legend))


def _bar(found: Decided) -> Text:
    """The shares of the three outcomes, as one bar."""
    first = round(BAR * found.passes)
    last = min(round(BAR * found.regressions), BAR - first)
    lengths = (first, BAR - first - last, last)
    return Text.assemble(
        *((mark * n, style) for (_, mark, style), n in zip(_MARKS, lengths, strict=True))
    )


def _table(*headings: str) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    table.add_row(*(Text(heading, "dim") for heading in headings))
    return table


def _indented(content: RenderableType) -> RenderableType:
    return Padding(content, (0, 0, 0, 2))
