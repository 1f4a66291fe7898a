"""A self-test of the gate as sentences: the suite that was drawn from, and the error rates."""

from collections.abc import Iterable, Iterator

from harness.gate.self_test import Cell, Injection, SelfTest
from harness.report.words import numbers as words
from harness.stats.intervals import clopper_pearson


def suite(test: SelfTest, source: str) -> Iterator[str]:
    """The tasks, the source of the flips, and the numbers of draws."""
    for name, cases, wordings in test.tasks:
        yield f"{name}: {words.plural(cases, 'case')}, {words.plural(wordings, 'wording')}"
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
    which it could happen, and the promise."""
    promised = f"at most {100 * (1 - test.policy.confidence):.3g}%"
    margin = f"{100 * test.policy.margin:.3g} points"
    unchanged = test.unchanged
    yield _rate("an unchanged model passes", unchanged.passes, unchanged.draws, "")
    yield _rate("false alarm", unchanged.regressions, unchanged.draws, promised)
    at_margin = [c for c in test.of_kind(Injection.CASES) if c.drop == test.policy.margin]
    yield from _false(at_margin, f"false pass: {margin}, by case", promised)
    wordings = test.of_kind(Injection.WORDINGS)
    yield from _false(wordings, f"false pass: {margin}, by wording", promised)
    at_margin = [c for c in test.of_kind(Injection.SHARES) if c.drop == test.policy.margin]
    yield from _false(at_margin, f"false pass: {margin}, by share", promised)
    unjudged = (*test.of_kind(Injection.SKIPS), *test.of_kind(Injection.ERRORS))
    yield from _false(unjudged, "false pass: skips, errors", "none")


def _false(cells: Iterable[Cell], what: str, promised: str) -> Iterator[tuple[str, ...]]:
    cells = list(cells)
    losing = sum(cell.losing for cell in cells)
    if losing:
        yield _rate(what, sum(cell.false_passes for cell in cells), losing, promised)


def _rate(what: str, count: int, draws: int, promised: str) -> tuple[str, ...]:
    ends = words.interval(clopper_pearson(count, draws))
    return what, words.percent(count / draws), ends, f"{draws:,}", promised
