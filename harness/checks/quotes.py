"""Judges that a text says what its case gave it to say."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.value import without_completion
from harness.checks.text.whole_words import has_words, normal
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("quotes",)
BROKEN_BY = ()


@dataclass(frozen=True, slots=True)
class Quotes:
    """Rejects a letter that leaves out the account number it is about.

    The value of each variable of the case must stand in the text as whole words, whatever their
    case, width and blanks.
    """

    variables: tuple[str, ...]
    """Names of the case's variables."""
    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        text = normal(self.wrappers.answer(completion.text))
        for name in self.variables:
            if name not in case.variables:
                reason = f"the case has no variable {name!r}, give it one"
                return Verdict.error(FailureCode.TASK_ERROR, reason)
            value = str(case.variables[name])
            if not has_words(text, normal(value)):
                reason = f"expected the {name} {excerpt(value)!r} in the text, found it nowhere"
                return Verdict.failed(FailureCode.WRONG_VALUE, reason, (0, len(completion.text)))
        return Verdict.passed()


def check_for(output: Output) -> Quotes:
    return Quotes(output.quotes, output.wrappers)
