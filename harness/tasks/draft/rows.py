"""Reads example rows, inputs and answers, from JSON lines, a JSON list or CSV."""

import csv
import io
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.suggestion import did_you_mean
from harness.files.regular import read_regular
from harness.files.strict_json import NotJson, decode

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
        raw = read_regular(path).removeprefix(BOM_UTF8)
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
    """Each row with its place."""
    if path.suffix.lower() in (".csv", ".tsv"):
        yield from _table(path, raw)
        return
    if raw.lstrip()[:1] == b"[":
        for number, value in enumerate(_decoded(path, raw, 1), 1):
            yield f"{path}: row {number}", value
        return
    for number, line in enumerate(raw.splitlines(), 1):
        if line.strip():
            yield f"{path}:{number}", _decoded(path, line, number)


def _decoded(path: Path, text: bytes, line: int) -> Any:
    """The JSON value that begins on a line of the file."""
    try:
        return decode(text)
    except NotJson as error:
        raise HarnessError(
            f"--examples {path}:{line + error.line - 1}: not valid JSON: {error}"
        ) from None


def _table(path: Path, raw: bytes) -> Iterator[tuple[str, Any]]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise HarnessError(f"--examples {path}: is not UTF-8 ({error}), save it as such") from None
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        _require_different(path, reader.fieldnames or ())
        for row in reader:
            if None in row or None in row.values():
                raise HarnessError(f"{path}:{reader.line_num}: has not as many cells as columns")
            yield f"{path}:{reader.line_num}", row
    except csv.Error as error:
        raise HarnessError(f"{path}:{reader.line_num}: no CSV: {error}") from None


def _require_different(path: Path, columns: Sequence[str]) -> None:
    if twice := [name for name in columns if columns.count(name) > 1]:
        raise HarnessError(f"--examples {path}: has the column {twice[0]!r} twice, name it anew")


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
