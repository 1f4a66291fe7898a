"""Whatever is printed goes through one module; the few other places are named with their reason."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models import ROOT

PRINTS = {"print", "echo", "secho", "launch", "warn", "UsageError", "exit"}
"""Functions of ``builtins``, click, ``warnings``, pytest."""
WRITES = {"write", "writelines", "write_line", "write_sep", "write_raw", "line", "section", "sep",
          "print", "log", "rule", "status", "add_task"}  # fmt: skip
"""Methods of streams, pytest's terminal reporter and writer, rich's Console and Progress."""
SAFE = {"safe", "safe_line", "log", "printable", "as_text"}
"""A call whose every argument is a call of one of these, or a constant, prints nothing raw."""
FILES = "a file on disk, not a screen"
ALLOWED = {
    "harness/report/console/output.py: click.echo": "the one way to print",
    "harness/report/console/output.py: sys.stdout.write": "the one way to print, for JSON",
    "harness/report/console/output.py: self._stream.write": "passes on what others made safe",
    "harness/plugin/output.py: pytest.UsageError": "the one way to end a session, line by line",
    "harness/plugin/output.py: write": "the writer's own method, behind the one that cleans",
    "harness/plugin/record.py: reporter.write_line": "pytest's writer, which is cleaned",
    "harness/plugin/gate.py: terminalreporter.section": "pytest's writer, which is cleaned",
    "harness/plugin/gate.py: terminalreporter.write": "pytest's writer, which is cleaned",
    "harness/plugin/conclusion.py: reporter.write": "pytest's writer, which is cleaned",
    "harness/plugin/conclusion.py: reporter.write_line": "pytest's writer, which is cleaned",
    "harness/plugin/failure_text.py: tw.line": "pytest's writer, which is cleaned",
    "harness/plugin/progress.py: self.writer.write_raw": "moves the cursor, holds no text",
    "harness/report/console/screen.py: console.print": "into a string, which becomes safe",
    "harness/cli/report.py: click.launch": "opens the page that was just written",
    "harness/run/progress.py: self.progress.add_task": "printable, in the bar of a terminal",
    "harness/export/progress.py: progress.add_task": "our own word, in the bar of a terminal",
    "harness/export/gguf/llama_process.py: os.write": "llama.cpp's log, read by the parent",
    "harness/export/gguf/imatrix.py: sys.exit": "a number",
    "harness/export/gguf/quantizer.py: sys.exit": "a number",
    "harness/files/atomic.py: file.writelines": FILES,
    "harness/plugin/plan_out.py: terminalreporter.write_line": "pytest's writer, which is cleaned",
    "harness/plugin/shards.py: terminalreporter.write_line": "our own words and numbers alone",
    "harness/export/python_process.py: print": "ASCII JSON, read by the parent process",
    "harness/engine/channel.py: stream.write": "ASCII JSON, read by the parent process",
    "harness/tasks/case_file.py: stream.write": FILES,
    "harness/export/tensors/safetensors_writer.py: file.write": FILES,
    "harness/cli/gate.py: file.write": FILES,
    "harness/records/ledger.py: os.write": FILES,
    "harness/ab/log_folder.py: os.write": FILES,
    "harness/cli/data.py: prepared_folder.write": FILES,
    "trainers/data/leaks.py: sketch.write": FILES,
    "trainers/data/prepared_folder.py: file.writelines": FILES,
    "trainers/improve/ledger.py: file.write": FILES,
    "trainers/run/curve.py: file.write": FILES,
    "trainers/recipes/json_schema.py: print": "ASCII JSON of our own, to be redirected",
    "trainers/run/preferences.py: warnings.warn": "numbers alone",
    "trainers/run/loop.py: record.write": FILES,
    "trainers/run/progress.py: self._console.print": "numbers alone",
    "trainers/run/memory_plan.py: console.print": "numbers and our own words",
    "trainers/run/announce.py: console.print": "a table whose cells are safe",
}


def prints(file: Path) -> Iterator[str]:
    """``file: function`` of each call that may print something raw."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and is_printing(node) and not all(map(is_safe, node.args)):
            yield f"{file.relative_to(ROOT)}: {ast.unparse(node.func)}"


def is_printing(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr in PRINTS | WRITES
    return isinstance(call.func, ast.Name) and call.func.id in PRINTS | {"write"}


def is_safe(argument: ast.expr) -> bool:
    if isinstance(argument, ast.Constant):
        return True
    return isinstance(argument, ast.Call) and name_of(argument.func) in SAFE


def name_of(function: ast.expr) -> str:
    return ast.unparse(function).rpartition(".")[2]


def test_every_place_that_prints_uses_it_or_has_a_reason() -> None:
    files = [f for folder in ("harness", "trainers") for f in (ROOT / folder).rglob("*.py")]
    found = {place for file in files for place in prints(file)}
    assert sorted(found - ALLOWED.keys()) == []
    assert sorted(ALLOWED.keys() - found) == [], "no longer needed"


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ("print(answer)", True),
        ("click.echo(f'{answer}')", True),
        ("sys.stderr.write(answer)", True),
        ("reporter.write_line(printable(answer))", False),
        ("console.print('done')", False),
        ("say(answer)", False),
    ],
)
def test_a_place_that_prints_is_found(source: str, is_found: bool) -> None:
    (call,) = (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Expr))
    assert isinstance(call.value, ast.Call)
    raw = is_printing(call.value) and not all(map(is_safe, call.value.args))
    assert raw is is_found
