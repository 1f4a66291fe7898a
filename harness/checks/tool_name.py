"""Judges that every call of a completion is of a tool that the model was given."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
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
class ToolName:
    """Rejects ``{"name": "getWeather", ...}`` where the tool is ``get_weather``.

    Text around the calls does not concern it, nor does their number.
    """

    rule: CallRule
    toolset: Toolset

    def judge(self, case: Case, completion: Completion) -> Verdict:
        reading = reading_of(completion, self.rule)
        if isinstance(reading, Verdict):
            return reading
        for index, call in enumerate(reading.calls):
            if call.name not in self.toolset.tools:
                reason = (
                    f"there is no tool {excerpt(call.name)!r}, {self.toolset.unknown(call.name)}"
                )
                span = call.locate(("name",), False)
                path = f"/{index}/name"
                return Verdict.failed(FailureCode.UNKNOWN_TOOL, reason, span, path=path)
        return Verdict.passed()


def check_for(output: Output) -> ToolName:
    return ToolName(output.call_rule, output.toolset)
