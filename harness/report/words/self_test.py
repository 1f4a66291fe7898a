"""A self-test of the gate as sentences: the suite that was drawn from, and the error rates."""

from collections.abc import Iterable, Iterator

from harness.gate.self_test import Cell, Injection, SelfTest
from harness.report.words import numbers as words
from harness.stats.intervals import clopper_pearson


def suite(test: SelfTest, source: str) -> Iterator[str]:
    """The tasks, the source of the flips, and the numbers of draws."""
    for task in test.tasks:
        kept = ", a kept skill" if task.is_kept else ""
        sizes = words.plural(task.cases, "case"), words.plural(task.wordings, "wording")
        yield f"{task.task}: {', '.join(sizes)}{kept}"
    yield words.sentence(source)
    if not test.cells:
        yield "Too few cases pass to lose any: nothing was injected."
        return
    most = max(cell.draws for cell in test.cells)
    yield (
        f"{most} draws a cell, {min(cell.draws for cell in test.cells)} with skips and errors, "
        f"{test.unchanged.draws} with nothing changed; seed {test.seed}."
    )


RATES = ("", "measured", "95% interval", "draws", "promised")
"""Headings of ``rates``."""


def rates(test: SelfTest) -> Iterator[tuple[str, ...]]:
    """A row for each promise of the gate: the event, its rate, the rate's interval, the draws in
    which it could happen, and the promise. Those about kept skills stand under a row of their own.
    """
    unchanged, promised = test.unchanged, _promised(test)
    yield _rate("an unchanged model passes", unchanged.passes, unchanged.draws, "")
    yield _rate("false alarm", unchanged.regressions, unchanged.draws, promised)
    yield from _false_passes(test, is_kept=False)
    if of_kept := list(_false_passes(test, is_kept=True)):
        yield ("where a kept skill loses", *[""] * (len(RATES) - 1))
        yield from of_kept


def _promised(test: SelfTest) -> str:
    return f"at most {100 * (1 - test.policy.confidence):.3g}%"


def _false_passes(test: SelfTest, *, is_kept: bool) -> Iterator[tuple[str, ...]]:
    """A row for each kind of loss that these tasks may have without a pass."""
    margin = test.policy.for_task(is_kept=is_kept).margin
    found = {kind: test.of_kind(kind, is_kept=is_kept) for kind in Injection}
    for kind, unit in ((Injection.CASES, "case"), (Injection.WORDINGS, "wording"),
                       (Injection.SHARES, "share")):  # fmt: skip
        # Whole wordings hold the margin or more at any size that was injected.
        cells = [c for c in found[kind] if kind is Injection.WORDINGS or c.drop == margin]
        yield from _false(
            cells, f"false pass: {100 * margin:.3g} points, by {unit}", _promised(test)
        )
    unjudged = (*found[Injection.SKIPS], *found[Injection.ERRORS])
    yield from _false(unjudged, "false pass: skips, errors", "none")


def _false(cells: Iterable[Cell], what: str, promised: str) -> Iterator[tuple[str, ...]]:
    cells = list(cells)
    losing = sum(cell.losing for cell in cells)
    if losing:
        yield _rate(what, sum(cell.false_passes for cell in cells), losing, promised)


def _rate(what: str, count: int, draws: int, promised: str) -> tuple[str, ...]:
    ends = words.interval(clopper_pearson(count, draws))
    return what, words.percent(count / draws), ends, f"{draws:,}", promised
