"""The installation as ``harness doctor`` shows it where no model is named."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.core.case import JsonValue
from harness.core.printable import printable
from harness.model_files.finding import Finding, Level
from harness.report.console.doctor import facts_table, findings_table, machine_facts
from harness.report.words.numbers import plural

ExtraRow = tuple[str, str, Sequence[str], bool]
"""Name, what it gives, the packages that it lacks, whether it has some."""


def verdict(findings: Sequence[Finding], lacking: Iterable[str]) -> str:
    """One line: whether something is broken, and the extras that are not there."""
    counts = {level: sum(f.level is level for f in findings) for level in Level}
    if counts[Level.PROBLEM]:
        line = f"BROKEN: {plural(counts[Level.PROBLEM], 'problem')}"
    else:
        line = "OK: nothing is broken"
    if counts[Level.WARNING]:
        line += f", {plural(counts[Level.WARNING], 'warning')}"
    names = ", ".join(lacking)
    return line + (f"; not installed: {names}" if names else "")


def shown(
    machine: Mapping[str, JsonValue],
    facts: Mapping[str, str],
    extras: Sequence[ExtraRow],
    findings: Sequence[Finding],
) -> RenderableType:
    """The verdict, the findings, then extras and facts."""
    line = verdict(findings, [name for name, _, lacks, *_ in extras if lacks])
    is_broken = any(f.level is Level.PROBLEM for f in findings)
    return Group(
        Text(line, "bold red" if is_broken else "bold green"),
        *([findings_table(findings)] if findings else []),
        Text(),
        Text("extras", "bold"),
        _extras(extras),
        Text(),
        Text("here", "bold"),
        facts_table(facts),
        Text(),
        Text("machine", "bold"),
        facts_table(machine_facts(machine)),
        Text(),
    )


def _extras(extras: Sequence[ExtraRow]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, gives, lacks, has_some in extras:
        state = Text("installed", "green") if not lacks else Text("not installed", "yellow")
        if lacks and has_some:
            state = Text("in part", "yellow")
        more = f"\nlacks {', '.join(lacks)}" if lacks and has_some else ""
        table.add_row(f"  {printable(name)}", state, f"{gives}{more}")
    return table
