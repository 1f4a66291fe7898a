"""The grade of a task on the terminal, for every command that gives one."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from harness.tasks.check.grading import BehaviorGrade, Mistake, TaskGrade, WordingCounts

BROKEN = 1
"""Exit code of a task that is not sound."""
MAX_MISTAKES = 20
"""Mistakes shown on the terminal; the rest are counted, and --json lists all."""


def print_grade(grade: "TaskGrade", *, has_tables: bool = True) -> None:
    """Print its tables, its mistakes, and the line that says if the task is sound."""
    from rich.console import Group

    from harness.report.console.output import say
    from harness.report.console.screen import show

    if grade.behaviors and has_tables:
        show(Group(_behaviors(grade), "", _corruptions(grade), ""), 100)
    wordings = [_wordings(grade.wordings)] if grade.cases else []
    notes = (f"note: {note}" for note in grade.notes)
    say(*_mistakes(grade.mistakes), *notes, *wordings, _verdict(grade))


def _behaviors(grade: "TaskGrade") -> "Table":
    table = _table("behavior", "references pass", "corruptions that break it")
    for row in grade.behaviors:
        if row.applies:
            table.add_row(row.behavior, _passing(row), f"{row.corruptions:,}")
        else:
            table.add_row(row.behavior, "does not apply", "")
    return table


def _passing(row: "BehaviorGrade") -> str:
    skipped = f", {row.skipped:,} skipped" if row.skipped else ""
    return f"{_of(row.passed, row.passed + row.failed)}{skipped}"


def _corruptions(grade: "TaskGrade") -> "Table":
    table = _table("corrupted reference", "judged right", "must fail")
    table.columns[2].justify = "left"
    table.columns[2].no_wrap = False
    for row in grade.corruptions:
        judged = _of(row.right, row.made) if row.made else "has no place"
        if row.made and row.untried:
            judged += f", {row.untried:,} not tried"
        table.add_row(row.defect, judged, ", ".join(row.breaks))
    return table


def _table(*heads: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for index, head in enumerate(heads):
        table.add_column(head, justify="right" if index else "left", no_wrap=True)
    return table


def _of(count: int, whole: int) -> str:
    return f"{count:,} of {whole:,}"


def _mistakes(mistakes: "Sequence[Mistake]") -> Iterator[str]:
    for mistake in mistakes[:MAX_MISTAKES]:
        case = f"case {mistake.case_id}: " if mistake.case_id else ""
        defect = f"corruption '{mistake.corruption}': " if mistake.corruption else ""
        yield f"{case}{defect}{mistake.text}"
    if len(mistakes) > MAX_MISTAKES:
        yield f"and {len(mistakes) - MAX_MISTAKES:,} more mistakes"


def _wordings(found: "WordingCounts") -> str:
    """The bound that the task's wordings can give for new ones, at best."""
    from harness.report.words.numbers import plural
    from harness.stats.intervals import CONFIDENCE
    from harness.stats.wordings import WORDING_MARGIN, unseen_drop, wordings_for

    fewest, most = found.fewest_cases, found.most_cases
    spread = "" if fewest == most else f"{fewest:,} to "
    drop, needed = unseen_drop(found.wordings), wordings_for()
    enough = "would bound" if found.wordings < needed else "bound"
    return (
        f"{plural(found.wordings, 'wording')}, {spread}{plural(most, 'case')} each: "
        f"where none of them breaks, a drop of up to {100 * drop:.1f} points over new wordings is "
        f"not ruled out ({CONFIDENCE:.0%}); {needed} {enough} it at {100 * WORDING_MARGIN:g}"
    )


def _verdict(grade: "TaskGrade") -> str:
    if not grade.is_sound:
        count = len(grade.mistakes)
        return f"{grade.folder}: broken, {count:,} {'mistake' if count == 1 else 'mistakes'}"
    references = _of(grade.references, grade.cases)
    corruptions = sum(row.made for row in grade.corruptions)
    untried = sum(row.untried for row in grade.corruptions)
    return (
        f"{grade.folder}: sound, {references} references pass, "
        f"{_of(corruptions, corruptions)} corrupted references fail as they should"
        + (f", {untried:,} not tried: the reference has no place for the defect" if untried else "")
    )
