"""Reads example rows, inputs and answers, from JSON lines, a JSON list, CSV or Parquet."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.suggestion import did_you_mean
from harness.files.regular import read_regular
from harness.tasks.row_file import rows_of

ANSWERS = (
    *("reference", "answer", "completion", "output", "response", "expected", "target", "label"),
    *("assistant", "gold", "ideal", "json", "result"),
)
"""Columns that are taken for the answer, the first of these that every row has."""
MAX_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Row:
    """An example: what a case's prompt is made of, and the perfect answer."""

    answer: Any
    variables: Mapping[str, Any] = field(default_factory=dict)
    messages: tuple[Mapping[str, str], ...] = ()
    """The conversation, in place of variables."""


def read_rows(path: Path, answer: str | None = None) -> list[Row]:
    """The examples of a file: rows with an answer among their columns, cases of a task, or chats.

    Args:
        answer: the column with the answer; ``None``: found by its name.

    Raises:
        HarnessError: a line for each row that is none, or the columns say too little.
    """
    try:
        raw = read_regular(path)
    except OSError as error:
        raise HarnessError(f"--examples {path}: cannot be read ({error.strerror})") from None
    values = [*_values(path, raw)]
    if not values:
        raise HarnessError(f"--examples {path}: holds no row, write at least one")
    if wrong := [where for where, value in values if not isinstance(value, dict) or not value]:
        raise HarnessError(*(f"{where}: is no JSON object" for where in wrong[:MAX_SHOWN]))
    if answer is None and all(_is_case(value) for _, value in values):
        return [_case(value) for _, value in values]
    if answer is None and all(_is_chat(value) for _, value in values):
        return [_chat(value) for _, value in values]
    column = _answer_column(path, [value for _, value in values], answer)
    return [_row(where, value, column) for where, value in values]


def _values(path: Path, raw: bytes) -> Iterator[tuple[str, Any]]:
    """Each row with its place; the first broken one is an error."""
    try:
        for row in rows_of(path, raw):
            if row.problem:
                raise HarnessError(f"{row.where}: {row.problem}")
            yield row.where, row.value
    except HarnessError as error:
        raise HarnessError(*(f"--examples {mistake}" for mistake in error.mistakes)) from None


def _is_case(value: Mapping[str, Any]) -> bool:
    return "reference" in value and isinstance(value.get("variables"), dict)


def _case(value: Mapping[str, Any]) -> Row:
    return Row(value["reference"], _named("variables", value["variables"]))


def _is_chat(value: Mapping[str, Any]) -> bool:
    messages = value.get("messages")
    if not isinstance(messages, list) or len(messages) < 2:
        return False
    are_sound = all(
        isinstance(m, dict) and isinstance(m.get("role"), str) and isinstance(m.get("content"), str)
        for m in messages
    )
    return are_sound and [m["role"] for m in messages[-2:]] == ["user", "assistant"]


def _chat(value: Mapping[str, Any]) -> Row:
    asked = ({"role": m["role"], "content": m["content"]} for m in value["messages"][:-1])
    return Row(value["messages"][-1]["content"], messages=tuple(asked))


def _answer_column(path: Path, rows: Sequence[Mapping[str, Any]], named: str | None) -> str:
    common = [name for name in rows[0] if all(name in row for row in rows)]
    if named is not None:
        if named not in common:
            hint = did_you_mean(named, common, f"all rows have: {', '.join(common) or 'none'}")
            raise HarnessError(f"--answer {named}: not every row of {path} has it, {hint}")
        return named
    known = next((name for name in ANSWERS if name in map(str.lower, common)), None)
    found = next((name for name in common if name.lower() == known), None)
    if found is None and len(common) == 2 and all(len(row) == 2 for row in rows):
        found = common[1]
    if found is None or len(common) < 2:
        there = ", ".join(common) or "none"
        raise HarnessError(
            f"--examples {path}: which column is the answer? name it with --answer NAME "
            f"(all rows have: {there})"
        )
    return found


def _row(where: str, value: Mapping[str, Any], answer: str) -> Row:
    rest = {name: part for name, part in value.items() if name != answer and name != "id"}
    if not rest:
        raise HarnessError(f"{where}: has the answer alone, nothing to ask")
    return Row(value[answer], _named(where, rest))


def _named(where: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values under names that a prompt's ``{name}`` can have."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        own = re.sub(r"\W+", "_", name).strip("_") or "text"
        if own in found:
            raise HarnessError(f"{where}: two columns would be {{{own}}} in a prompt, rename one")
        found[own] = value
    return found
