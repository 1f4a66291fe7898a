"""Judges that a completion defines the function asked for, as it was asked for."""

import ast
from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.value import without_completion
from harness.checks.json.wording import list_of
from harness.checks.text.python_source import offset_of, parse_answer, unparsed
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("function",)
BROKEN_BY = ("syntax",)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class PythonFunction:
    """Rejects ``def sum_up(a, b): ...`` where ``add(a: int, b: int) -> int`` was asked for.

    The function stands at the top level of the module. It is parsed and never run.
    """

    variable: str
    """The variable of the case that names the function."""
    annotations: bool = True
    """Every parameter and the result must be annotated."""
    docstring: bool = True
    """The function must open with a docstring that says something."""
    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        name = case.variables.get(self.variable)
        if not isinstance(name, str):
            reason = f"the case has no variable {self.variable!r} that names a function"
            return Verdict.error(FailureCode.TASK_ERROR, reason)
        source = parse_answer(completion.text, self.wrappers)
        if source.tree is None:
            return unparsed(source, completion)
        functions = [node for node in source.tree.body if isinstance(node, Function)]
        function = next((f for f in reversed(functions) if f.name == name), None)
        if function is None:
            found = list_of([excerpt(f.name) for f in functions], "and") or "no function"
            reason = f"expected a function {excerpt(name)}, found {found}"
            return Verdict.failed(FailureCode.MISSING_KEY, reason, (0, len(completion.text)))
        if lacking := self._lacking(function):
            start = offset_of(completion.text, function.lineno, function.col_offset)
            line_end = completion.text.find("\n", start)
            span = (start, len(completion.text) if line_end < 0 else line_end)
            return Verdict.failed(FailureCode.MISSING_KEY, f"{excerpt(name)}: {lacking}", span)
        return Verdict.passed()

    def _lacking(self, function: Function) -> str:
        """The first thing that the function lacks, in words; empty when it lacks nothing."""
        if self.annotations:
            bare = [f"parameter {excerpt(p)}" for p in _bare_parameters(function)]
            bare += [] if function.returns else ["result"]
            if bare:
                return f"expected annotations, the {list_of(bare, 'and the')} has none"
        if self.docstring and not (ast.get_docstring(function) or "").strip():
            return "expected a docstring, found none"
        return ""


def check_for(output: Output) -> PythonFunction:
    assert output.function is not None, "NEEDS says so"
    return PythonFunction(output.function, output.annotations, output.docstring, output.wrappers)


def _bare_parameters(function: Function) -> list[str]:
    arguments = function.args
    parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    parameters += [p for p in (arguments.vararg, arguments.kwarg) if p]
    return [p.arg for p in parameters if p.annotation is None]
