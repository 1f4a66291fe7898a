"""Judges that the arguments of every call satisfy the schema of the tool."""

from dataclasses import dataclass
from functools import partial

from harness.checks.declared.output import Output
from harness.checks.json.depth import depth_of
from harness.checks.json.pointer import verdict_path
from harness.checks.schema.problems import problems_of
from harness.checks.schema.references import SchemaError
from harness.checks.tools.call import ARGUMENTS, Call
from harness.checks.tools.reading import reading_of
from harness.checks.tools.rule import CallRule
from harness.checks.tools.tool import Toolset
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("tools",)
BROKEN_BY = ("syntax", "tool")


@dataclass(frozen=True, slots=True)
class ToolArguments:
    """Rejects ``{"city": 5}`` where the tool wants a string, and whatever else its schema does.

    Arguments that the schema does not name fail where the tool or the task is strict, or where the
    schema itself allows none. The arguments of a tool that is not there fail.
    """

    rule: CallRule
    toolset: Toolset

    def judge(self, case: Case, completion: Completion) -> Verdict:
        reading = reading_of(completion, self.rule)
        if isinstance(reading, Verdict):
            return reading
        for index, call in enumerate(reading.calls):
            if failed := self._of_call(completion.text, index, call):
                return failed
        return Verdict.passed()

    def _of_call(self, text: str, index: int, call: Call) -> Verdict | None:
        tool = self.toolset.tools.get(call.name)
        if tool is None:
            reason = f"there is no tool {excerpt(call.name)!r} whose arguments these could be"
            span = call.locate(("name",), False)
            return Verdict.failed(FailureCode.UNKNOWN_TOOL, reason, span, path=f"/{index}/name")
        if call.has_duplicates:
            reason = f"{tool.name}: an argument is given twice"
            return Verdict.failed(FailureCode.DUPLICATE_KEY, reason, call.span)
        try:
            schema = tool.schema
        except SchemaError as error:
            return Verdict.error(FailureCode.TASK_ERROR, f"the schema of {tool.name}: {error}")
        span = call.locate((ARGUMENTS,), False) if schema.is_recursive else call.span
        found = problems_of(schema, call.arguments, partial(depth_of, text, *span))
        if found.error:
            return Verdict.error(FailureCode.TASK_ERROR, found.error)
        for problem in found.found[:1]:
            place = call.locate((ARGUMENTS, *problem.path), problem.points_at_name)
            lacking = (problem.missing,) if problem.missing else ()
            path = verdict_path((index, ARGUMENTS, *problem.path, *lacking))
            reason = f"{tool.name}: {problem.reason}"
            return Verdict.failed(problem.code, reason, place, path=path)
        return None


def check_for(output: Output) -> ToolArguments:
    return ToolArguments(output.call_rule, output.toolset)
