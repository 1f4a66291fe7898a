"""Makes the starred cases of a review must-pass cases of their tasks.

A case that the task has gets ``"must_pass": true`` in its line; a drawn case of the run gets a line
of its own. All else in ``cases.jsonl`` stays, byte by byte.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.core.errors import HarnessError
from harness.core.record import RunRecord, Sample
from harness.core.review import ReviewedAnswer
from harness.files.atomic import write_whole
from harness.files.strict_json import NotJson, decode
from harness.tasks.case_file import append_line, case_of_text
from harness.tasks.generate.promotion import line_of_sample
from harness.tasks.generate.stored import generated_samples
from harness.tasks.kept import require_own
from harness.tasks.task import CASES_FILE, Task, find_tasks

_FALSE = re.compile(r'("must_pass"\s*:\s*)false')


@dataclass(frozen=True, slots=True)
class MustPassCase:
    """A case that must pass, and its line."""

    task: str
    case: str
    file: Path
    line: int
    """Line number in the file, from 1."""
    change: Literal["marked", "added", "none"]
    """``none`` where it had to pass before."""


def require_starred(
    review: Iterable[ReviewedAnswer],
    tasks_dir: Path,
    run_of: Callable[[str], RunRecord],
    *,
    task: str | None = None,
) -> list[MustPassCase]:
    """Have every starred case pass from then on, of all tasks or of one.

    Args:
        review: the answers with their stars.
        tasks_dir: the folder of task folders.
        run_of: reads the run of an id; asked only for cases that no task has.
        task: the only task to change.

    Raises:
        HarnessError: no case has a star, one is neither its task's nor drawn, or a file cannot be
            read or written. Nothing was changed then, but by a disk that failed.
    """
    starred: dict[str, dict[str, ReviewedAnswer]] = {}
    for answer in review:
        if answer.must_pass and task in (None, answer.task):
            starred.setdefault(answer.task, {}).setdefault(answer.case, answer)
    if not starred:
        of = f" of {task}" if task else ""
        raise HarnessError(f"the review has no star on a case{of}: set one on the page")
    tasks = {found.name: found for found in find_tasks(tasks_dir, tuple(starred))}
    changes = [_Change.of(tasks[name], cases, run_of) for name, cases in starred.items()]
    return [found for change in changes for found in change.done()]


@dataclass(frozen=True, slots=True)
class _Change:
    """The change of one task's file."""

    task: str
    file: Path
    lines: tuple[bytes, ...]
    """The whole file, its own cases changed."""
    cases: tuple[tuple[str, int, bool], ...]
    """The task's own: id, index of the line, and True where it is changed."""
    drawn: tuple[tuple[str, str], ...]
    """Id and line of each case to append."""

    @classmethod
    def of(
        cls,
        task: Task,
        starred: dict[str, ReviewedAnswer],
        run_of: Callable[[str], RunRecord],
    ) -> "_Change":
        require_own(task.path)
        file = (task.path / CASES_FILE).resolve()
        lines = file.read_bytes().split(b"\n")
        own, cases = dict(_ids(lines)), []
        for name in starred:
            if name in own:
                place = own[name]
                changed = _marked(lines[place], task.path / CASES_FILE, place)
                cases.append((name, place, changed != lines[place]))
                lines[place] = changed
        others = [a for name, a in starred.items() if name not in own]
        drawn = tuple((a.case, _drawn_line(_sample(a, run_of), task)) for a in others)
        return cls(task.name, task.path / CASES_FILE, tuple(lines), tuple(cases), drawn)

    def done(self) -> Iterator[MustPassCase]:
        """Write the file."""
        if any(is_changed for _, _, is_changed in self.cases):
            try:
                write_whole(self.file.resolve(), [b"\n".join(self.lines)])
            except OSError as error:
                raise HarnessError(f"{self.file}: cannot be written ({error.strerror})") from None
        for name, place, is_changed in self.cases:
            change: Literal["marked", "none"] = "marked" if is_changed else "none"
            yield MustPassCase(self.task, name, self.file, place + 1, change)
        for name, line in self.drawn:
            number = append_line(self.file.resolve(), line)
            yield MustPassCase(self.task, name, self.file, number, "added")


def _ids(lines: Iterable[bytes]) -> Iterator[tuple[str, int]]:
    """The id and the index of each line; the file is sound."""
    for place, line in enumerate(lines):
        if line.strip():
            yield decode(line)["id"], place


def _marked(line: bytes, file: Path, place: int) -> bytes:
    """The line with ``must_pass``, and nothing else of it changed.

    Raises:
        HarnessError: it cannot be made without writing the line anew.
    """
    values = decode(line)
    if values.get("must_pass") is True:
        return line
    text = line.decode()
    body = text.rstrip()
    end = text[len(body) :]
    candidates = (
        f'{body[:-1].rstrip()}, "must_pass": true}}{end}',
        _FALSE.sub(r"\1true", text, count=1),
    )
    for found in candidates:
        if _value(found) == {**values, "must_pass": True}:
            return found.encode()
    raise HarnessError(f'{file}:{place + 1}: write "must_pass": true there by hand')


def _value(text: str) -> Any:
    """The JSON value; ``None`` where it is none, or has a key twice."""
    try:
        return decode(text.encode(), has_unique_keys=True)
    except NotJson:
        return None


def _sample(answer: ReviewedAnswer, run_of: Callable[[str], RunRecord]) -> Sample:
    """The drawn case of the run that the review is about."""
    for sample in generated_samples(run_of(answer.run)):
        if (sample.task, sample.case_id) == (answer.task, answer.case):
            return sample
    raise HarnessError(
        f"{answer.case}: {answer.task} has no such case, and run {answer.run} drew none of that id"
    )


def _drawn_line(sample: Sample, task: Task) -> str:
    line = line_of_sample(sample, must_pass=True)
    try:
        case_of_text(line, task.file)
    except HarnessError as error:
        raise HarnessError(f"{sample.case_id}: {error}") from None
    return line
