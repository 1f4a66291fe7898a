"""``harness init``: makes a repository one in which a model is judged, trained and gated."""

import os
import shutil
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import _ci
from harness.cli._document import json_option, say_document
from harness.cli._paths import PathType
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.cli._starter import Addition, Piece

JUDGING = "judge the adapter that came along"
NEXT = (
    ("harness report --open", "look at its answers"),
    ("harness baseline save main --texts", "keep that run, and commit it"),
    ("harness task new NAME", "say what your own model must do"),
    ("pytest --task kept", "see what training costs elsewhere"),
    ("harness train recipes/json_extraction.yaml", "train an adapter of your own"),
)


@click.command()
@click.argument("folder", type=PathType(path_type=Path, file_okay=False), default=".")
@click.option(
    "--ci",
    type=click.Choice(_ci.SERVICES),
    help="The service that runs the gate, whose file is written. [default: the one that the remote "
    "names, else github]",
)
@json_option
def command(folder: Path, ci: str | None, is_json: bool) -> None:
    """Write into FOLDER what a project needs that judges, trains and gates a model.

    The suites, an example task with training rows and a recipe, a tiny model to try them on, JSON
    Schemas for editors, a workflow that gates pull requests, the folder of baselines; and what
    belongs at the end of pyproject.toml, .gitignore and README.md.

    Nothing that is there is overwritten: what the project has already is kept, and named.
    """
    from harness.cli._starter import additions, pieces
    from harness.files.project import configures_pytest
    from harness.report.console.output import say

    gate = _gate(ci or _ci.service_of(folder), folder)
    _require_room(folder, gate)
    steps = _steps(has_own_pytest=configures_pytest(folder))
    wrote, kept = list[str](), list[str]()
    for piece in pieces(gate):
        (wrote if _write(piece, folder / piece.target) else kept).append(_shown(piece, folder))
    for addition in additions(gate):
        is_new = _add(addition, folder)
        name = f"{folder / addition.target}: {addition.name}"
        (wrote if is_new else kept).append(name)
    notes = [*_notes(folder, gate)]
    say(*(f"wrote {name}" for name in wrote), *(f"kept {name}" for name in kept), err=is_json)
    say(*(f"note: {note}" for note in notes), err=is_json)
    say("next:" if folder == Path() else f"next, in {folder}:", *_next(steps), err=is_json)
    if is_json:
        found = {"folder": folder, "wrote": wrote, "kept": kept, "notes": notes}
        say_document({**found, "next": [run for run, _ in steps]})


def _gate(service: str, folder: Path) -> "Piece | None":
    """The file by which a service runs the gate."""
    from harness.cli._starter import Piece

    if service == _ci.NONE:
        return None
    return Piece(_ci.place_of(service, folder), _ci.FILES[service])


def _steps(*, has_own_pytest: bool) -> list[tuple[str, str]]:
    """The next commands; pytest that was configured before may look for tests elsewhere."""
    first = ("pytest suites/" if has_own_pytest else "pytest", JUDGING)
    return [first, *NEXT]


def _notes(folder: Path, gate: "Piece | None") -> Iterator[str]:
    """What of the project's own stands against what was written, and how to mend it."""
    from harness.cli._starter import MODEL, TASKS
    from harness.run.settings import read_settings

    settings = read_settings(folder)
    if Path(settings.tasks_dir) != Path(TASKS):
        yield (
            f"tasks are looked for in {settings.tasks_dir}: move {TASKS}/json_extraction there, or "
            f'give [tool.harness] tasks_dir = "{TASKS}"'
        )
    if not settings.models:
        yield f'no model is named: give [tool.harness] models = ["{MODEL}"], or pytest --model'
    if gate is not None and gate.target == _ci.INCLUDED:
        yield f"the gate is run once {_ci.FILES['gitlab']} has a line include: /{gate.target}"


def _shown(piece: "Piece", folder: Path) -> str:
    path = folder / piece.target
    return f"{path}/" if path.is_dir() else str(path)


def _next(steps: Sequence[tuple[str, str]]) -> Iterator[str]:
    width = max(len(run) for run, _ in steps)
    for run, why in steps:
        yield f"  {run:<{width}}  {why}"


def _write(piece: "Piece", target: Path) -> bool:
    """Write a piece where nothing is; returns False where something is."""
    from harness.files.atomic import write_whole

    if os.path.lexists(target):
        return False
    _make_folder(target.parent)
    if not piece.source:
        write_whole(target, [piece.text()])
        return True
    source = piece.find()
    if source.is_dir():
        _copy_folder(piece, source, target)
    else:
        changes = piece.changes.get("")
        content = source.read_bytes()
        write_whole(target, [piece.changed("", content.decode()) if changes else content])
    return True


def _require_room(folder: Path, gate: "Piece | None") -> None:
    """Find what would stop it half way.

    Raises:
        HarnessError: a file cannot be read or is not valid, stands where a folder belongs, or did
            not come along.
    """
    from harness.cli._starter import additions, pieces
    from harness.run.settings import read_settings

    for piece in pieces(gate):
        target = folder / piece.target
        if piece.source:
            piece.find()
        if in_the_way := [p for p in target.parents if p.exists() and not p.is_dir()]:
            raise HarnessError(f"{in_the_way[0]}: is there and no folder, move it away")
    for addition in additions(gate):
        path = folder / addition.target
        try:
            addition.is_there(_text_of(path), folder)
        except tomllib.TOMLDecodeError as error:
            raise HarnessError(f"{path}: not valid TOML ({error}), mend it first") from None
    read_settings(folder)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HarnessError(f"{folder}: cannot be made ({error.strerror})") from None


def _copy_folder(piece: "Piece", source: Path, target: Path) -> None:
    """Copy a folder, which appears whole or not at all."""
    from harness.files.staging import staged

    with staged(target) as staging:
        made = staging.path("folder")
        shutil.copytree(source, made, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        for name in piece.changes:
            path = made / name
            path.write_text(piece.changed(name, path.read_text("utf-8")), "utf-8")
        made.rename(target)


def _text_of(path: Path) -> str:
    """The text of a file; empty where there is none."""
    from harness.files.regular import read_regular

    try:
        return read_regular(path).decode("utf-8")
    except FileNotFoundError:
        return ""
    except (UnicodeDecodeError, OSError) as error:
        raise HarnessError(f"{path}: cannot be read ({error}), move it away") from None


def _add(addition: "Addition", folder: Path) -> bool:
    """Add text to the end of a file, unless the project has such; returns False where it has."""
    from harness.files.atomic import write_whole

    path = folder / addition.target
    text = _text_of(path)
    if addition.is_there(text, folder):
        return False
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    write_whole(path, [text, gap, addition.text])
    return True
