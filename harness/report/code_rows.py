"""Failure codes and how many cases each was given to, before and after."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from harness.report.answers import ShownCase
from harness.report.charts import count_chart


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One failure code: the cases in which any behavior gave it."""

    code: str
    before: int | None
    after: int
    chart: Markup


def code_rows(cases: Iterable[ShownCase]) -> tuple[CodeRow, ...]:
    """The codes of these cases, the most frequent first."""
    counts: dict[str, list[int]] = {}
    sides = 1
    for case in cases:
        sides = len(case.answers)
        for side, answer in enumerate(case.answers):
            for code in (
                {f.code for f in answer.findings if f.outcome != "skipped"} if answer else ()
            ):
                counts.setdefault(code, [0] * sides)[side] += 1
    most = max((max(c) for c in counts.values()), default=0)
    ordered = sorted(counts.items(), key=lambda item: (-max(item[1]), item[0]))
    rows = ((code, c[0] if sides == 2 else None, c[-1]) for code, c in ordered)
    return tuple(CodeRow(code, b, a, count_chart(b, a, most)) for code, b, a in rows)
