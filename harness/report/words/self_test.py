"""A self-test of the gate as sentences: the suite that was drawn from, and the error rates."""

from collections.abc import Iterable, Iterator

from harness.gate.self_test import Cell, Injection, SelfTest
from harness.report.words import numbers as words
from harness.stats.intervals import wilson


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


def rates(test: SelfTest) -> Iterator[str]:
    """A line for each promise of the gate, with its measured rate and the rate's 95% interval."""
    promised = f"promised: at most {100 * (1 - test.policy.confidence):.3g}%"
    unchanged = test.unchanged
    yield (
        f"False alarms: {_rate(unchanged.regressions, unchanged.draws)} with nothing changed "
        f"({promised})."
    )
    yield f"An unchanged model passes: {_rate(unchanged.passes, unchanged.draws)}."
    margin = f"{100 * test.policy.margin:.3g}"
    at_margin = [c for c in test.of_kind(Injection.CASES) if c.drop == test.policy.margin]
    yield from _false(at_margin, f"a drop of the margin, {margin} points ({promised})")
    broken = f"whole wordings failed and held {margin} points or more ({promised})"
    yield from _false(test.of_kind(Injection.WORDINGS), broken)
    unjudged = (*test.of_kind(Injection.SKIPS), *test.of_kind(Injection.ERRORS))
    yield from _false(unjudged, "what was judged before was skipped or an error (promised: none)")


def _false(cells: Iterable[Cell], what: str) -> Iterator[str]:
    cells = list(cells)
    losing = sum(cell.losing for cell in cells)
    if losing:
        yield f"False passes: {_rate(sum(c.false_passes for c in cells), losing)} where {what}."


def _rate(count: int, draws: int) -> str:
    """``1.4% (0.6 to 3.2%) of 360 draws``."""
    ends = wilson(count, draws)
    return f"{words.percent(count / draws)} ({words.interval(ends)}) of {draws:,} draws"
