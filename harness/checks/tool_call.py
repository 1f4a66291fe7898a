"""Judges that a completion is the wanted number of calls of tools, and nothing else."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.value import first_fault, without_completion
from harness.checks.tools.call import Call, Reading, wanted_of
from harness.checks.tools.reading import (
    calls_of_any_form,
    fault_verdict,
    form_for,
    read_calls,
)
from harness.checks.tools.rule import CallRule
from harness.checks.tools.tool import Toolset
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("tools",)
BROKEN_BY = ("edges", "syntax", "calls")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """Rejects ``I will call get_weather``, ``<tool_call>{"name": "get_weather"`` and a second call
    where one is wanted.

    The answer is calls in the form that the model's template writes, as many as are declared, else
    as the reference has. Nothing stands beside them unless the task allows it. Where no call is
    wanted, a plain answer passes, and whatever looks like a call fails.
    """

    rule: CallRule
    toolset: Toolset

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        text, form = completion.text, form_for(completion, self.rule)
        if self.rule.is_none:
            return self._plain(text)
        reading = read_calls(text, form, self.rule.wrappers)
        around = None if self.rule.commentary else reading.around
        if fault := first_fault(around, reading.fault):
            return fault_verdict(fault, completion)
        return self._count(reading, self._wanted(case))

    def _plain(self, text: str) -> Verdict:
        if not text.strip():
            return Verdict.failed(FailureCode.EMPTY, "expected an answer, found none", (0, 0))
        for call, span in calls_of_any_form(text, self.rule.wrappers):
            if call is None or call.name in self.toolset.tools:
                what = "the beginning of a call" if call is None else f"a call of {_named(call)}"
                reason = f"expected a plain answer, found {what}"
                return Verdict.failed(FailureCode.UNWANTED_CALL, reason, span)
        return Verdict.passed()

    def _wanted(self, case: Case) -> list[int]:
        """The numbers of calls that are right; none where any number is."""
        if isinstance(self.rule.calls, int):
            return [self.rule.calls]
        return [len(wanted_of(reference)) for reference in case.references]

    def _count(self, reading: Reading, right: list[int]) -> Verdict:
        calls = reading.calls
        if not right or len(calls) in right:
            return Verdict.passed()
        wanted = right[0]
        at = calls[wanted] if len(calls) > wanted else calls[-1]
        expected = f"{wanted} call" + "s" * (wanted != 1)
        reason = f"expected {expected}, found {len(calls)}: {', '.join(map(_named, calls[:6]))}"
        return Verdict.failed(FailureCode.CALL_COUNT, reason, at.span)


def check_for(output: Output) -> ToolCall:
    return ToolCall(output.call_rule, output.toolset)


def _named(call: Call) -> str:
    return excerpt(call.name)
