"""The documentation's examples, taken out of its pages and run.

A code block that opens with ``python suites/test_own.py`` is that file of a temporary project. A
``console`` block is run in it: the lines under ``$`` must be printed, one after the other but for
blank ones, and ``...`` stands for any. ``adapter:out/`` is a stored run of ``answers.jsonl``.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from harness.checks.declared.output import Output
from harness.core.completion import Completion
from harness.tasks.task import load_task
from harness.tasks.task_file import CaseData, TaskFile
from tests.docs.shown import missing_line
from tests.models import ROOT
from tests.project import Project, clean_environment

PAGES = ("interchange", "writing-a-behavior", "writing-a-task")
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MODEL = "adapter:out/"
FAST = 2
"""Commands of a page that are run by ``make test``; ``make test-slow`` runs the others."""


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text("utf-8")


def files(name: str) -> Mapping[str, str]:
    return {path: text for _, path, text in _BLOCK.findall(page(name)) if path}


def sessions(name: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a page, and the lines that it shows."""
    for kind, _, text in _BLOCK.findall(page(name)):
        if kind == "console":
            command, *shown = text.splitlines()
            yield command.removeprefix("$ "), shown


@pytest.fixture(scope="module")
def projects(tmp_path_factory) -> Mapping[str, tuple[Project, str]]:
    """A project for each page, and the ``--model`` that stands for its model."""
    made = {}
    for name in PAGES:
        project = Project(tmp_path_factory.mktemp(name))
        for path, text in files(name).items():
            project.write(path, text)
        made[name] = project, _stored(project)
    return made


def _stored(project: Project) -> str:
    path = project.root / "answers.jsonl"
    if not path.is_file():
        return MODEL
    answers = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return project.store({a["id"]: Completion(a["completion"]) for a in answers}, "out", "reply")


@pytest.mark.parametrize(
    ("name", "command", "shown"),
    [
        pytest.param(name, *session, marks=[pytest.mark.slow] if place >= FAST else [])
        for name in PAGES
        for place, session in enumerate(sessions(name))
    ],
)
def test_a_command_prints_what_the_page_shows(projects, name, command, shown):
    project, model = projects[name]
    found = run(project, command.replace(MODEL, model)).replace(model, MODEL)
    missing = missing_line(found, shown)
    assert missing is None, f"{missing!r} is not printed there by:\n{found}"


def run(project: Project, command: str) -> str:
    """Run a command of a page as a user would, with what is only for the page left out."""
    program, *arguments = re.findall(r'"[^"]*"|\S+', command)
    arguments = [a.strip('"') for a in arguments]
    if program == "pytest":
        own = ["--task", "reply"] if "--model" in arguments else []
        return project.pytest(*arguments, *own).out
    done = subprocess.run(
        [sys.executable, "-m", program, *arguments],
        cwd=project.root,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout + done.stderr


# The tables


def table(name: str, heading: str) -> dict[str, str]:
    """Key to default, of the first table under a heading or a text."""
    text = page(name).partition(heading)[2]
    rows = text[text.index("| `") :].split("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {key.strip("`"): default.strip("`") for key, default, *_ in cells}


def declared(model: type) -> dict[str, str]:
    """Key to default as a page has it, from the model that reads the file."""
    if is_dataclass(model):
        return {f.name: _default(f) for f in fields(model)}
    return {f.alias or name: _default(f) for name, f in model.model_fields.items()}


def _default(field) -> str:
    if field.default in (PydanticUndefined, MISSING):
        return "required"
    if isinstance(field.default, bool):
        return str(field.default).lower()
    if isinstance(field.default, BaseModel) and field.default == type(field.default)():
        return "none"
    empty = field.default in (None, "") or field.default in ((), {})
    return "none" if empty else str(field.default)


@pytest.mark.parametrize(
    ("heading", "model"),
    [("## task.yaml", TaskFile), ("### output", Output), ("## cases.jsonl", CaseData)],
)
def test_a_table_of_the_guide_has_keys_and_defaults_of_the_model(heading, model):
    shown = table("writing-a-task", heading)
    assert shown.items() <= declared(model).items()
    assert {key for key, default in declared(model).items() if default == "required"} <= set(shown)


def test_every_word_that_needs_may_name_stands_in_a_table():
    text = page("writing-a-behavior").partition("| word | the task |")[2].partition("\n\n")[0]
    rows = [row.split("|")[1] for row in text.splitlines() if row.startswith("| `")]
    words = {word for row in rows for word in re.findall(r"`(\w+)`", row)}
    folders = (f for name in ("tasks", "kept") for f in (ROOT / "fixtures" / name).iterdir())
    declared = frozenset().union(*(load_task(f).declares for f in folders if f.is_dir()))
    others = {"variety", "leaf_values", "items", "jsonl", "csv"}
    assert words == declared | others


# Names of files

ROOMS = ("benchmarks", "docs", "fixtures", "harness", "scripts", "suites", "tests", "trainers")
"""Folders whose files a page may name; ``reports/`` holds what is made."""
_PATH = re.compile(rf"(?<![\w/.:-])((?:{'|'.join(ROOMS)})/[\w./-]*\w)(?![\w*<{{])")
_MODULE = re.compile(r"`((?:harness|trainers|benchmarks|scripts)(?:\.\w+)+)`")
_LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)")


def named_files(page: Path) -> Iterator[Path]:
    """The files that a page names by path, by dotted module name or in a link."""
    text = page.read_text("utf-8")
    own = set(files(page.stem)) if page.stem in PAGES else set()
    yield from (ROOT / path for path in _PATH.findall(text) if path not in own)
    yield from (page.parent / path for path in _LINK.findall(text))
    for dotted in _MODULE.findall(text):
        *folders, name = dotted.split(".")
        module = ROOT.joinpath(*folders, f"{name}.py")
        # A module, a package, or a name in one of the two.
        places = (module, module.with_suffix(""), module.parent.with_suffix(".py"))
        yield next((p for p in places if p.exists()), module)


@pytest.mark.parametrize(
    "page",
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "fixtures").rglob("*.md"),
        ROOT / "benchmarks/README.md",
    ],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_every_file_that_a_page_names_is_there(page):
    assert [path for path in named_files(page) if not path.exists()] == []


def test_the_gate_workflow_names_the_run_that_it_made():
    """A pull request may bring runs of its own; ``latest`` could be one of them."""
    text = (ROOT / ".github/workflows/gate.yml").read_text("utf-8")
    assert '--run-id "$RUN"' in text
    assert 'harness gate "$BASELINE" "$RUN"' in text
    assert 'harness report "$BASELINE" "$RUN"' in text
    assert " latest " not in text


def test_the_gate_workflow_keeps_the_ledger_over_the_runs_of_a_pull_request():
    text = (ROOT / ".github/workflows/gate.yml").read_text("utf-8")
    restored, gated, saved = map(
        text.index, ("actions/cache/restore", "harness gate", "actions/cache/save")
    )
    assert restored < gated < saved
    assert text.count("reports/baselines/ledger.jsonl") >= 3
