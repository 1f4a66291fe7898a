"""Judges that a text has what its task expects of it: the right answer, in one of its spellings."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.value import without_completion
from harness.checks.text.text_patterns import PatternTimeout, compile_text_pattern, matches
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("expected",)
BROKEN_BY = ()


@dataclass(frozen=True, slots=True)
class ExpectedText:
    """Rejects ``I am not sure.`` where the answer is ``Paris``.

    Each pattern must match some characters of the text; where it may match is the pattern's own
    matter: anywhere, or from ``\\A`` to ``\\Z``.
    """

    patterns: tuple[tuple[str, str], ...]
    """Name and regular expression."""
    wrappers: Wrappers = KNOWN_WRAPPERS

    def __post_init__(self) -> None:
        for _, pattern in self.patterns:
            compile_text_pattern(pattern)

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        text = self.wrappers.answer(completion.text)
        try:
            for name, pattern in self.patterns:
                if next(matches(name, pattern, text), None) is None:
                    code = FailureCode.WRONG_VALUE if text.strip() else FailureCode.EMPTY
                    reason = f"expected the {name}, found nothing that {excerpt(pattern)} matches"
                    return Verdict.failed(code, reason, (0, len(text)))
        except PatternTimeout as timeout:
            return timeout.verdict()
        return Verdict.passed()


def check_for(output: Output) -> ExpectedText:
    return ExpectedText(tuple(output.expected.items()), output.wrappers)
