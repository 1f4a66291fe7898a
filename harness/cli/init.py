"""``harness init``: copies the suites and an example task into a project."""

import shutil
from pathlib import Path

import click

from harness.cli._document import json_option, say_document
from harness.core.errors import HarnessError
from harness.files.atomic import write_whole
from harness.report.console.output import say

STARTER = Path(__file__).parent.parent / "starter"
"""Folder of the starter files in a wheel; in a checkout they are in their own folders."""
CHECKOUT = Path(__file__).parent.parent.parent
SETTINGS = """\
[tool.harness]
tasks_dir = "tasks"
models = []  # what `pytest suites/` runs without --model, such as "adapter:out/my_adapter"
"""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
@json_option
def command(folder: Path, is_json: bool) -> None:
    """Copy the suites and an example task into FOLDER, to begin with.

    Writes suites/ and tasks/json_extraction/, and the table [tool.harness] of pyproject.toml where
    there is none. Nothing that is there is overwritten.
    """
    copies = {folder / "suites": _source("suites", "suites")}
    task = _source("tasks/json_extraction", "fixtures/tasks/json_extraction")
    copies[folder / "tasks/json_extraction"] = task
    for target in copies:
        if target.exists():
            raise HarnessError(f"{target}: is there already, name another folder or move it away")
    for target, source in copies.items():
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(source, target, ignore=ignored)
        say(f"wrote {target}/", err=is_json)
    _settings(folder / "pyproject.toml", is_json)
    say("next: pytest suites/ --model base:PATH_OR_HUB_ID --limit 20", err=is_json)
    if is_json:
        say_document({"wrote": [*copies, folder / "pyproject.toml"]})


def _source(in_wheel: str, in_checkout: str) -> Path:
    """A starter folder of this installation."""
    for path in (STARTER / in_wheel, CHECKOUT / in_checkout):
        if path.is_dir():
            return path
    raise HarnessError(f"this installation lacks {in_wheel}: install slm-harness again")


def _settings(path: Path, is_json: bool) -> None:
    text = path.read_text("utf-8") if path.is_file() else ""
    if "[tool.harness]" in text:
        say(f'{path} has a table [tool.harness] already: give it tasks_dir = "tasks"', err=is_json)
        return
    write_whole(path, [text, "\n" if text else "", SETTINGS])
    say(f"wrote [tool.harness] to {path}", err=is_json)
