"""``harness judge``: judges completions from any source, without a model."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli._document import json_option, say_document
from harness.cli._paths import PathType

if TYPE_CHECKING:
    from harness.tasks.judging import BrokenLine, Judgment, LogReader
    from harness.tasks.task import Task

BROKEN_LINES = 2
"""Exit code when some lines could not be judged; the others were."""
FORMATS = ("ab-log", "lines", "lm-eval", "openai-batch", "openai-chat", "samples")
"""Files of ``harness/tasks/logs/``, whose import is too slow for ``--help``."""
OWN_FORMAT = "lines"
OUTCOMES = ("passed", "failed", "skipped", "error")
MAX_SHOWN = 20
"""Mistakes that are written out; the rest are counted."""


@click.command()
@click.argument("file", type=PathType(allow_dash=True))
@click.option(
    "--task",
    "task_dir",
    type=PathType(file_okay=False, path_type=Path),
    help="Hold each completion against this task's case of the same id or prompt.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="The form of the lines. [default: the one of the first]",
)
@click.option("--summary", is_flag=True, help="Print a table instead of a line per completion.")
@json_option
def command(
    file: str, task_dir: Path | None, form: str | None, summary: bool, is_json: bool
) -> None:
    """Judge the completions in FILE, or in standard input for "-".

    Each input line is a JSON object with id, prompt and completion, and optionally schema,
    timestamps (JSON pointer to a kind of time), grounded (JSON pointers), reference and
    finish_reason. Or a row of lm-evaluation-harness' samples_*.jsonl (lm-eval), of OpenAI's Batch
    output (openai-batch), of a chat that ends with the answer (openai-chat), of a run's
    samples.jsonl (samples), or of the log of an experiment (ab-log), whose folder may be named.

    Each output line is {"id": ..., "verdicts": {BEHAVIOR: {"outcome", "code", "reason", "span"}}}.
    A behavior that the line declares nothing for is "skipped". --json prints the counts of
    --summary as one document.

    A line that cannot be read is reported on standard error as FILE:LINE and passed over; of lines
    with the same mistake the first is reported. With --task, what the lines declare themselves is
    not looked at, but for a schema, which takes the place of the task's.

    Exit code 0 when every line was judged, 2 when one was not, or none.
    """
    from harness.cli._experiment import with_texts
    from harness.core.errors import HarnessError
    from harness.report.console.output import OutputLost, drop_output
    from harness.tasks.judging import LogReader
    from harness.tasks.task import load_task

    task = load_task(task_dir) if task_dir else None
    name = "<stdin>" if file == "-" else file
    files = [] if file == "-" else with_texts(Path(file))
    counts = JudgeSummary() if summary or is_json else None
    log = JudgedLog(name, LogReader(form), counts)
    try:
        log.judge(_lines(files), task)
        if counts is not None:
            _print(counts, log, is_json)
    except OutputLost as lost:
        if not lost.is_reader_gone:
            raise
        drop_output()
        return
    except OSError as error:
        raise HarnessError(f"{name}: cannot be read ({error.strerror or error})") from None
    except HarnessError as error:
        raise HarnessError(*(f"{name}: {mistake}" for mistake in error.mistakes)) from None
    log.close()
    if log.broken.count:
        raise SystemExit(BROKEN_LINES)


def _lines(files: Sequence[Path]) -> Iterator[bytes]:
    """The lines of files, one after the other; of standard input without any."""
    if not files:
        if sys.stdin is None:
            raise OSError("standard input is closed")
        yield from sys.stdin.buffer
    for path in files:
        with path.open("rb") as stream:
            yield from stream


def _print(counts: "JudgeSummary", log: "JudgedLog", is_json: bool) -> None:
    from harness.report.console.output import say

    if not is_json:
        say(*counts.table().splitlines())
        return
    read = {"file": log.name, "format": log.reader.form, "unreadable_lines": log.broken.count}
    asked = {"judged": counts.judged, "not_cases_of_the_task": log.others}
    say_document({**read, **asked, "behaviors": counts.behaviors()})


class JudgedLog:
    """Judges the lines of one file, and says what it is and what is odd about it."""

    def __init__(self, name: str, reader: "LogReader", counts: "JudgeSummary | None") -> None:
        self.name = name
        self.reader = reader
        self.counts = counts
        """Counted in place of a line for each completion."""
        self.broken = BrokenLines(name)
        self.ignored: Counter[str] = Counter()
        self.own_schemas = 0
        """Lines whose own schema was used."""
        self.others = 0
        """Answers to prompts that are no case of the task."""
        self.is_said = reader.form is not None

    def judge(self, stream: Iterable[bytes], task: "Task | None") -> None:
        from harness.report.console.output import flush, say_json
        from harness.tasks.judging import BrokenLine, judge_lines

        for item in judge_lines(stream, task, self.reader):
            self._say_form()
            if isinstance(item, BrokenLine):
                self.broken.add(item)
                continue
            self.ignored.update(item.ignored)
            self.own_schemas += item.has_own_schema
            self.others += not item.is_own_case
            if self.counts is None:
                say_json(item.to_json() + "\n")
            else:
                self.counts.add(item)
        flush()

    def _say_form(self) -> None:
        """Name a form that was recognized, unless it is our own."""
        from harness.report.console.output import say

        if self.is_said or self.reader.rows is None:
            return
        self.is_said = True
        if self.reader.form != OWN_FORMAT:
            said = f"{self.reader.rows.SAID} (--format {self.reader.form})"
            say(f"{self.name}: read as {said}", err=True)

    def close(self) -> None:
        """Say what was not judged, or not as the lines say."""
        from harness.report.console.output import say

        self.broken.close()
        remarks = [] if self.reader.rows is None else [*self.reader.rows.remarks()]
        if self.ignored:
            declared = ", ".join(f"{part} ({count:,})" for part, count in self.ignored.items())
            remarks.append(f"judged by the task, not by the lines' own {declared}")
        if self.own_schemas:
            is_one = self.own_schemas == 1
            answers = "1 answer was" if is_one else f"{self.own_schemas:,} answers were"
            lines = "its line" if is_one else "their lines"
            remarks.append(f"{answers} judged by the schema of {lines}")
        if self.others:
            is_one = self.others == 1
            prompts = "a prompt that is" if is_one else f"{self.others:,} prompts that are"
            remarks.append(f"judged {prompts} no case of the task, by what the rows hold")
        say(*(f"{self.name}: {remark}" for remark in remarks), err=True)


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
        from harness.report.words.numbers import plural

        if not self.count:
            return
        others = self.count - len(self.shown)
        words = f", {others:,} of them not shown" if others else ""
        lines = plural(self.count, "line")
        say(f"{self.name}: {lines} could not be judged{words}", err=True)


class JudgeSummary:
    """Counts of verdicts by behavior."""

    def __init__(self) -> None:
        self.judged = 0
        self.outcomes: dict[str, Counter[str]] = {}
        self.codes: dict[str, Counter[str]] = {}
        self.shares: dict[str, float] = {}
        """Sum of the judged answers' shares: 1 of each that passes, where none is graded."""

    def add(self, judgment: "Judgment") -> None:
        self.judged += 1
        for name, verdict in judgment.verdicts.items():
            self.outcomes.setdefault(name, Counter())[verdict.outcome.value] += 1
            if verdict.outcome.value in ("passed", "failed"):
                self.shares[name] = self.shares.get(name, 0.0) + verdict.share
            if verdict.code:
                self.codes.setdefault(name, Counter())[verdict.code.value] += 1

    def behaviors(self) -> dict[str, dict[str, object]]:
        """Counts by outcome, rate and codes, by behavior."""
        return {name: {"rate": self._rate(name), **self._counts(name)} for name in self.outcomes}

    def _counts(self, name: str) -> dict[str, object]:
        outcomes = {outcome: self.outcomes[name][outcome] for outcome in OUTCOMES}
        return {**outcomes, "codes": dict(self.codes.get(name, {}))}

    def _rate(self, name: str) -> float | None:
        found = self.outcomes[name]
        judged = found["passed"] + found["failed"]
        return self.shares[name] / judged if judged else None

    def table(self) -> str:
        """One line per behavior: pass rate, counts, the most frequent codes."""
        width = max([len("behavior"), *map(len, self.outcomes)])
        head = f"{'behavior':<{width}}    rate  passed  failed  skipped  error  codes"
        return "\n".join([head, *(self._row(name, width) for name in self.outcomes)])

    def _row(self, name: str, width: int) -> str:
        found, share = self.outcomes[name], self._rate(name)
        rate = "-" if share is None else f"{share:.1%}"
        codes = self.codes.get(name, Counter()).most_common(3)
        shown = ", ".join(f"{code} {count}" for code, count in codes)
        numbers = "  ".join(f"{found[outcome]:>{max(len(outcome), 5)}}" for outcome in OUTCOMES)
        return f"{name:<{width}}  {rate:>6}  {numbers}  {shown}".rstrip()
