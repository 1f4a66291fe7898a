"""``harness task import``: makes a task of a public benchmark, or of rows of one's own."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.cli._document import json_option, say_document
from harness.cli._group import Group
from harness.cli._paths import PathType
from harness.cli._task_grade import BROKEN, print_grade
from harness.core.answer_formats import FORMATS_OF_TEXT, VALUE_FORMATS

if TYPE_CHECKING:
    from harness.tasks.imports.importing import Imported
    from harness.tasks.imports.rows import Benchmark
    from harness.tasks.imports.source import Source

Command = TypeVar("Command", bound=Callable[..., Any])
MAX_REFUSED = 10
"""Refused rows shown on the terminal; NOTICE and --json name all."""


@click.group("import", cls=Group)
def import_() -> None:
    """Make a task of a public benchmark, from a local clone or file, or of rows of your own.

    The folder has a NOTICE: where its cases come from, the rows that were refused, and the verdicts
    that differ from those of the benchmark's own program. Nothing is fetched, and nothing of the
    source is run.
    """


def _options(command: Command) -> Command:
    """The arguments and options of every import."""
    parts = (
        click.argument("source", type=PathType(path_type=Path)),
        click.option(
            "-o",
            "--output",
            "folder",
            metavar="DIR",
            type=PathType(path_type=Path),
            required=True,
            help="The task's folder; it appears there whole or not at all.",
        ),
        click.option(
            "--limit", metavar="N", type=click.IntRange(1), help="The most cases; the first ones."
        ),
        click.option(
            "--tag", "tags", metavar="TAG", multiple=True, help="Only cases with this tag; each."
        ),
        click.option(
            "--max-new-tokens",
            metavar="N",
            type=click.IntRange(1),
            help="Where an answer is cut off. [default: the benchmark's, at most 2048]",
        ),
        json_option,
    )
    for part in reversed(parts):
        command = part(command)
    return command


@import_.command()
@_options
def ifstruct(source: Path, max_new_tokens: int | None, **rest: Any) -> None:
    """Import IFStruct: lists in JSON or YAML of the shape that a prompt asks for.

    SOURCE is a clone of github.com/Liquid4All/ifstruct, or the file of its data set.
    """
    from harness.tasks.imports.ifstruct import ifstruct

    _import(source, lambda found: ifstruct(found, max_new_tokens), **rest)


_PROMPT = click.option(
    "--prompt", metavar="TEXT", help="Another prompt; {schema} and the like are the row's parts."
)
_SYSTEM = click.option("--system", metavar="TEXT", help="A system message.")


@import_.command()
@_options
@_PROMPT
def jsonschemabench(
    source: Path, prompt: str | None, max_new_tokens: int | None, **rest: Any
) -> None:
    """Import JSONSchemaBench or MaskBench: a value that a real-world JSON Schema accepts.

    SOURCE is a clone of github.com/guidance-ai/jsonschemabench, a folder or file of it, or a file
    of the data set. MaskBench's labelled instances become references, and the answers.jsonl that
    harness judge reads.
    """
    from harness.tasks.imports.jsonschemabench import jsonschemabench

    _import(source, lambda found: jsonschemabench(found, prompt, max_new_tokens), **rest)


@import_.command()
@_options
@click.option(
    "--modality",
    type=click.Choice(("text", "image", "audio")),
    help="The source of the texts. [default: as the file's name says]",
)
@click.option("--weighted", is_flag=True, help="Cases weigh by their difficulty: 1, 2 or 3.")
@_PROMPT
@_SYSTEM
def sob(
    source: Path,
    modality: str | None,
    weighted: bool,
    prompt: str | None,
    system: str | None,
    max_new_tokens: int | None,
    **rest: Any,
) -> None:
    """Import SOB, the Structured Output Benchmark: the values that a text gives, as JSON.

    SOURCE is a file of its data set, or an answer file of its program. Its value accuracy and its
    path recall are the means of leaf_values.
    """
    from harness.tasks.imports.sob import sob

    def made(found: "Source") -> "Benchmark":
        return sob(found, modality, prompt, system, max_new_tokens, is_weighted=weighted)

    _import(source, made, **rest)


@import_.command()
@_options
@click.option(
    "--prompt",
    metavar="COLUMN",
    default="prompt",
    show_default=True,
    help="The column with the prompt, or a text with {column} in it.",
)
@click.option("--messages", metavar="COLUMN", help="A column with conversations, in its place.")
@click.option("--reference", metavar="COLUMN", help="The column with the perfect answer.")
@click.option("--schema", metavar="COLUMN|FILE", help="A column with schemas, or a schema's file.")
@click.option("--id", metavar="COLUMN", help="The column with ids. [default: the row's number]")
@click.option(
    "--tag-column", metavar="COLUMN", multiple=True, help="A column whose values are tags."
)
@click.option(
    "--format",
    "form",
    type=click.Choice((*VALUE_FORMATS, *FORMATS_OF_TEXT)),
    default="json",
    show_default=True,
    help="The form of answers.",
)
@_SYSTEM
def jsonl(
    source: Path, form: str, system: str | None, max_new_tokens: int | None, **options: Any
) -> None:
    """Import rows of your own: JSON lines, a JSON list, CSV, TSV or Parquet, with named columns.

    \b
    harness task import jsonl rows.csv -o tasks/mails --prompt 'Read {mail}' --reference fields
    """
    from harness.tasks.imports.jsonl import Columns, jsonl

    names = ("prompt", "messages", "reference", "schema", "id")
    tags = options.pop("tag_column")
    columns = Columns(**{name: options.pop(name) for name in names}, tags=tags)
    _import(source, lambda found: jsonl(found, columns, form, system, max_new_tokens), **options)


def _import(
    path: Path,
    benchmark: "Callable[[Source], Benchmark]",
    *,
    folder: Path,
    limit: int | None,
    tags: tuple[str, ...],
    is_json: bool,
) -> None:
    from harness.tasks.imports.importing import import_task
    from harness.tasks.imports.source import Source

    source = Source(path)
    made = benchmark(source)
    done = import_task(made, source, folder, limit=limit, tags=tags)
    if is_json:
        say_document({**_document(done), "differences": [*map(asdict, made.differences)]})
    else:
        from harness.report.console.output import say

        say(*_told(done, made))
        print_grade(done.grade, has_tables=done.grade.references > 0)
    if not done.grade.is_sound:
        raise SystemExit(BROKEN)


def _document(done: "Imported") -> dict[str, Any]:
    found = {name: value for name, value in asdict(done).items() if name != "grade"}
    return {**found, "is_sound": done.grade.is_sound, "grade": asdict(done.grade)}


def _told(done: "Imported", made: "Benchmark") -> Iterator[str]:
    """What was written, what was refused, and what to know of its verdicts."""
    from harness.core.printable import printable
    from harness.report.words.numbers import plural

    without = f", {done.without_tag:,} without the tag" if done.without_tag else ""
    counts = f"{plural(done.cases, 'case')} of {plural(done.rows, 'row')}"
    yield f"wrote {done.folder}/: {counts}{without}"
    yield f"  commit   {done.commit or 'unknown, the source says none'}"
    yield f"  licence  {done.licence or 'none stands in the source, ask its authors'}"
    if done.refused:
        yield f"refused {plural(len(done.refused), 'row')}:"
        for refused in done.refused[:MAX_REFUSED]:
            yield f"  {printable(refused.where)}: {printable(refused.reason)}"
        if len(done.refused) > MAX_REFUSED:
            yield f"  and {len(done.refused) - MAX_REFUSED:,} more, see {done.folder}/NOTICE"
    if made.differences:
        yield "verdicts that differ from the benchmark's own (why: see NOTICE):"
        for difference in made.differences:
            yield f"  {difference.about}: {difference.official} there, {difference.here} here"
    yield ""
