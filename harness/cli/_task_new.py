"""``harness task new``: drafts a task from a prompt and fields, a schema, or example rows."""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._document import json_option, say_document
from harness.cli._folders import tasks_dir_option
from harness.cli._paths import PathType
from harness.core.answer_formats import FORMATS_OF_TEXT, VALUE_FORMATS
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.tasks.draft.draft import Draft

FORMATS = (*VALUE_FORMATS, *FORMATS_OF_TEXT)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_FILE = PathType(path_type=Path)
_FIELDS = "such as 'vendor, total:number, due:date, note?'"
_ASKED = {
    "json": f"Fields, {_FIELDS}",
    "yaml": f"Fields, {_FIELDS}",
    "jsonl": f"Fields of a line, {_FIELDS}",
    "csv": f"Columns, {_FIELDS}",
    "text": "Headings of every answer, with commas between (Enter: none)",
    "python": "Name of the function to write",
}
_WANTED = (
    "say what a good answer is: --fields 'vendor, total:number', --schema FILE, "
    "--pydantic FILE.py:CLASS, --examples FILE, or --format text"
)
WORDINGS = 59
"""Wordings of which none breaks bound the drop over new ones at 5 points."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the command was told of the task."""

    prompt: str | None = None
    format: str | None = None
    fields: str | None = None
    schema: Path | None = None
    pydantic: str | None = None
    examples: Path | None = None
    answer: str | None = None

    @property
    def is_of_values(self) -> bool:
        """Answers are values, as they are where no format is named."""
        return self.format is None or self.format in VALUE_FORMATS

    @property
    def says_too_little(self) -> bool:
        """Neither a form of answers is given nor examples of them."""
        sources = (self.fields, self.schema, self.pydantic, self.examples)
        return self.is_of_values and not any(sources)


@click.command()
@click.argument("name")
@click.option("--prompt", metavar="TEXT", help="The prompt; {text} is the case's own part.")
@click.option("--format", type=click.Choice(FORMATS), help="The form of answers. [default: json]")
@click.option(
    "--fields",
    metavar="FIELDS",
    help="'vendor, total:number, currency:EUR|USD, due:date, tags:text[], note?', of a line in "
    "jsonl, the columns in csv; a text's headings; the name of a function.",
)
@click.option("--schema", type=_FILE, metavar="FILE", help="A JSON Schema of the answers.")
@click.option("--pydantic", metavar="FILE.py:CLASS", help="A Pydantic model of the answers.")
@click.option(
    "--examples", type=_FILE, metavar="FILE", help="Rows with an answer: JSON lines, JSON or CSV."
)
@click.option("--answer", metavar="COLUMN", help="The column of --examples with the answer.")
@tasks_dir_option
@json_option
def new(name: str, tasks_dir: Path | None, is_json: bool, **options: Any) -> None:
    """Write the task NAME: task.yaml, cases.jsonl and, unless answers are text, schema.json.

    \b
    harness task new invoices --fields 'vendor, total:number, due:date'
    harness task new ledger --format csv --fields 'vendor, total:number, due:date'
    harness task new invoices --pydantic models.py:Invoice
    harness task new invoices --examples ten_rows.jsonl

    Without options it asks. Examples become the cases, and their answers the references; without
    them three cases are made up. What the references do not keep to is not declared.
    """
    from harness.run.settings import project_settings
    from harness.tasks.draft.writing import settled, write_task

    if not _NAME.fullmatch(name):
        raise HarnessError(
            f"{name!r:.80}: no name of a task, use at most 100 letters, digits, '_', '-' and '.'"
        )
    folder = (tasks_dir or Path(project_settings().tasks_dir)) / name
    if folder.exists():
        raise HarnessError(f"{folder}: is there already, choose another name or move it away")
    given = _completed(name, Given(**options))
    draft = _draft(name, given)
    kept, grade = settled(draft)
    write_task(kept, folder)
    left_out = [*_left_out(draft, kept)]
    if is_json:
        files = sorted(path.name for path in folder.iterdir())
        found = {"folder": folder, "files": files, "cases": len(kept.cases)}
        say_document({**found, "left_out": left_out, "is_sound": grade.is_sound})
        return
    from harness.report.console.output import say

    say(*_told(folder, kept, left_out), *(f"mend: {mistake.text}" for mistake in grade.mistakes))


def _left_out(draft: "Draft", kept: "Draft") -> Iterator[str]:
    """The declarations, by part where they have parts, that the references do not keep to."""
    for name, value in draft.declares.items():
        if name not in kept.declares:
            yield name
        elif isinstance(value, dict | list):
            yield from (f"{name} {part}" for part in value if part not in kept.declares[name])


def _is_asked() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _completed(name: str, given: Given) -> Given:
    """What was given; a terminal is asked for the rest.

    Raises:
        HarnessError: it is not enough, and nobody can be asked.
    """
    if not given.says_too_little:
        return given
    if not _is_asked():
        raise HarnessError(f"{name}: {_WANTED}")
    form = given.format or click.prompt(
        "Form of the answers", type=click.Choice(FORMATS), default="json", err=True
    )
    fields = _asked_fields(form)
    prompt = given.prompt or click.prompt(
        "Prompt, {text} for the case's own part (Enter: one is written)",
        default="",
        show_default=False,
        err=True,
    )
    return replace(given, format=form, fields=fields or None, prompt=prompt or None)


def _asked_fields(form: str) -> str:
    """What a terminal answers, asked again while it is no fields of a value."""
    from harness.report.console.output import say
    from harness.tasks.draft.fields import fields_schema

    default = None if form in VALUE_FORMATS else ""
    while True:
        fields: str = click.prompt(_ASKED[form], default=default, show_default=False, err=True)
        try:
            if form in VALUE_FORMATS:
                fields_schema(fields, are_columns=form == "csv")
        except HarnessError as error:
            say(*error.mistakes, err=True)
        else:
            return fields


def _draft(name: str, given: Given) -> "Draft":
    from harness.tasks.draft.draft import from_fields, from_rows, from_schema
    from harness.tasks.draft.rows import read_rows

    if given.answer and not given.examples:
        raise HarnessError("--answer goes with --examples")
    if given.examples and given.fields and not given.is_of_values:
        raise HarnessError(
            f"--fields: the examples say what {given.format} answers look like, leave it out"
        )
    schema = _schema(given)
    if given.examples:
        rows = read_rows(given.examples, given.answer)
        return from_rows(name, given.prompt, given.format, schema, rows)
    if schema is not None:
        return from_schema(name, given.prompt, schema, given.format or "json")
    return from_fields(name, given.prompt, given.format or "text", given.fields)


def _schema(given: Given) -> Any:
    """The schema of answers that are values, or of a line or a row of them; ``None`` where there
    is none.

    Raises:
        HarnessError: several are given, or one for another format.
    """
    from harness.checks.json.wording import list_of
    from harness.tasks.draft.fields import fields_schema
    from harness.tasks.draft.schemas import DIALECT, model_schema, schema_in

    sources: Mapping[str, Any] = {
        "--fields": given.fields if given.is_of_values else None,
        "--schema": given.schema,
        "--pydantic": given.pydantic,
    }
    named = [name for name, value in sources.items() if value]
    if len(named) > 1:
        raise HarnessError(f"{' and '.join(named)}: both say what an answer is, keep one")
    if named and not given.is_of_values:
        formats = list_of(VALUE_FORMATS, "or")
        raise HarnessError(f"{named[0]}: is for --format {formats}, not {given.format}")
    if given.schema:
        return schema_in(given.schema)
    if given.pydantic:
        return model_schema(given.pydantic)
    if named and given.fields:
        are_columns = given.format == "csv"
        return {"$schema": DIALECT, **fields_schema(given.fields, are_columns=are_columns)}
    return None


def _told(folder: Path, draft: "Draft", left_out: "list[str]") -> Iterator[str]:
    """What was written, what to edit, and what comes next."""
    from harness.files.project import in_project
    from harness.report.words.numbers import plural

    yield f"wrote {folder}/"
    files = {"task.yaml": "the prompt, what is held of an answer, budgets"}
    if draft.schema is not None:
        files["schema.json"] = "the form of an answer"
    count = plural(len(draft.cases), "case")
    files["cases.jsonl"] = f"{count}, {'made up' if draft.is_made_up else 'from the examples'}"
    yield from _columns(files)
    for name in left_out:
        yield f"left out: {name}, to which not every reference keeps"
    yield "edit:"
    yield from _columns(_edits(draft))
    yield "next:"
    suites = in_project("suites")
    steps = {
        f"harness task check {folder}": "grade it after an edit",
        f"pytest --task {draft.name} --model KIND:PATH": "judge a model",
        "harness report --open": "look at its answers",
    }
    yield from _columns(steps if suites.is_dir() else {"harness init": "write the suites", **steps})


def _edits(draft: "Draft") -> "dict[str, str]":
    prompt = "the description, and the prompt" if draft.prompt else "the description"
    edits = {"task.yaml": prompt}
    if draft.format == "csv" and not draft.is_made_up:
        edits["schema.json"] = "types of columns: cells are text where it says nothing else"
    if draft.is_made_up:
        edits["cases.jsonl"] = f"your own cases in place of the made-up ones, {WORDINGS} or more"
    elif len(draft.cases) < WORDINGS:
        edits["cases.jsonl"] = f"more cases: below {WORDINGS} wordings the intervals are wide"
    return edits


def _columns(rows: Mapping[str, str]) -> Iterator[str]:
    width = max(map(len, rows))
    for name, what in rows.items():
        yield f"  {name:<{width}}  {what}"
