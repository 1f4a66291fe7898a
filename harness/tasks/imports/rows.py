"""The values that an import is made of: what a benchmark's file gives, and what comes of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from harness.checks.json.wording import show
from harness.core.errors import HarnessError
from harness.files.strict_json import NotJson, decode
from harness.tasks.imports.source import Source, Unreadable
from harness.tasks.row_file import SUFFIXES, rows_of


class RowRefused(Exception):
    """A row is no case; the message says why, in one line, without its place."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row, or a whole file, that no case was made of."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportedCase:
    """A line of ``cases.jsonl``, and where it comes from."""

    where: str
    values: Mapping[str, Any]
    answers: tuple[Mapping[str, Any], ...] = ()
    """Answers whose verdict the benchmark gives, as ``harness judge`` reads them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Answers that are judged here otherwise than by a benchmark's own program."""

    about: str
    official: str
    """What its program says of them."""
    here: str
    why: str

    def __str__(self) -> str:
        return f"{self.about}. Official: {self.official}. Here: {self.here}, {self.why}."


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The rows of a source as cases of a task."""

    title: str
    task: Mapping[str, Any]
    """``task.yaml``, without ``required``."""
    found: Iterator[ImportedCase | Refused]
    """Read as they are asked for."""
    differences: tuple[Difference, ...] = ()
    required: tuple[str, ...] = ()
    """Behaviors that make up the whole verdict, as far as they apply."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Further files of the task's folder, by name."""


MakeCase = Callable[[Mapping[str, Any], int], Mapping[str, Any]]
"""A line of ``cases.jsonl`` from a row and its number in its file, from 1; raises RowRefused."""


def cases_of(source: Source, names: list[str], case: MakeCase) -> Iterator[ImportedCase | Refused]:
    """The cases that ``case`` makes of the rows of files, and the rows that it refuses."""
    for name in names:
        yield from _cases_of_file(source, name, case)


def _cases_of_file(source: Source, name: str, case: MakeCase) -> Iterator[ImportedCase | Refused]:
    try:
        raw = source.read(name)
    except Unreadable as error:
        yield Refused(name, str(error))
        return
    path = source.place(name)
    for number, row in enumerate(rows_of(path, raw), 1):
        where = name + row.where.removeprefix(str(path))
        if row.problem:
            yield Refused(where, row.problem)
            continue
        try:
            yield ImportedCase(where, case(as_object(row.value), number))
        except RowRefused as error:
            yield Refused(where, str(error))
        except RecursionError:
            yield Refused(where, "is nested too deep")


def as_object(value: Any) -> Mapping[str, Any]:
    """The value, where it is an object."""
    if not isinstance(value, dict):
        raise RowRefused("is no JSON object")
    return value


def text_of(row: Mapping[str, Any], key: str) -> str:
    """The text under a key, which is not blank."""
    if key not in row:
        raise RowRefused(f"has no {key}")
    value = row[key]
    if not isinstance(value, str) or not value.strip():
        raise RowRefused(f"{key}: expected a text, found {show(value)}")
    return value


def from_text(row: Mapping[str, Any], key: str) -> Any:
    """The value under a key, which may be written as a JSON text."""
    value = row.get(key)
    if not isinstance(value, str):
        return value
    try:
        return decode(value.encode("utf-8", "surrogatepass"))
    except NotJson as error:
        raise RowRefused(f"{key}: a text that is not valid JSON: {error}") from None


def schema_of(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The schema under a key, an object or its text: never the name of a file."""
    value = from_text(row, key)
    if not isinstance(value, dict):
        raise RowRefused(f"{key}: expected a JSON Schema, found {show(value)}")
    return value


def row_files(source: Source, folder: str, like: str) -> list[str]:
    """The files with rows in a folder of a source, or the one file that was named.

    Raises:
        HarnessError: there is none; ``like`` says where it should be.
    """
    if not source.path.is_dir():
        return list(source.names)
    found = [n for n in source.below(folder) if PurePosixPath(n).suffix.lower() in SUFFIXES]
    if not found:
        raise HarnessError(f"{source.path}: has no {like}, name the file with the rows")
    return found
