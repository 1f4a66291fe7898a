"""Checks that the behaviors named by a task's budgets and ``required`` exist, and apply to it."""

import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from harness.checks import listing
from harness.core.errors import HarnessError
from harness.core.record import FORMAT_SUCCESS
from harness.core.suggestion import did_you_mean
from harness.files.yaml_file import parse_yaml
from harness.tasks.task import TASK_FILE, Task
from harness.tasks.task_file import limit_budgets

_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def names_in_suites(suites: Path) -> Mapping[str, bool]:
    """The behaviors in a folder of suites, and whether each judges single completions.

    Their files are parsed and not imported.
    """
    found: dict[str, bool] = {}
    for file in sorted({*suites.rglob("test_*.py"), *suites.rglob("*_test.py")}):
        try:
            tree = ast.parse(file.read_text("utf-8"))
        except (OSError, ValueError, SyntaxError) as error:
            raise HarnessError(f"{file}: cannot be read as Python ({error})") from None
        for node in ast.walk(tree):
            if isinstance(node, _FUNCTION) and node.name.startswith("test_"):
                arguments = {a.arg for a in (*node.args.args, *node.args.kwonlyargs)}
                is_single = bool(arguments & {"completion", "case"})
                found[node.name.removeprefix("test_")] = is_single
    return found


def name_mistakes(task: Task, applying: Collection[str], own: Mapping[str, bool]) -> Iterator[str]:
    """One line for each name that stands for nothing here, as ``file:line: what, what next``.

    ``applying`` are our behaviors that apply to the task, ``own`` those of the user's suites.
    """
    path = task.path / TASK_FILE
    values, lines = parse_yaml(path)
    listed = values.get("required")
    for index, name in enumerate(listed or ()):
        if problem := _required_problem(name, applying, own):
            yield f"{path}:{lines.get(('required', index), 1)}: required: {problem}"
    for name in task.budgets:
        problem = _budget_problem(name, applying, own, task.declares)
        if not problem and listed is None and name in task.required:
            problem = _required_problem(name, applying, own)
        if problem:
            yield f"{path}:{lines.get(('budgets', name), 1)}: budgets: {problem}"


def _required_problem(name: str, applying: Collection[str], own: Mapping[str, bool]) -> str:
    base = name.partition("[")[0]
    if name in applying or own.get(base):
        return ""
    if base in own or (name in listing() and listing()[name].check_for is None):
        return f"{name} is judged over a whole run, name behaviors of single answers"
    return _unknown(name, [*applying, *(n for n, is_single in own.items() if is_single)])


def _budget_problem(
    name: str, applying: Collection[str], own: Mapping[str, bool], declared: frozenset[str]
) -> str:
    over_a_run = {n: b for n, b in listing().items() if b.check_for is None}
    if name in over_a_run and over_a_run[name].no_rate:
        return f"{name} takes no rate: {over_a_run[name].no_rate}"
    rates = [n for n, b in over_a_run.items() if not b.no_rate and b.needs <= declared]
    known = [*applying, *own, *rates, FORMAT_SUCCESS, *limit_budgets()]
    return "" if name in known or name.partition("[")[0] in own else _unknown(name, known)


def _unknown(name: str, known: Collection[str]) -> str:
    if name in listing():
        return f"{name} does not apply to this task: declare what it needs, or leave it out"
    hint = did_you_mean(name, known, f"there are {', '.join(sorted(known))}")
    return f"no behavior {name!r}, {hint}"
