"""Failure codes and how many cases each was given to, before and after."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.report.page.cases.answers import Answer, ShownCase
from harness.report.page.charts.intervals import count_chart
from harness.report.words import numbers as words


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One failure code: the cases in which any behavior gave it."""

    code: str
    before: int | None
    after: int
    chart: Markup

    @property
    def drift(self) -> str:
        """``+3`` for three cases more than before, ``0`` for as many."""
        drift = self.after - (self.before or 0)
        return words.signed(drift, 0, words.MINUS) if drift else "0"


def code_rows(cases: Iterable[ShownCase], places: Sequence[int]) -> tuple[CodeRow, ...]:
    """The codes of these cases, the most frequent of a pair first.

    Args:
        cases: with the answers of every side.
        places: of the side before and the side after, or of the only one. Codes that only models
            outside the pair gave have a row with no cases: another pair may be chosen on the page.
    """
    counts: dict[str, list[int]] = {}
    for case in cases:
        for place, answer in enumerate(case.answers):
            for code in _codes(answer):
                found = counts.setdefault(code, [0] * len(places))
                for side, wanted in enumerate(places):
                    found[side] += place == wanted
    most = max((max(c) for c in counts.values()), default=0)
    ordered = sorted(counts.items(), key=lambda item: (-max(item[1]), item[0]))
    rows = ((code, c[0] if len(places) == 2 else None, c[-1]) for code, c in ordered)
    return tuple(CodeRow(code, b, a, count_chart(b, a, most)) for code, b, a in rows)


def _codes(answer: Answer | None) -> set[str]:
    return {f.code for f in answer.findings if f.outcome != "skipped"} if answer else set()
