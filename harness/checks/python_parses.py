"""Whether a completion is Python source, whole."""

from dataclasses import dataclass

from harness.checks.json.value import without_completion
from harness.checks.text.python_source import parse_python
from harness.core.case import Case
from harness.core.completion import Completion, FinishReason
from harness.core.verdict import FailureCode, Verdict


@dataclass(frozen=True, slots=True)
class PythonParses:
    """Rejects ``def add(a, b) return a + b``, and code in a Markdown fence.

    The whole raw completion must parse as one module. It is never run.
    """

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        source = parse_python(completion.text)
        if source.code is None:
            return Verdict.passed()
        return unparsed(source.code, source.reason, source.span, completion)


def unparsed(
    code: FailureCode, reason: str, span: tuple[int, int] | None, completion: Completion
) -> Verdict:
    """The failure of code that does not parse: cut off, where the token limit ended it."""
    if code is FailureCode.SYNTAX and completion.finish_reason is FinishReason.LENGTH:
        return Verdict.failed(FailureCode.TRUNCATED, f"{reason}, cut by the token limit", span)
    return Verdict.failed(code, reason, span)
