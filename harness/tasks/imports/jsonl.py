"""Rows of one's own, in a file with named columns: JSON lines, a JSON list, CSV, TSV or Parquet."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from harness.checks.json.wording import show
from harness.core.answer_formats import VALUE_FORMATS
from harness.core.errors import HarnessError
from harness.core.suggestion import did_you_mean
from harness.files.regular import read_regular
from harness.files.strict_json import NotJson, decode
from harness.tasks.imports.rows import (
    Benchmark,
    RowRefused,
    cases_of,
    from_text,
    schema_of,
    text_of,
)
from harness.tasks.imports.source import Source
from harness.tasks.row_file import rows_of
from harness.tasks.task_file import VARIABLE

SCHEMA_FILE = "schema.json"
_LOOKED_AT = 100
"""Rows whose keys are the columns that a name is looked for in."""
_REQUIRED = {
    "json": ("json_validity", "schema_types"),
    "jsonl": ("jsonl_validity", "schema_types"),
    "yaml": ("yaml_validity", "schema_types"),
    "csv": ("csv_validity", "schema_types"),
    "text": ("stops_cleanly", "repetition"),
    "python": ("python_parses",),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that the parts of a case stand in, as a person named them."""

    prompt: str = "prompt"
    """A column, or a text with ``{column}`` in it."""
    messages: str | None = None
    """A column with a conversation, in place of the prompt."""
    reference: str | None = None
    schema: str | None = None
    """A column, or a file with the schema of all answers."""
    id: str | None = None
    tags: tuple[str, ...] = ()

    def named(self) -> Iterator[tuple[str, str]]:
        """Each option with the column that it names; texts and files apart."""
        if self.messages:
            yield "--messages", self.messages
        else:
            found = VARIABLE.findall(self.prompt)
            yield from (("--prompt", name) for name in found or [self.prompt])
        options = {"--reference": self.reference, "--id": self.id}
        if self.schema and not Path(self.schema).is_file():
            options["--schema"] = self.schema
        yield from ((option, name) for option, name in options.items() if name)
        yield from (("--tag-column", name) for name in self.tags)


def jsonl(
    source: Source,
    columns: Columns,
    form: str = "json",
    system: str | None = None,
    max_new_tokens: int | None = None,
) -> Benchmark:
    """The rows of one file as cases.

    Raises:
        HarnessError: the source is a folder, or no row has a column that was named.
    """
    if source.path.is_dir():
        raise HarnessError(f"{source.path}: is a folder, name the file with the rows")
    (name,) = source.names
    _require_columns(source.path, columns)
    schema = _schema_file(columns.schema)
    output: dict[str, Any] = {"format": form}
    if schema is not None:
        output["schema"] = SCHEMA_FILE
    budgets = {}
    if columns.reference and form in VALUE_FORMATS:
        output |= {"leaf_values": True, "exact": [""]}
        budgets = {"leaf_values": 0.8, "exact_fields": 0.5}
    is_text = not columns.messages
    task = {
        "description": f"Rows of {source.path.name}",
        **({"system": system} if system and is_text else {}),
        **({"prompt": _template(columns.prompt)} if is_text else {}),
        "output": output,
        "sampling": {"max_new_tokens": max_new_tokens or 512, "temperature": 0},
        **({"budgets": budgets} if budgets else {}),
    }
    making = _Making(columns, form, has_own_schema=columns.schema is not None and schema is None)
    files = {} if schema is None else {SCHEMA_FILE: json.dumps(schema, indent=2) + "\n"}
    return Benchmark(
        title=f"Rows of {source.path.name}",
        task=task,
        found=cases_of(source, [name], making.case_of_row),
        required=_REQUIRED[form],
        files=files,
    )


def _template(prompt: str) -> str:
    return prompt if VARIABLE.search(prompt) else f"{{{prompt}}}"


def _require_columns(path: Path, columns: Columns) -> None:
    raw = read_regular(path)
    rows = [row.value for row in islice(rows_of(path, raw), _LOOKED_AT)]
    known = [*dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row)]
    for option, name in columns.named():
        if known and name not in known:
            hint = did_you_mean(name, known, f"its columns are {', '.join(known)}")
            raise HarnessError(f"{option} {name}: {path} has no such column, {hint}")
    if not (columns.messages or VARIABLE.search(_template(columns.prompt))):
        raise HarnessError(
            f"--prompt {columns.prompt}: such a name has no place in a prompt, rename the column"
        )


def _schema_file(name: str | None) -> Any:
    """The schema in a file, ``None`` where no file is named.

    Raises:
        HarnessError: it holds none.
    """
    if name is None or not Path(name).is_file():
        return None
    try:
        found = decode(read_regular(Path(name)))
    except NotJson as error:
        raise HarnessError(f"--schema {name}:{error.line}: not valid JSON: {error}") from None
    if not isinstance(found, dict):
        raise HarnessError(f"--schema {name}: expected a JSON Schema, found {show(found)}")
    return found


@dataclass(frozen=True, slots=True)
class _Making:
    """Makes cases of rows."""

    columns: Columns
    form: str
    has_own_schema: bool

    def case_of_row(self, row: Mapping[str, Any], number: int) -> Mapping[str, Any]:
        columns = self.columns
        name = row.get(columns.id) if columns.id else None
        if columns.id and not isinstance(name, str | int):
            raise RowRefused(f"{columns.id}: expected an id, found {show(name)}")
        values: dict[str, Any] = {"id": str(number if name is None else name), **self._asked(row)}
        if tags := [f"{key}:{row[key]}" for key in columns.tags if row.get(key) not in (None, "")]:
            values["tags"] = tags
        if columns.reference and row.get(columns.reference) not in (None, ""):
            values["reference"] = self._reference(row, columns.reference)
        if self.has_own_schema and columns.schema:
            values["schema"] = schema_of(row, columns.schema)
        return values

    def _asked(self, row: Mapping[str, Any]) -> dict[str, Any]:
        if self.columns.messages:
            return {"messages": from_text(row, self.columns.messages)}
        names = VARIABLE.findall(_template(self.columns.prompt))
        if len(names) == 1:
            return {"variables": {names[0]: text_of(row, names[0])}}
        if lacking := [name for name in names if row.get(name) is None]:
            raise RowRefused(f"has no {lacking[0]}")
        return {"variables": {name: row[name] for name in names}}

    def _reference(self, row: Mapping[str, Any], key: str) -> Any:
        if self.form in VALUE_FORMATS:
            return from_text(row, key)
        return text_of(row, key)
