"""The findings of ``harness doctor``, for a terminal and as JSON."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.core.case import JsonValue
from harness.core.printable import printable
from harness.model_files.examine import Examination
from harness.model_files.finding import Finding, Level
from harness.report.words import numbers as words

VERSION = 1
_STYLES = {Level.PROBLEM: "red bold", Level.WARNING: "yellow", Level.NOTE: "dim"}


def shown(examined: Sequence[Examination], machine: Mapping[str, JsonValue]) -> RenderableType:
    """The verdict, each model's findings and facts, then the machine."""
    is_broken = any(e.at(Level.PROBLEM) for e in examined)
    style = "bold red" if is_broken else "bold green"
    parts: list[RenderableType] = [Text(verdict(examined), style), Text()]
    for examination in examined:
        parts.append(Text(printable(str(examination.ref)), "bold"))
        parts += _findings(examination.findings)
        parts += [facts_table(examination.facts), Text()]
    parts += [Text("machine", "bold"), facts_table(machine_facts(machine))]
    return Group(*parts)


def verdict(examined: Sequence[Examination]) -> str:
    """``BROKEN: 1 problem, 0 warnings, 3 notes in 2 models``, or ``OK: ...`` without a problem."""
    counts = {level: sum(len(e.at(level)) for e in examined) for level in Level}
    word = "BROKEN" if counts[Level.PROBLEM] else "OK"
    said = ", ".join(words.plural(count, level.value) for level, count in counts.items())
    return f"{word}: {said} in {words.plural(len(examined), 'model')}"


def as_json(
    examined: Sequence[Examination],
    machine: Mapping[str, JsonValue],
    installation: Mapping[str, JsonValue] | None = None,
    findings: Sequence[Finding] = (),
) -> str:
    """``{"version", "machine", "models": [{"ref", "facts", "findings": [...]}]}``, and where no
    model was named ``installation`` with its own findings."""
    found: dict[str, object] = {
        "version": VERSION,
        "machine": dict(machine),
        "models": [
            {
                "ref": str(e.ref),
                "facts": dict(e.facts),
                "findings": finding_dicts(e.findings),
            }
            for e in examined
        ],
    }
    if installation is not None:
        found["installation"] = {**installation, "findings": finding_dicts(findings)}
    return json.dumps(found, indent=2) + "\n"


def finding_dicts(findings: Iterable[Finding]) -> list[JsonValue]:
    """The findings as JSON has them."""
    return [
        {"level": f.level.value, "where": f.where, "what": f.what, "advice": f.advice}
        for f in findings
    ]


def facts_table(facts: Mapping[str, str]) -> Table:
    """Names and values below each other."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(f"  {printable(name)}", printable(value))
    return table


def _findings(findings: Sequence[Finding]) -> Iterator[RenderableType]:
    if not findings:
        yield Text("  nothing is wrong with its files", "green")
    yield findings_table(findings)


def findings_table(findings: Sequence[Finding]) -> Table:
    """The findings, the most severe first."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in sorted(findings, key=lambda f: [*Level].index(f.level)):
        style = _STYLES[finding.level]
        table.add_row(Text(f"  {finding.level.value}", style), printable(str(finding)))
    return table


def machine_facts(machine: Mapping[str, JsonValue]) -> dict[str, str]:
    """The machine in a few lines."""
    return dict(_flat(machine))


def _flat(machine: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    cpu = machine["cpu"]
    packages = machine["packages"]
    assert isinstance(cpu, dict)
    assert isinstance(packages, dict)
    yield "harness, python", f"{machine['harness']}, {machine['python']}"
    yield "platform", str(machine["platform"])
    yield "cpu", f"{cpu['model']}, {cpu['usable']} of {cpu['logical']} threads usable"
    features = cpu["features"]
    assert isinstance(features, list)
    yield "cpu features", " ".join(map(str, features)) or "unknown"
    yield "memory", f"{machine['memory_mb']:,} MB, {machine['free_memory_mb']:,} MB free"
    gpus = machine["gpus"]
    yield "gpus", "none found" if not isinstance(gpus, list) else "; ".join(map(str, gpus))
    yield "packages", ", ".join(f"{name} {version}" for name, version in packages.items())
