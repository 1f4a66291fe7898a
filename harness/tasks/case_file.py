"""Adds a case to a task's ``cases.jsonl``: what stands there stays, byte by byte."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from harness.core.case import Case
from harness.core.errors import HarnessError
from harness.files.atomic import replaced
from harness.files.yaml_file import explain
from harness.tasks.task import case_of
from harness.tasks.task_file import CaseLine, TaskFile


def json_line(values: Mapping[str, object]) -> str:
    """A JSON object as one line, escaped where it could not be written, or another program would
    see several lines."""
    line = json.dumps(values, ensure_ascii=False)
    is_plain = line.isprintable() and len(line.splitlines()) == 1
    return line if is_plain else json.dumps(values)


def case_of_text(line: str, file: TaskFile) -> Case:
    """The case that a line would be for its task.

    Raises:
        HarnessError: it cannot stand there.
    """
    try:
        return case_of(CaseLine.model_validate_json(line), file)
    except ValidationError as error:
        raise HarnessError(explain(error.errors()[0], CaseLine)) from None


def append_line(file: Path, line: str) -> int:
    """Add a line to a file, which is replaced as a whole; returns the line's number, from 1.

    Raises:
        HarnessError: the file cannot be written.
    """
    try:
        before = file.read_bytes() if file.exists() else b""
        ending = b"\r\n" if before.partition(b"\n")[0].endswith(b"\r") else b"\n"
        gap = ending if before and not before.endswith(b"\n") else b""
        after = before + gap + line.encode() + ending
        with replaced(file) as stream:
            stream.write(after)
    except OSError as error:
        raise HarnessError(f"{file}: cannot be written ({error.strerror})") from None
    return after.count(b"\n")
