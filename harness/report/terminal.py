"""Tables for a terminal: what a session ends with, and a few pairs before and after.

Text of a model goes through ``printable``. Nothing depends on color: words say what colors say, and
without colors the marked span stands between ``>>`` and ``<<``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import (
    Console,
    ConsoleOptions,
    Group,
    JustifyMethod,
    OverflowMethod,
    RenderableType,
    RenderResult,
)
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.core.printable import printable
from harness.core.record import FORMAT_SUCCESS, BehaviorResult, RunRecord, Sample, TaskRecord
from harness.gate.causes import explaining_behaviors, first_failure
from harness.gate.compare import CaseChange, Change, Comparison
from harness.report.console.conclusion import opening
from harness.report.console.encoding import encodable
from harness.report.console.grammar_lift import shown as grammar_lift
from harness.report.console.parity import shown as chain
from harness.report.console.screen import folded
from harness.report.report import Report
from harness.report.words import noise as noise_words
from harness.report.words import numbers as words
from harness.report.words.excerpts import beginning, shared_prefix, window
from harness.report.words.grammar_lift import grammar_lifts
from harness.report.words.right_answers import LABEL, RIGHT_ANSWERS, order_of, right_answers
from harness.report.words.shares import share_lines
from harness.report.words.stated import stated_line

EXAMPLES = 5
MAX_CHARACTERS = 240
"""Characters shown of one prompt or completion; the report's page has the rest."""
MIN_NOTES = 24
"""Free columns of the terminal that failure codes need to stand beside the numbers."""

_HEADINGS = ("", "rate", "95% interval", "budget", "", "n", "errors")
_RIGHT = (1, 5, 6)
_GAP = "  "
_BAD, _GOOD, _DIM, _STRONG = "red", "green", "dim", "bold"


@dataclass(frozen=True, slots=True)
class Summary:
    """The table that a session ends with: model by behavior, one table for each task."""

    record: RunRecord

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for task in self.record.tasks:
            rows = [r for r in self.record.results if r.task == task.name]
            yield encodable(_task_title(task, rows), options)
            yield from _summary_table(rows, self._errors(), options)
            yield from repeats_table(rows, options)
            if line := stated_line(task):
                yield Text(printable(line), _DIM)
            yield Text()
        for ref, error in self._errors().items():
            yield encodable(
                Text.assemble((f"{printable(ref)}: ", _STRONG), printable(error)), options
            )
        for model in self.record.models:
            for line in model.warnings:
                yield encodable(Text(printable(f"warning: {model.ref}: {line}"), "yellow"), options)
        for noise in self.record.noise:
            yield encodable(Text(printable(noise.model), _STRONG), options)
            for line in noise_words.lines(noise):
                yield encodable(Text(f"  {printable(line)}", _DIM), options)
        if self.record.timed and self.record.load and self.record.load.note:
            yield encodable(Text(f"warning: {self.record.load.note}", "yellow"), options)
        if self.record.status == "partial":
            yield Text("This run was interrupted: its rates say nothing about the rest.", _BAD)
        if self.record.shard is not None:
            yield Text(f"This run is {self.record.shard}: its rates say nothing about the rest.")

    def _errors(self) -> dict[str, str]:
        return {m.ref: m.error for m in self.record.models if m.error is not None}


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """The number of cases by kind of change, and a few of them in full."""

    comparison: Comparison
    examples: int = EXAMPLES

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        marked_by_color = console.color_system is not None and not console.no_color
        yield encodable(_counts_line(self.comparison), options)
        yield Text()
        if self.comparison.composite.judged == 0:
            return
        shared = shared_prefix([_prompt(case) for case in self.comparison.cases])
        required = self.comparison.required
        for case in chosen(self.comparison.cases, self.examples, required):
            yield encodable(_case_title(case), options)
            first = explaining_behaviors(case, required)
            table = _case_table(case, first, shared, marked_by_color, options)
            yield Padding(table, (0, 0, 1, 2))


@dataclass(frozen=True, slots=True)
class Opening:
    """The verdict and the causes."""

    report: Report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        first, *lines = opening(self.report)
        for line in folded([first], options.max_width):
            yield encodable(Text(line, _STRONG), options)
        for line in folded(lines, options.max_width):
            yield encodable(Text(line), options)
        yield Text()


def whole(report: Report) -> Group:
    """The verdict with the causes, what changed on each task, what a grammar lifts, every run's
    summary, then parity where it was measured."""
    changes = [BeforeAfter(comparison) for comparison in report.comparisons]
    lifts = map(grammar_lift, grammar_lifts(report))
    summaries = [Summary(run) for run in report.runs]
    parity = [chain(report.parity)] if report.parity else []
    return Group(Opening(report), *changes, *lifts, *summaries, *parity)


def chosen(
    cases: Iterable[CaseChange], limit: int, required: tuple[str, ...] = ()
) -> list[CaseChange]:
    """At most ``limit`` cases: those that broke, that still fail, that were fixed; every failure
    code once before any twice; short answers before long ones."""
    weight = {Change.REGRESSED: 0, Change.STILL_FAILING: 1, Change.FIXED: 2}

    def length(case: CaseChange) -> int:
        return sum(len(s.completion.text) for s in (case.before, case.after) if s is not None)

    ordered = sorted(cases, key=lambda c: (weight.get(c.change, 3), length(c)))
    seen: set[tuple[Change, str]] = set()
    fresh: list[CaseChange] = []
    again: list[CaseChange] = []
    for case in ordered:
        kind = (case.change, _code(case, required))
        (again if kind in seen else fresh).append(case)
        seen.add(kind)
    return sorted((fresh + again)[:limit], key=lambda c: weight.get(c.change, 3))


def _code(case: CaseChange, required: tuple[str, ...]) -> str:
    worse = case.after if case.change is Change.REGRESSED else case.before
    failure = first_failure(worse, explaining_behaviors(case, required)) if worse else None
    return failure[1].code.value if failure and failure[1].code else ""


def _task_title(task: TaskRecord, rows: list[BehaviorResult]) -> Text:
    decoding = "greedy" if task.sampling.temperature == 0 else f"T={task.sampling.temperature:g}"
    decoding += ", constrained" if task.grammar else ""
    kept = ", selected" if task.selected else ""
    repeats = f", {task.repeats} answers to each" if task.repeats > 1 else ""
    wordings = max((r.wordings for r in rows if r.wordings is not None), default=None)
    among = f" in {words.plural(wordings, 'wording')}" if wordings else ""
    over = f"; intervals{words.over(wordings)}" if wordings else ""
    facts = f"{words.plural(task.cases, 'case')}{among}{kept}, {decoding}{repeats}{over}"
    return Text.assemble((printable(task.name), _STRONG), (f"  {facts}", _DIM))


def _summary_table(
    rows: list[BehaviorResult], errors: dict[str, str], options: ConsoleOptions
) -> Iterator[RenderableType]:
    """A heading, then each model's name on a line of its own and its behaviors in columns.

    Every column but the last is as wide as its cells. The last takes the rest of the terminal;
    where that is too narrow, its text stands below, and columns are closer where they must be.
    """
    parts = (part for row in rows for part in words.by_budget(row))
    ordered = sorted(parts, key=lambda r: order_of(r.behavior))
    cells = {id(r): [encodable(cell, options) for cell in _cells(r)] for r in ordered}
    is_repeated = any(r.repeats > 1 for r in rows)
    named = ["pass@1" if h == "rate" and is_repeated else h for h in _HEADINGS]
    heading = [Text(h, _DIM) for h in named]
    widths = [
        max(c.cell_len for c in column) for column in zip(heading, *cells.values(), strict=True)
    ]
    if not any(r.errors for r in rows):
        widths[-1] = 0
    left = options.max_width - sum(w + len(_GAP) for w in widths if w)
    is_wide, gap = left >= MIN_NOTES, len(_GAP) if left + len(_GAP) >= 0 else 1
    yield _grid([heading], widths, options, gap=gap)
    for model in dict.fromkeys(r.model for r in rows):
        note = "  no completions" if model in errors else ""
        yield encodable(Text.assemble((printable(model), _STRONG), (note, _BAD)), options)
        own = [r for r in ordered if r.model == model]
        notes = [encodable(_notes(r), options) for r in own]
        beside = notes if is_wide else [Text()] * len(own)
        lines = [[*cells[id(r)], note] for r, note in zip(own, beside, strict=True)]
        yield _grid(lines, [*widths, left - len(_GAP)], options, gap=gap)
        if not is_wide and (codes := _commonest(own)):
            yield encodable(Text(f"  failed as: {codes}", _DIM), options)
        for line in (line for r in own for line in share_lines(r)):
            yield Padding(encodable(Text(printable(line), _DIM), options), (0, 0, 0, 2))


def _grid(
    rows: list[list[Text]],
    widths: list[int],
    options: ConsoleOptions,
    right: tuple[int, ...] = _RIGHT,
    gap: int = len(_GAP),
) -> Table:
    """Columns of exactly these widths; a column of no width is left out."""
    grid = Table.grid(padding=(0, gap, 0, 0))
    kept = [i for i, width in enumerate(widths) if width > 0]
    for i in kept:
        # The ellipsis is no character of an ASCII terminal, and rich does not ask.
        cut: OverflowMethod = "crop" if options.ascii_only else "ellipsis"
        justify: JustifyMethod = "right" if i in right else "left"
        grid.add_column(width=widths[i], justify=justify, no_wrap=True, overflow=cut)
    for row in rows:
        grid.add_row(*(row[i] for i in kept if i < len(row)))
    return grid


def repeats_table(rows: list[BehaviorResult], options: ConsoleOptions) -> Iterator[RenderableType]:
    """pass@k and pass^k of the behaviors whose cases were answered several times."""
    repeated = [r for r in rows if r.repeats > 1 and r.rate is not None]
    if not repeated:
        return
    k = max(r.repeats for r in repeated)
    headings = ("", f"pass@{k}", "95% interval", f"pass^{k}", "95% interval")
    cells = {id(r): [encodable(cell, options) for cell in _repeats_cells(r)] for r in repeated}
    heading = [Text(h, _DIM) for h in headings]
    widths = [
        max(c.cell_len for c in column) for column in zip(heading, *cells.values(), strict=True)
    ]
    yield Text(f"\nof {k} answers to a case any passes (pass@{k}), all pass (pass^{k})", _DIM)
    yield _grid([heading], widths, options, (1, 3))
    for model in dict.fromkeys(r.model for r in repeated):
        yield encodable(Text(printable(model), _STRONG), options)
        own = [cells[id(r)] for r in repeated if r.model == model]
        yield _grid(own, widths, options, (1, 3))


def _repeats_cells(result: BehaviorResult) -> Iterator[Text]:
    yield Text(
        f"  {printable(result.behavior)}", _STRONG if result.behavior == FORMAT_SUCCESS else ""
    )
    for share in (result.pass_at_k, result.pass_hat_k):
        yield Text("not measured" if share is None else words.percent(share.rate))
        yield Text("" if share is None else words.interval(share.interval), _DIM)


def _commonest(rows: list[BehaviorResult], limit: int = 3) -> str:
    """The most frequent failure codes of one model, each with the largest count of any behavior."""
    most: dict[str, int] = {}
    for result in rows:
        for code, count in result.codes.items():
            most[code] = max(count, most.get(code, 0))
    ordered = sorted(most.items(), key=lambda item: -item[1])
    shown = ", ".join(f"{printable(code)} {count}" for code, count in ordered[:limit])
    return shown + (f", +{len(ordered) - limit} more" if len(ordered) > limit else "")


def _cells(result: BehaviorResult) -> Iterator[Text]:
    style = _STRONG if result.behavior in (FORMAT_SUCCESS, RIGHT_ANSWERS) else ""
    name = printable(result.behavior)
    judged = result.passed + result.failed if result.cases is None else result.cases
    shown = "" if result.rate is None else words.percent(result.rate)
    if result.measured:
        key, value = words.headline(result)
        name += f" {words.label(key)}" if key.endswith("_seconds") else ""
        shown = words.quantity(key, value)
    yield Text(f"  {name}", style)
    yield Text(shown, style)
    yield Text(words.interval(result.interval) or _median(result), _DIM)
    yield Text(words.budget(result, least=">=", most="<="), _DIM)
    yield _met(result)
    yield Text(str(judged) if judged and not result.measured else "", _DIM)
    yield Text(str(result.errors) if result.errors else "", _BAD)


def _met(result: BehaviorResult) -> Text:
    if result.met is not None:
        return Text("met", _GOOD) if result.met else Text("MISSED", f"{_BAD} bold")
    return Text("" if result.budget is None else "not judged", "yellow")


def _median(result: BehaviorResult) -> str:
    p50 = {k: v for k, v in result.measured.items() if k[:3] == "p50" and k not in result.limits}
    found = (words.quantity(k, v) for k, v in p50.items())
    return next((f"p50 {value}" for value in found), "")


def _notes(result: BehaviorResult) -> Text:
    parts = [f"{code} {count}" for code, count in result.codes.items()]
    if result.skipped:
        parts.append(f"{result.skipped} skipped")
    if result.measured:
        shown = words.headline(result)[0]
        told = {shown, "p50_seconds", *result.limits}
        others = [(k, v) for k, v in result.measured.items() if k not in told]
        parts += [f"{words.label(k)} {words.quantity(k, v)}" for k, v in others]
    if result.reason and result.met is None:
        parts.append(result.reason)
    return Text(", ".join(printable(part) for part in parts), _DIM)


def _counts_line(comparison: Comparison) -> Text:
    composite = comparison.composite
    line = Text.assemble((f"{printable(comparison.task)}  ", _STRONG), f"{FORMAT_SUCCESS} ")
    line.append(f"{_rate(composite.before)} -> {_rate(composite.after)}", _STRONG)
    sides = (comparison.before, comparison.after)
    right = [right_answers(side, comparison.task) for side in sides]
    if any(right):
        line.append(f"\n{LABEL} ").append(" -> ".join(map(_rate, right)), _STRONG)
    changes = (f"{count:,} {change.value}" for change, count in composite.counts.items())
    line.append(f"\n{', '.join(changes)}", _DIM)
    return line


def _rate(result: BehaviorResult | None) -> str:
    if result is None or result.rate is None:
        return "not judged"
    return f"{words.percent(result.rate)} ({words.interval(result.interval)})"


def _case_title(case: CaseChange) -> Text:
    style = {Change.REGRESSED: _BAD, Change.FIXED: _GOOD}.get(case.change, "yellow")
    return Text.assemble(
        (case.change.value, f"{style} bold"), f"  {printable(case.sample.case_id)}"
    )


def _case_table(
    case: CaseChange,
    first: tuple[str, ...],
    shared: int,
    marked_by_color: bool,
    options: ConsoleOptions,
) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style=_DIM, no_wrap=True)
    table.add_column(overflow="fold")
    prompt = _prompt(case)
    begun = "… " if shared else ""
    table.add_row("prompt", encodable(Text(begun + _cut(prompt[shared:])), options))
    for name, sample in (("before", case.before), ("after", case.after)):
        table.add_row(name, encodable(_answer(sample, first, marked_by_color), options))
        if sample is not None and (why := _why(sample, first)):
            table.add_row("", encodable(Text(why, _DIM), options))
    return table


def _prompt(case: CaseChange) -> str:
    return case.sample.messages[-1].content if case.sample.messages else ""


def _answer(sample: Sample | None, first: tuple[str, ...], marked_by_color: bool) -> Text:
    if sample is None:
        return Text("no such case", _DIM)
    if sample.completion.error is not None:
        return Text(f"no completion: {printable(sample.completion.error)}", _BAD)
    text = sample.completion.text
    if not text:
        return Text("(empty)", _BAD)
    failure = first_failure(sample, first)
    span = failure[1].span if failure else None
    start, end = window(len(text), span, MAX_CHARACTERS)
    low, high = (max(start, span[0]), min(end, span[1])) if span else (end, end)
    shown = Text("… " if start else "")
    shown.append(printable(text[start:low]))
    if span and low <= high:
        shown.append("" if marked_by_color else ">>")
        shown.append(printable(text[low:high]), f"{_BAD} reverse" if marked_by_color else "")
        shown.append("" if marked_by_color else "<<")
        shown.append(printable(text[high:end]))
    shown.append(f" … {len(text) - end:,} more characters" if end < len(text) else "")
    return shown


def _why(sample: Sample, first: tuple[str, ...]) -> str:
    failure = first_failure(sample, first)
    if failure is None:
        return ""
    behavior, verdict = failure
    code = verdict.code.value if verdict.code else verdict.outcome.value
    return f"{printable(behavior)}: {code}, {printable(verdict.reason)}"


def _cut(text: str) -> str:
    shown, rest = beginning(text, MAX_CHARACTERS)
    return printable(shown) + rest
