"""Says in lines what a look at training rows found."""

from collections.abc import Iterator

from harness.report.words.numbers import percent, plural
from harness.tasks.task import Task
from trainers.data.check import DataCheck
from trainers.data.row_text import characters
from trainers.data.summary import reasons

MAX_EXAMPLES = 3
"""Faulty rows of one kind that are shown; the rest are counted."""

Lines = Iterator[tuple[str, str]]


def check_lines(found: DataCheck, task: Task) -> list[tuple[str, str]]:
    """Name and text of each line."""
    return [
        *(("read", f"{f.path}: {f.shape}; {plural(f.rows, 'row')}") for f in found.files),
        *reasons("left out", [r for r in found.refused if not r.is_mistake]),
        *reasons("wrong", found.mistakes),
        *_sizes(found),
        *_ambiguous(found),
        *_failed(found),
        *_leaks(found, task),
        ("verdict", _verdict(found, task)),
    ]


def _sizes(found: DataCheck) -> Lines:
    if not found.rows:
        return
    sizes = characters(found.rows)
    yield (
        "lengths",
        f"prompts {sizes['prompt_median']:,} characters, at most {sizes['prompt_longest']:,}; "
        f"answers {sizes['answer_median']:,}, at most {sizes['answer_longest']:,}",
    )
    (answer, count), *_ = found.answers.most_common(1)
    share = percent(count / len(found.rows))
    yield (
        "balance",
        f"{len(found.answers):,} different answers, the most frequent has {share} of the rows: "
        f"{answer:.60}",
    )


def _ambiguous(found: DataCheck) -> Lines:
    if count := len(found.ambiguous):
        verb = "has" if count == 1 else "have"
        yield "ambiguous", f"{plural(count, 'row')} {verb} the prompt of another and another answer"
    for first, row in found.ambiguous[:MAX_EXAMPLES]:
        yield "", f"{row.where} and {first.where}"


def _failed(found: DataCheck) -> Lines:
    for behavior, count in found.by_behavior.most_common():
        yield "fails", f"{behavior}: {plural(count, 'answer')}"
        own = [failure for failure in found.failed if failure.behavior == behavior]
        for failure in own[:MAX_EXAMPLES]:
            yield "", f"{failure.where}: {failure.reason}"


def _leaks(found: DataCheck, task: Task) -> Lines:
    if count := len(found.leaks):
        verb = "is" if count == 1 else "are"
        cases = plural(len(task.cases), "case")
        first = found.leaks[0]
        yield (
            "cases",
            f"{count:,} of the {cases} of {task.name} {verb} among the rows "
            f"({found.rows[first.rows[0]].where} is {first.case_id})",
        )


def _verdict(found: DataCheck, task: Task) -> str:
    rows = plural(len(found.rows), "row")
    if found.is_sound:
        return f"sound: the answers of {rows} pass the behaviors of {task.name}"
    return f"not sound: {rows}, with the faults above"
