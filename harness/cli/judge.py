"""``harness judge``: judges completions from any source, without a model."""

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

if TYPE_CHECKING:
    from harness.tasks.judging import BrokenLine, Judgment

BROKEN_LINES = 2
"""Exit code when some lines could not be judged; the others were."""
MAX_SHOWN = 20
"""Mistakes that are written out; the rest are counted."""


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--task",
    "task_dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Hold each completion against this task's case of the same id.",
)
@click.option("--summary", is_flag=True, help="Print a table instead of a line per completion.")
def command(file: str, task_dir: Path | None, summary: bool) -> None:
    """Judge the completions in FILE, or in standard input for "-".

    Each input line is a JSON object with id, prompt and completion, and optionally schema,
    timestamps (JSON pointer to a kind of time), grounded (JSON pointers), reference and
    finish_reason. Each output line is {"id": ..., "verdicts": {BEHAVIOR: {"outcome", "code",
    "reason", "span"}}}. A behavior that the line declares nothing for is "skipped".

    A line that cannot be read is reported on standard error as FILE:LINE and passed over; of lines
    with the same mistake the first is reported. The exit code is then 2, and where nothing is
    judged. With --task, what the lines declare themselves is not looked at.
    """
    from harness.core.errors import HarnessError
    from harness.report.console.output import OutputLost, drop_output
    from harness.tasks.judging import judge_lines
    from harness.tasks.task import load_task

    task = load_task(task_dir) if task_dir else None
    name = "<stdin>" if file == "-" else file
    try:
        with _opened(file) as stream:
            broken = _run(name, judge_lines(stream, task), summary)
    except OutputLost as lost:
        if not lost.is_reader_gone:
            raise
        drop_output()
        return
    except OSError as error:
        raise HarnessError(f"{name}: cannot be read ({error.strerror or error})") from None
    except HarnessError as error:
        raise HarnessError(*(f"{name}: {mistake}" for mistake in error.mistakes)) from None
    if broken:
        raise SystemExit(BROKEN_LINES)


def _opened(file: str) -> BinaryIO:
    return sys.stdin.buffer if file == "-" else Path(file).open("rb")


def _run(name: str, judged: "Iterable[Judgment | BrokenLine]", summary: bool) -> int:
    """Write what was judged; returns how many lines were broken."""
    from harness.report.console.output import flush, say, say_json
    from harness.tasks.judging import BrokenLine

    broken = BrokenLines(name)
    ignored: Counter[str] = Counter()
    counts = JudgeSummary()
    for item in judged:
        if isinstance(item, BrokenLine):
            broken.add(item)
            continue
        ignored.update(item.ignored)
        if summary:
            counts.add(item)
        else:
            say_json(item.to_json() + "\n")
    if summary:
        say(*counts.table().splitlines())
    flush()
    broken.close()
    if ignored:
        declared = ", ".join(f"{part} ({count:,})" for part, count in ignored.items())
        say(f"{name}: judged by the task, not by the lines' own {declared}", err=True)
    return broken.count


class BrokenLines:
    """Reports lines that cannot be judged: each mistake once, and how many lines there are."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0
        self.shown: set[str] = set()

    def add(self, line: "BrokenLine") -> None:
        from harness.report.console.output import say

        self.count += 1
        if line.reason not in self.shown and len(self.shown) < MAX_SHOWN:
            self.shown.add(line.reason)
            say(f"{self.name}:{line.number}: {line.reason}", err=True)

    def close(self) -> None:
        from harness.report.console.output import say

        if not self.count:
            return
        others = self.count - len(self.shown)
        words = f", {others:,} of them not shown" if others else ""
        say(f"{self.name}: {self.count:,} lines could not be judged{words}", err=True)


class JudgeSummary:
    """Counts of verdicts by behavior."""

    def __init__(self) -> None:
        self.judged = 0
        self.outcomes: dict[str, Counter[str]] = {}
        self.codes: dict[str, Counter[str]] = {}

    def add(self, judgment: "Judgment") -> None:
        self.judged += 1
        for name, verdict in judgment.verdicts.items():
            self.outcomes.setdefault(name, Counter())[verdict.outcome.value] += 1
            if verdict.code:
                self.codes.setdefault(name, Counter())[verdict.code.value] += 1

    def table(self) -> str:
        """One line per behavior: pass rate, counts, the most frequent codes."""
        width = max([len("behavior"), *map(len, self.outcomes)])
        head = f"{'behavior':<{width}}    rate  passed  failed  skipped  error  codes"
        return "\n".join([head, *(self._row(name, width) for name in self.outcomes)])

    def _row(self, name: str, width: int) -> str:
        found = self.outcomes[name]
        judged = found["passed"] + found["failed"]
        rate = f"{found['passed'] / judged:.1%}" if judged else "-"
        codes = self.codes.get(name, Counter()).most_common(3)
        shown = ", ".join(f"{code} {count}" for code, count in codes)
        columns = (("passed", 6), ("failed", 6), ("skipped", 7), ("error", 5))
        numbers = "  ".join(f"{found[outcome]:>{room}}" for outcome, room in columns)
        return f"{name:<{width}}  {rate:>6}  {numbers}  {shown}".rstrip()
