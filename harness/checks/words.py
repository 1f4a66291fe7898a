"""Judges that a text is as long as its task asks for."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.value import without_completion
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("words",)
BROKEN_BY = ()


@dataclass(frozen=True, slots=True)
class WordWindow:
    """Rejects ``Please fix it.`` where the task asks for 30 to 80 words.

    Words are what blanks separate.
    """

    least: int
    most: int
    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        text = self.wrappers.answer(completion.text)
        count = len(text.split())
        if self.least <= count <= self.most:
            return Verdict.passed()
        code = FailureCode.SCHEMA_OTHER if count else FailureCode.EMPTY
        reason = f"expected {self.least} to {self.most} words, found {count}"
        return Verdict.failed(code, reason, (0, len(text)))


def check_for(output: Output) -> WordWindow:
    assert output.words is not None, "NEEDS says so"
    return WordWindow(*output.words, output.wrappers)
