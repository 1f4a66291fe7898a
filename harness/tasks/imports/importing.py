"""Writes the folder of an imported task, whole or not at all, and grades it as ``task check``
does.

A row that no answer could pass is refused like one that is broken: what is left is a sound task.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from harness.checks import listing
from harness.core.case import Case
from harness.core.errors import HarnessError
from harness.files.staging import staged
from harness.tasks.case_file import case_of_text, json_line
from harness.tasks.case_output import CaseOutputs
from harness.tasks.check.grading import TaskGrade, check_task
from harness.tasks.imports.notice import NOTICE_FILE, notice
from harness.tasks.imports.rows import Benchmark, ImportedCase, Refused
from harness.tasks.imports.source import Source
from harness.tasks.task import CASES_FILE, TASK_FILE
from harness.tasks.task_file import TaskFile

ANSWERS_FILE = "answers.jsonl"
MAX_CASE_BYTES = 8_000_000
"""A longer case would be no prompt."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The outcome of an import."""

    folder: Path
    rows: int
    """Rows that were read."""
    cases: int
    without_tag: int
    """Rows that would be cases, and do not have the tags that were asked for."""
    refused: tuple[Refused, ...]
    grade: TaskGrade
    commit: str | None
    licence: str | None
    """The first line of its text."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A case that can stand in ``cases.jsonl``."""

    found: ImportedCase
    case: Case
    text: str


def import_task(
    benchmark: Benchmark,
    source: Source,
    folder: Path,
    *,
    limit: int | None = None,
    tags: Sequence[str] = (),
) -> Imported:
    """Write the task of a benchmark's rows.

    Args:
        benchmark: the rows, and the rest of the task.
        source: where they are read from.
        folder: the task's; nothing must be there.
        limit: the most cases; the first ones are taken.
        tags: only cases with each of these.

    Raises:
        HarnessError: something is there, no row is left, or the disk refuses.
    """
    if folder.exists() or folder.is_symlink():
        raise HarnessError(f"-o {folder}: is there already, name another folder or move it away")
    file = TaskFile.model_validate(benchmark.task)
    reading = _Reading(benchmark, file, frozenset(tags))
    lines = [*islice(reading.lines(), limit)]
    _require_cases(lines, reading, source)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HarnessError(f"-o {folder}: cannot be written ({error.strerror})") from None
    with staged(folder) as staging:
        made = staging.path("folder") / folder.name
        made.mkdir(parents=True)
        _write(made, benchmark, file, lines)
        grade = check_task(made)
        if unfit := _unfit(grade, lines):
            reading.refused += unfit.values()
            lines = [line for line in lines if line.case.id not in unfit]
            _require_cases(lines, reading, source)
            _write(made, benchmark, file, lines)
            grade = check_task(made)
        licence = source.licence()
        done = Imported(
            folder=folder,
            rows=reading.rows,
            cases=len(lines),
            without_tag=reading.without_tag,
            refused=tuple(reading.refused),
            grade=replace(grade, folder=folder),
            commit=source.commit(),
            licence=licence.title if licence else None,
        )
        text = notice(benchmark, source, done.rows, done.cases, reading.refused)
        (made / NOTICE_FILE).write_text(text, "utf-8", "surrogateescape")
        made.rename(folder)
    return done


class _Reading:
    """The rows of a benchmark while they are read."""

    def __init__(self, benchmark: Benchmark, file: TaskFile, tags: frozenset[str]) -> None:
        self.benchmark = benchmark
        self.file = file
        self.tags = tags
        self.rows = 0
        self.without_tag = 0
        self.refused: list[Refused] = []
        self.place_of: dict[str, str] = {}

    def lines(self) -> Iterator[_Line]:
        """The cases that can stand in the task; the others are noted."""
        for found in self.benchmark.found:
            self.rows += 1
            line = found if isinstance(found, Refused) else self._line(found)
            if isinstance(line, Refused):
                self.refused.append(line)
            elif self.tags <= {*line.case.tags}:
                yield line
            else:
                self.without_tag += 1

    def _line(self, found: ImportedCase) -> _Line | Refused:
        try:
            text = json_line(found.values)
            if len(text) > MAX_CASE_BYTES:
                return Refused(found.where, f"is longer than {MAX_CASE_BYTES // 10**6} MB")
            case = case_of_text(text, self.file)
        except HarnessError as error:
            return Refused(found.where, str(error))
        except (TypeError, ValueError) as error:
            return Refused(found.where, f"holds what JSON has not ({error!s:.100})")
        first = self.place_of.setdefault(case.id, found.where)
        if first != found.where:
            return Refused(found.where, f"the id {case.id!r:.80} is also that of {first}")
        return _Line(found, case, text)


def _require_cases(lines: Sequence[_Line], reading: _Reading, source: Source) -> None:
    if lines:
        return
    if reading.without_tag:
        tags = " and ".join(sorted(reading.tags))
        raise HarnessError(f"--tag {tags}: no case of {source.path} has it")
    refused = reading.refused
    if not refused:
        raise HarnessError(f"{source.path}: holds no row, name the file that has them")
    first = refused[0]
    raise HarnessError(
        f"{source.path}: no case can be made of its rows, {len(refused):,} are refused; "
        f"the first one: {first.where}: {first.reason}"
    )


def _unfit(grade: TaskGrade, lines: Iterable[_Line]) -> dict[str, Refused]:
    """By id: the cases that make the task unsound."""
    where = {line.case.id: line.found.where for line in lines}
    unfit: dict[str, Refused] = {}
    for mistake in grade.mistakes:
        if mistake.case_id in where:
            what = f"{mistake.corruption}: " if mistake.corruption else ""
            refused = Refused(where[mistake.case_id], f"{what}{mistake.text}")
            unfit.setdefault(mistake.case_id, refused)
    return unfit


def _write(folder: Path, benchmark: Benchmark, file: TaskFile, lines: Sequence[_Line]) -> None:
    declared = CaseOutputs(file.output).declares({line.case.declared for line in lines})
    required = [n for n in benchmark.required if listing()[n].needs <= declared]
    described = {**benchmark.task, **({"required": required} if required else {})}
    text = yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=100)
    head = f"# Made by harness task import; where it comes from stands in {NOTICE_FILE}.\n"
    (folder / TASK_FILE).write_text(head + text, "utf-8")
    for name, content in benchmark.files.items():
        (folder / name).write_text(content, "utf-8")
    cases = "".join(f"{line.text}\n" for line in lines)
    (folder / CASES_FILE).write_text(cases, "utf-8")
    answers: list[Any] = [answer for line in lines for answer in line.found.answers]
    if answers:
        text = "".join(f"{json.dumps(answer)}\n" for answer in answers)
        (folder / ANSWERS_FILE).write_text(text, "utf-8")
