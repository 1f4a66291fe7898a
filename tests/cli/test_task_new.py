"""``harness task new``: what it writes, says and refuses."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.records.runs import read_run
from harness.tasks.reference import reference_answer
from harness.tasks.task import load_task
from tests.forked import LOADED, clean_environment, python_module
from tests.models import ROOT, TINY_QWEN2

MODEL = """\
from datetime import date
from typing import Optional
from pydantic import BaseModel


class Line(BaseModel):
    sku: str


class Invoice(BaseModel):
    vendor: str
    due: date
    line: Line
    note: Optional[str] = None
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text('[tool.harness]\ntasks_dir = "tasks"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["task", "new", *arguments], input=stdin)


def test_it_says_what_it_wrote_what_to_edit_and_what_comes_next(project: Path) -> None:
    done = new("invoices", "--fields", "vendor, total:number")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == "wrote tasks/invoices/"
    assert {"edit:", "next:"} < set(lines)
    assert "  pytest --task invoices --model KIND:PATH  judge a model" in lines
    assert max(map(len, lines)) <= 80
    checked = CliRunner().invoke(main, ["task", "check", "tasks/invoices"])
    assert checked.exit_code == 0
    again = new("invoices", "--fields", "vendor")
    assert again.stderr.startswith("harness: tasks/invoices: is there already")


def test_a_pydantic_model_and_examples_together(project: Path) -> None:
    (project / "models.py").write_text(MODEL)
    row = {
        "mail": "Acme, 2025-01-02, A1",
        "answer": {"vendor": "Acme", "due": "2025-01-02", "line": {"sku": "A1"}},
    }
    (project / "rows.jsonl").write_text(json.dumps(row))
    done = new("a", "--pydantic", "models.py:Invoice", "--examples", "rows.jsonl", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["is_sound"] is True
    schema = json.loads((project / "tasks/a/schema.json").read_text())
    assert schema["title"] == "Invoice"
    assert "/line/sku" in (project / "tasks/a/task.yaml").read_text()


def test_a_terminal_is_asked(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    monkeypatch.setattr("harness.cli._task_new._is_asked", lambda: True)
    done = new("a", stdin="\nvendor, due:date\nRead {mail}.\n")
    assert done.exit_code == 0, done.output
    assert 'prompt: "Read {mail}."' in (project / "tasks/a/task.yaml").read_text()
    done = new("b", "--format", "text", stdin="\n\n")
    assert done.exit_code == 0
    done = new("c", stdin="\nvendor, total:nmber\nvendor, total:number\n\n")
    assert done.exit_code == 0
    assert "--fields: total: no type 'nmber', did you mean 'number'?\n" in done.stderr
    assert '"number"' in (project / "tasks/c/schema.json").read_text()
    assert new("d", stdin="\nvendor, total:nmber\n").exit_code == 130


def test_columns_are_asked_for_until_they_can_be_some(
    monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    monkeypatch.setattr("harness.cli._task_new._is_asked", lambda: True)
    done = new("a", stdin="csv\nvendor, tags:text[]\nvendor, note?\n\n")
    assert done.exit_code == 0, done.output
    assert "Columns, such as" in done.stderr
    assert "--fields: tags: a cell of CSV holds one value" in done.stderr
    assert "first line is vendor,note," in (project / "tasks/a/task.yaml").read_text()


@pytest.mark.parametrize("form", ["yaml", "jsonl", "csv"])
def test_a_task_of_another_format_is_sound_with_its_own_rows(project: Path, form: str) -> None:
    (project / "models.py").write_text(MODEL.replace("line: Line", "line: str"))
    assert new("a", "--format", form, "--pydantic", "models.py:Invoice").exit_code == 0
    checked = CliRunner().invoke(main, ["task", "check", "tasks/a", "--json"])
    assert json.loads(checked.stdout)["is_sound"] is True
    task = load_task(project / "tasks/a")
    assert task.output.format == form
    assert f"{form}_validity" in task.required
    answer = reference_answer(task.output, task.cases[0].reference)
    assert answer is not None
    first = {
        "yaml": "vendor: vendor alpha",
        "jsonl": '{"vendor": "vendor alpha", "due": "2025-03-01", "line": "line alpha", '
        '"note": "note alpha"}',
        "csv": "vendor,due,line,note",
    }
    assert answer.splitlines()[0] == first[form]


@pytest.mark.slow
def test_drafts_are_asked_and_judged_at_once(project: Path) -> None:
    shutil.copytree(ROOT / "suites", project / "suites")
    forms = ("yaml", "jsonl", "csv")
    for form in forms:
        assert new(form, "--format", form, "--fields", "vendor, total:number").exit_code == 0
    lists = ("--task", "jsonl", "--task", "csv", "--decode", "constrained")
    for run, chosen in (("free", ()), ("held", lists)):
        model = ("--model", f"base:{TINY_QWEN2}", "--run-id", run, "--limit", "1")
        arguments = ("pytest", *LOADED, "suites", *model, *chosen)
        python_module(arguments, project, clean_environment())
        found = read_run(project / "reports/runs" / run)
        assert (found.status, {t.format for t in found.tasks}) == (
            "complete",
            {"jsonl", "csv"} if chosen else {*forms},
        )
        judged = {
            r.task: r.passed + r.failed for r in found.results if r.behavior == f"{r.task}_validity"
        }
        assert judged == dict.fromkeys([t.name for t in found.tasks], 1)
        assert {t.grammar and t.grammar.format for t in found.tasks} == (
            {"jsonl", "csv"} if chosen else {None}
        )


def test_examples_of_csv_say_that_cells_are_text(project: Path) -> None:
    row = {"mail": "Acme 7", "answer": "vendor,total\nAcme,7"}
    (project / "rows.jsonl").write_text(json.dumps(row))
    done = new("a", "--format", "csv", "--examples", "rows.jsonl")
    assert "  schema.json  types of columns: cells are text where it says nothing else" in (
        done.output.splitlines()
    )
    typed = new("b", "--format", "csv", "--examples", "rows.jsonl", "--fields", "vendor, total:int")
    assert typed.exit_code == 0, typed.output
    (case,) = load_task(project / "tasks/b").cases
    assert case.reference == [{"vendor": "Acme", "total": 7}]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a"], "a: say what a good answer is: --fields"),
        (["../a", "--fields", "x"], "'../a': no name of a task"),
        (["a", "--fields", "x", "--pydantic", "m:M"], "--fields and --pydantic: both say"),
        (["a", "--schema", "no.json"], "--schema no.json: cannot be read (No such file"),
        (["a", "--pydantic", "m"], "--pydantic m: write FILE.py:CLASS"),
        (["a", "--pydantic", "nothere:M"], "nothere cannot be imported (ModuleNotFoundError"),
        (
            ["a", "--format", "text", "--schema", "s.json"],
            "--schema: is for --format json, jsonl, ",
        ),
        (["a", "--format", "csv"], "a: say what a good answer is"),
        (["a", "--format", "csv", "--fields", "b:int[]"], "--fields: b: a cell of CSV holds one"),
        (["a", "--answer", "x", "--fields", "y"], "--answer goes with --examples"),
        (["a" * 101, "--fields", "x"], "no name of a task, use at most 100 letters"),
        (["a", "--fields", "x", "--prompt", "{b} {c}"], "not every case has {b}, there is {text}"),
        (["a", "--fields", "x", "--prompt", "\udcff"], "its prompt has half a character"),
        (
            ["a", "--format", "text", "--fields", "Summary", "--examples", "rows.jsonl"],
            "--fields: the examples say what text answers look like",
        ),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], said: str, project: Path) -> None:
    (project / "rows.jsonl").write_text('{"mail": "a", "answer": "b"}\n')
    done = new(*arguments)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert said in line
    assert not (project / "tasks").exists()


@pytest.mark.parametrize("leaving", ["raise SystemExit(0)", "import sys; sys.exit('done')"])
def test_a_module_that_ends_python_is_no_success(project: Path, leaving: str) -> None:
    (project / "models.py").write_text(leaving)
    done = new("a", "--pydantic", "models.py:Invoice")
    assert done.exit_code == 2
    assert "models.py ends Python" in done.stderr
    assert not (project / "tasks").exists()


def test_a_prompt_of_any_characters_is_the_task_s(project: Path) -> None:
    prompt = 'Größe "x": \x7f\u2028\x85 \U0001f600 # {text}\n---\n'
    assert new("a", "--fields", "vendor", "--prompt", prompt).exit_code == 0
    assert load_task(project / "tasks/a").file.prompt == prompt
    assert "left out" not in new("b", "--fields", "vendor", "--prompt", prompt).output
