"""Whether the behaviors that a task's budgets and ``required`` name exist, and apply to it."""

import ast
import difflib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.record import FORMAT_SUCCESS
from harness.files.yaml_file import parse_yaml
from harness.tasks.judging import BEHAVIORS
from harness.tasks.task import TASK_FILE, Task
from harness.tasks.task_file import LIMIT_BUDGETS, RUN_RATES

OF_TEXT_AND_CODE = (
    "sections",
    "quotes",
    "forbidden",
    "words",
    "python_parses",
    "python_function",
)
OF_A_RUN = ("variety", *RUN_RATES, "latency_budget", "memory_budget")
"""Behaviors that no case passes or fails by itself."""
OURS = frozenset({*BEHAVIORS, *OF_TEXT_AND_CODE, *OF_A_RUN})
"""Every bundled behavior."""
_TAKES_NO_BUDGET = {
    "variety": "its share is max_share, under variety",
    "latency_budget": f"its budgets are {', '.join(n for n in LIMIT_BUDGETS if 'mb' not in n)}",
    "memory_budget": "its budget is peak_memory_mb",
}


def names_in_suites(suites: Path) -> Mapping[str, bool]:
    """The behaviors in a folder of suites, and whether each judges single completions.

    Their files are parsed and not imported.
    """
    found: dict[str, bool] = {}
    for file in sorted(suites.rglob("test_*.py")):
        try:
            tree = ast.parse(file.read_text("utf-8"))
        except (OSError, ValueError, SyntaxError) as error:
            raise HarnessError(f"{file}: cannot be read as Python ({error})") from None
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
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
        problem = _budget_problem(name, applying, own, task.format)
        if not problem and listed is None and name in task.required:
            problem = _required_problem(name, applying, own)
        if problem:
            yield f"{path}:{lines.get(('budgets', name), 1)}: budgets: {problem}"


def _required_problem(name: str, applying: Collection[str], own: Mapping[str, bool]) -> str:
    base = name.partition("[")[0]
    if name in applying or own.get(base):
        return ""
    if name in OF_A_RUN or base in own:
        return f"{name} is judged over a whole run, name behaviors of single answers"
    return _unknown(name, [*applying, *(n for n, is_single in own.items() if is_single)])


def _budget_problem(
    name: str, applying: Collection[str], own: Mapping[str, bool], form: str
) -> str:
    if name in _TAKES_NO_BUDGET:
        return f"{name} takes no rate: {_TAKES_NO_BUDGET[name]}"
    rates = [n for n in RUN_RATES if form == "json"]
    known = [*applying, *own, *rates, FORMAT_SUCCESS, *LIMIT_BUDGETS]
    return "" if name in known or name.partition("[")[0] in own else _unknown(name, known)


def _unknown(name: str, known: Collection[str]) -> str:
    if name in (*BEHAVIORS, *OF_TEXT_AND_CODE, *RUN_RATES):
        return f"{name} does not apply to this task: declare what it needs, or leave it out"
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(known))}"
    return f"no behavior {name!r}, {hint}"
