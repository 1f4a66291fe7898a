"""Defects of Python answers. Code is parsed and never run."""

import ast
import re
from collections.abc import Callable
from functools import partial

from harness.checks.declared.output import Output
from harness.checks.python_function import Function
from harness.core.case import Case
from harness.tasks.check.corruptions.defect import (
    EDGES,
    FENCE_ADDED,
    SYNTAX,
    Corruption,
    Defects,
    around,
    at_the_limit,
    nothing,
)

_OPENING = re.compile(r"(?:async )?def |class |import |from |[@#]")


def defects(output: Output) -> Defects:
    """By name: around the code, in its syntax, in the function asked for."""
    inside = {"function renamed": _rename}
    if output.docstring:
        inside["docstring dropped"] = _drop_docstring
    if output.annotations:
        inside["annotation dropped"] = _drop_annotation
    return {
        FENCE_ADDED: around("```python\n", "\n```", EDGES, SYNTAX),
        "chatter before": around("Here is the function:\n\n", "", EDGES, SYNTAX),
        "chatter after": around("", "\n\nIt does what you asked for.", EDGES, SYNTAX),
        "syntax broken": _syntax_broken,
        "ends in a loop": around("", "\n" + "x = 1\n" * 30, "repetition"),
        "nothing": nothing(EDGES, SYNTAX),
        "token limit reached": at_the_limit,
        **{name: partial(_in_function, output, change) for name, change in inside.items()},
    }


def _syntax_broken(case: Case, perfect: str) -> Corruption | None:
    """Only of an answer that no longer parses and can still be told from prose."""
    if not _OPENING.match(perfect):
        return None
    return Corruption(f"{perfect}\n\ndef (:\n", frozenset({SYNTAX}))


def _in_function(
    output: Output, change: Callable[[Function], bool], case: Case, perfect: str
) -> Corruption | None:
    """The code with its function changed, where there is one and the change has a place."""
    tree = ast.parse(perfect)
    name = case.variables.get(output.function or "")
    functions = [n for n in tree.body if isinstance(n, Function) and n.name == name]
    if len(functions) != 1 or not change(functions[0]):
        return None
    return Corruption(ast.unparse(tree), frozenset({"python_function"}))


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
