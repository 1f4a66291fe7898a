"""Parity between models, for a terminal of 80 columns or more."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.core.printable import printable
from harness.parity.values import AnswerParity, Divergence, PairParity, Parity
from harness.report.words import numbers as words
from harness.report.words import parity as parity_words

MAX_DIVERGENCES = 8
"""Shown of one pair and task; ``parity.json`` has more."""
MAX_OF_TRAINED = 3
"""Shown of a model that was trained further: its answers are meant to differ."""
_NAME, _TOKEN, _CASE = 30, 20, 12


def shown(parity: Parity) -> RenderableType:
    """The size, memory and speed of the models, then each pair."""
    names = parity_words.labels(parity)
    parts: list[RenderableType] = []
    for task in parity_words.tasks_of(parity):
        parts += [_costs(parity, task, names), Text()]
    for pair in parity.pairs:
        parts += [*_pair(pair, names), Text()]
    if any(a.divergences for pair in parity.pairs for a in pair.answers):
        parts.append(Text(parity_words.LEGEND, "dim"))
    return Group(*parts)


def _costs(parity: Parity, task: str, names: dict[str, str]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(max_width=_NAME, overflow="ellipsis", no_wrap=True)
    for _ in parity_words.COST_HEADINGS:
        table.add_column(justify="right", no_wrap=True)
    table.add_row(
        Text(printable(task), "bold"), *(Text(h, "dim") for h in parity_words.COST_HEADINGS)
    )
    for model in parity.models:
        table.add_row(printable(names[model.ref]), *parity_words.cost_cells(model, task))
    errors = [Text(printable(line), "red") for line in parity_words.errors(parity)]
    return Group(table, *errors)


def _pair(pair: PairParity, names: dict[str, str]) -> Iterator[RenderableType]:
    before, after = (printable(names[ref]) for ref in (pair.before, pair.after))
    how = "" if pair.is_copy else "  (trained further)"
    yield Text.assemble((f"{before} -> {after}", "bold"), (how, "dim"))
    for line in pair.notes:
        yield Text(f"  {printable(line)}", "yellow")
    is_wrong = pair.reading is not None and not pair.reading.is_same
    yield from _labeled("prompts", parity_words.reading(pair), "red" if is_wrong else "")
    yield from _labeled("first token", parity_words.first_step(pair), "")
    for answers in pair.answers:
        yield from _answers(answers, pair)


def _labeled(label: str, lines: Iterable[str], style: str) -> Iterator[RenderableType]:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=13, style="dim")
    table.add_column(overflow="fold")
    for number, line in enumerate(lines):
        table.add_row("" if number else f"  {label}", Text(printable(line), style))
    yield table


def _answers(answers: AnswerParity, pair: PairParity) -> Iterator[RenderableType]:
    is_one_task = len(pair.answers) == 1
    named = "" if is_one_task else f"{answers.task}: "
    lines = [named + parity_words.identical(answers)]
    if answers.success is not None:
        change = parity_words.change(answers.success.rate_before, answers.success.rate_after)
        if change:
            lines[0] += f"; success {change}"
    flips = [f for f in answers.flips if f.regressed or f.fixed]
    lines += [f"{f.behavior}: {f.regressed:,} regressed, {f.fixed:,} fixed" for f in flips]
    if pair.is_copy and (ties := parity_words.ties(answers)):
        lines.append(ties)
    yield from _labeled("answers", lines, "")
    if answers.divergences:
        most = MAX_DIVERGENCES if pair.is_copy else MAX_OF_TRAINED
        yield Padding(_divergences(answers, most), (0, 0, 0, 4))


def _divergences(answers: AnswerParity, most: int) -> RenderableType:
    table = Table.grid(padding=(0, 1, 0, 0))
    widths = (_CASE, 4, _TOKEN, _TOKEN, 8, 8, 8)
    headings = ("case", "at", "before", "after", "margin", "margin", "shift")
    for width, heading in zip(widths, headings, strict=True):
        is_number = heading in ("at", "margin", "shift")
        table.add_column(
            max_width=width,
            justify="right" if is_number else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    table.add_row(*(Text(h, "dim") for h in headings))
    parts: list[RenderableType] = [table]
    for found in answers.divergences[:most]:
        table.add_row(*_cells(found))
    more = answers.differing - min(most, len(answers.divergences))
    if more > 0:
        parts.append(Text(f"and {words.plural(more, 'difference')} more", "dim"))
    flips = [d for d in answers.divergences[:most] if parity_words.flipped(d)]
    parts += [Text(f"{printable(d.case_id)}: {printable(parity_words.flipped(d))}") for d in flips]
    return Group(*parts)


def _cells(found: Divergence) -> tuple[str, ...]:
    return (
        _end_of(printable(found.case_id)),
        str(found.position),
        printable(parity_words.token(found.before)),
        printable(parity_words.token(found.after)),
        *parity_words.margins(found, "-"),
    )


def _end_of(case_id: str) -> str:
    """The end of an id: ids of one task mostly differ there."""
    return case_id if len(case_id) <= _CASE else "…" + case_id[1 - _CASE :]
