"""Defects of Python answers. Code is parsed and never run."""

import ast
import re
from collections.abc import Callable
from functools import partial

from harness.core.case import Case
from harness.tasks.check.corruptions.defect import Broken, Defects, around, at_the_limit, nothing
from harness.tasks.task import Task

Function = ast.FunctionDef | ast.AsyncFunctionDef
CODE = ("python_parses", "python_function")
"""Behaviors that need code that parses."""
_OPENING = re.compile(r"(?:async )?def |class |import |from |[@#]")


def defects(task: Task) -> Defects:
    """By name: around the code, in its syntax, in the function asked for."""
    inside = {"function renamed": _rename}
    if task.docstring:
        inside["docstring dropped"] = _drop_docstring
    if task.annotations:
        inside["annotation dropped"] = _drop_annotation
    return {
        "fence added": around("```python\n", "\n```", "no_extra_text", *CODE),
        "chatter before": around("Here is the function:\n\n", "", "no_extra_text", *CODE),
        "chatter after": around("", "\n\nIt does what you asked for.", "no_extra_text", *CODE),
        "syntax broken": _syntax_broken,
        "ends in a loop": around("", "\n" + "x = 1\n" * 30, "repetition"),
        "nothing": nothing("no_extra_text", *CODE),
        "token limit reached": at_the_limit,
        **{name: partial(_in_function, task, change) for name, change in inside.items()},
    }


def _syntax_broken(case: Case, perfect: str) -> Broken | None:
    """Only of an answer that no longer parses and can still be told from prose."""
    if not _OPENING.match(perfect):
        return None
    return Broken(f"{perfect}\n\ndef (:\n", frozenset(CODE))


def _in_function(
    task: Task, change: Callable[[Function], bool], case: Case, perfect: str
) -> Broken | None:
    """The code with its function changed, where there is one and the change has a place."""
    tree = ast.parse(perfect)
    name = case.variables.get(task.function or "")
    functions = [n for n in tree.body if isinstance(n, Function) and n.name == name]
    if len(functions) != 1 or not change(functions[0]):
        return None
    return Broken(ast.unparse(tree), frozenset({"python_function"}))


def _rename(function: Function) -> bool:
    function.name += "_too"
    return True


def _drop_docstring(function: Function) -> bool:
    if ast.get_docstring(function) is None:
        return False
    function.body = function.body[1:] or [ast.Pass()]
    return True


def _drop_annotation(function: Function) -> bool:
    parameters = function.args.args
    if parameters and parameters[0].annotation:
        parameters[0].annotation = None
    elif function.returns:
        function.returns = None
    else:
        return False
    return True
