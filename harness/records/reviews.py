"""Reads the review that a page exports: JSON Lines, as hostile input like every record."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.core.errors import HarnessError
from harness.core.review import AnswerKey, ReviewedAnswer
from harness.files.regular import read_regular
from harness.files.strict_json import MAX_MISTAKES, NotJson, decode, mistake, validator
from harness.records.runs import is_run_id

MAX_BYTES = 100_000_000
_AGAIN = "export the review from its page again"


def read_review(path: Path) -> tuple[ReviewedAnswer, ...]:
    """Read a review; unknown fields are ignored.

    Raises:
        HarnessError: one line ``file:line: what, what next`` for each of the first mistakes.
    """
    try:
        lines = read_regular(path, MAX_BYTES).split(b"\n")
    except FileNotFoundError as error:
        raise HarnessError(
            f"{path}: {error.strerror}, name what 'Export review' of a page saved"
        ) from None
    seen: dict[AnswerKey, int] = {}
    found: list[ReviewedAnswer] = []
    mistakes: list[str] = []
    for number, line in enumerate(lines, start=1):
        try:
            found += _answers(line, number, seen)
        except ValueError as error:
            mistakes.append(f"{path}:{number}: {error}, {_AGAIN}")
            if len(mistakes) == MAX_MISTAKES:
                break
    if mistakes:
        raise HarnessError(*mistakes)
    if not found:
        raise HarnessError(f"{path}: holds no reviewed answer, mark some on the page and {_AGAIN}")
    return tuple(found)


def _answers(line: bytes, number: int, seen: dict[AnswerKey, int]) -> Iterator[ReviewedAnswer]:
    """The answer of a line that is not empty.

    Raises:
        ValueError: it is none, or stands in the file twice.
    """
    if not line.strip():
        return
    try:
        value = decode(line)
        if not isinstance(value, dict):
            raise ValueError("is no object with an answer")
        answer = _validate()(value)
    except ValidationError as error:
        raise ValueError(mistake(error.errors()[0])) from None
    except NotJson as error:
        raise ValueError(f"is no JSON ({error})") from None
    if not is_run_id(answer.run):
        raise ValueError(f"run: {answer.run!r:.80} is no id of a run")
    if seen.setdefault(answer.key, number) != number:
        raise ValueError(f"the answer to {answer.case!r:.80} stands in line {seen[answer.key]} too")
    yield answer


@cache
def _validate() -> Callable[[Any], ReviewedAnswer]:
    return validator(TypeAdapter(ReviewedAnswer))
