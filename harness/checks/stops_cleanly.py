"""Judges that the model ended by itself."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.value import without_completion
from harness.core.case import Case
from harness.core.completion import Completion, FinishReason
from harness.core.verdict import FailureCode, Verdict

NEEDS = ()
BROKEN_BY = ()


@dataclass(frozen=True, slots=True)
class StopsCleanly:
    """Rejects ``{"a": "and so on and so on and`` where the token limit ended the completion."""

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        if completion.finish_reason is FinishReason.STOP:
            return Verdict.passed()
        end = len(completion.text)
        reason = "expected the model to end by itself, the token limit ended the completion"
        return Verdict.failed(FailureCode.TRUNCATED, reason, (end, end))


def check_for(output: Output) -> StopsCleanly:
    return StopsCleanly()
