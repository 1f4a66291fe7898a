"""``--json``: one document on standard output, whatever else is said, and the same exit code."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.core.completion import Completion
from harness.core.record import ModelRecord
from harness.records.completions import Completions
from harness.records.runs import write_run
from tests.benchmark_rows import IFSTRUCT, MASKBENCH, SOB
from tests.models import ROOT
from tests.synthetic import BASE, CHATTERS, record
from trainers.improve import rounds, start

FIRST, SECOND, DRAWN = "20261119-080000-aaaa", "20261120-131502-ab12", "20261121-000000-0001"
TASK = ROOT / "fixtures/tasks/json_extraction"
MODEL = ROOT / "fixtures/models/tiny-qwen2"
CASE = json.loads((TASK / "cases.jsonl").read_text("utf-8").splitlines()[0])
REPEATABLE = ("compare", "gate", "judge", "task check")
"""Commands with exit codes of their own, which may be run twice."""
NO_DOCUMENT = {
    "chat": "a conversation",
    "serve": "a server; its log is JSON",
    "run merge": "a session of pytest, which has its own formats",
    "completion": "a script for a shell",
    "explain": "prose",
}
"""Commands without ``--json``, and why."""


def commands(
    group: click.Group, names: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from commands(found, (*names, name))
        else:
            yield " ".join((*names, name)), found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments[0].split(), *arguments[1:]])


RUN: tuple[tuple[str, ...], ...] = (
    ("baseline anchor", "main"),
    ("baseline list",),
    ("baseline save", "again", FIRST),
    ("baseline show", "main"),
    ("compare", FIRST, SECOND),
    ("data check", "rows.jsonl", "--task", "json_extraction"),
    ("data prepare", "rows.jsonl", "-o", "prepared"),
    ("data example", "json_extraction", "-o", "example"),
    ("data task", "rows.jsonl", "--task", "json_extraction", "-o", "training"),
    ("doctor", f"base:{MODEL}"),
    ("export card", str(MODEL.parent / "tiny-qwen2-adapter"), "-o", "card.md"),
    ("gate", FIRST, "--self-test", "--draws", "2"),
    ("gate", FIRST, SECOND),
    ("history",),
    ("init", "new"),
    ("judge", "log.jsonl"),
    ("mine", DRAWN, "-o", "pairs.jsonl"),
    ("plan",),
    ("replay", DRAWN, "generated-1-0", "--model", f"record:reports/runs/{DRAWN}"),
    ("report", FIRST, SECOND),
    ("runs",),
    ("store clear", "--model", BASE),
    ("store gc", "--keep-days", "1"),
    ("store info",),
    ("store verify",),
    ("task check", "tasks/json_extraction"),
    ("task import ifstruct", "ifstruct.jsonl", "-o", "ifstruct"),
    ("task import jsonl", "rows.jsonl", "-o", "own", "--reference", "completion"),
    ("task import jsonschemabench", "maskbench.json", "-o", "maskbench"),
    ("task import sob", "sob.jsonl", "-o", "sob"),
    ("task new", "invoices", "--fields", "vendor, total:number"),
    ("task promote", DRAWN, "generated-1-1"),
    ("train", "json_extraction_tiny", "--estimate", "--set", f"base={MODEL}"),
)
"""A command, and what it is given."""
PARITY = ("parity", SECOND)
SLOW: tuple[tuple[str, ...], ...] = (
    ("export gguf", str(MODEL), "-o", "model.gguf"),
    (
        "export lora",
        str(MODEL.parent / "tiny-qwen2-adapter"),
        "-o",
        "lora.gguf",
        "--base",
        str(MODEL),
    ),
    (
        "export merge",
        str(MODEL.parent / "tiny-qwen2-adapter"),
        "-o",
        "merged",
        "--base",
        str(MODEL),
    ),
    ("export ollama", "model.gguf", "-o", "ollama"),
    ("import gguf", "model.gguf", "-o", "imported"),
)
"""In the order in which they need each other's files."""
ELSEWHERE = {
    "improve": "test_a_loop_says_its_end_alone, below",
}


def test_every_command_has_it_or_a_reason() -> None:
    assert isinstance(main, click.Group)
    has = {name: any(p.name == "is_json" for p in c.params) for name, c in commands(main)}
    assert {name for name, found in has.items() if not found} == NO_DOCUMENT.keys()
    tried = {arguments[0] for arguments in (*RUN, PARITY, *SLOW)} | ELSEWHERE.keys()
    assert tried == {name for name, found in has.items() if found}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Runs, a baseline, a store, a task, a log and rows, to which the commands are pointed."""
    root = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("HARNESS_STORE", str(root / "store"))
        for name in ("GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS"):
            patch.delenv(name, raising=False)
        runs = Path("reports/runs")
        write_run(record(12, [(BASE, CHATTERS)], run_id=FIRST), runs)
        write_run(record(12, run_id=SECOND), runs)
        drawn = record(12, [(BASE, CHATTERS)], run_id=DRAWN, seed=4)
        (task,) = drawn.tasks
        samples = [
            replace(s, case_id=f"generated-1-{n}", tags=("generated",))
            for n, s in enumerate(drawn.samples)
        ]
        tasks = (replace(task, generate_seed=1),)
        write_run(replace(drawn, tasks=tasks, samples=tuple(samples)), runs)
        Path("pyproject.toml").write_text('[tool.harness]\ntasks_dir = "tasks"\n')
        for name in ("task.yaml", "schema.json"):
            Path("tasks/json_extraction").mkdir(parents=True, exist_ok=True)
            shutil.copy(TASK / name, "tasks/json_extraction")
        _write("tasks/json_extraction/cases.jsonl", CASE)
        _write("log.jsonl", {"id": "a", "completion": "{}", "prompt": "x"})
        _write("ifstruct.jsonl", IFSTRUCT)
        _write("maskbench.json", MASKBENCH)
        _write("sob.jsonl", SOB)
        _write("rows.jsonl", *({"prompt": f"p{n}", "completion": "{}"} for n in range(20)))
        store = Completions(root / "store")
        store.keep_model("m", ModelRecord(BASE, "base", "tiny"))
        store.keep("m", "k", Completion("{}"), FIRST)
        store.close()
        assert run("baseline save", "main", FIRST).exit_code == 0
        yield root


def _write(name: str, *rows: dict[str, Any]) -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize(
    "arguments",
    [*RUN, pytest.param(PARITY, marks=pytest.mark.slow)],
    ids=lambda arguments: arguments[0],
)
def test_standard_output_is_one_document(project: Path, arguments: tuple[str, ...]) -> None:
    result = run(*arguments, "--json")
    assert result.exit_code in (0, 1, 10, 11), result.stderr
    _require_document(result, arguments[0])


@pytest.mark.slow
def test_standard_output_of_exports_is_one_document(project: Path) -> None:
    for arguments in SLOW:
        result = run(*arguments, "--json")
        assert result.exit_code == 0, result.stderr
        _require_document(result, arguments[0])


def _require_document(result: Result, command: str) -> None:
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    assert found.keys() & {"version", "schema_version"}
    assert found.get("command", command) == command


@pytest.mark.parametrize("arguments", [a for a in RUN if a[0] in REPEATABLE], ids=lambda a: a[0])
def test_the_exit_code_is_that_without_it(project: Path, arguments: tuple[str, ...]) -> None:
    assert run(*arguments, "--json").exit_code == run(*arguments).exit_code


@pytest.mark.parametrize(
    "arguments", [("baseline show", "none"), ("gate", "none"), ("replay", FIRST, "none")]
)
def test_a_mistake_is_a_line_on_standard_error(project: Path, arguments: tuple[str, ...]) -> None:
    result = run(*arguments, "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("harness: ")


def test_a_loop_says_its_end_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``harness improve``, whose loop is replaced by one that says a line and ends."""

    def ended(loop: Any, commands: Any, say: Any) -> rounds.Ended:
        say("round 1")
        return rounds.Ended("adapter:out", "all goals are met", True)

    monkeypatch.setattr(start, "improvement", lambda *_: SimpleNamespace(folder=tmp_path))
    monkeypatch.setattr(rounds, "improve", ended)
    result = run("improve", "recipe", "--task", "json_extraction", "--suites", ".", "--json")
    _require_document(result, "improve")
    assert result.stderr.splitlines()[0] == "round 1"
