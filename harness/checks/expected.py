"""Judges that a text has what its task expects of it: the right answer, in one of its spellings."""

from harness.checks.declared.output import Output
from harness.checks.text.pattern_check import PatternCheck
from harness.checks.text.text_patterns import matches
from harness.core.case import Case
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("expected",)
BROKEN_BY = ()


class ExpectedText(PatternCheck):
    """Rejects ``I am not sure.`` where the answer is ``Paris``.

    Each pattern must match some characters of the text; where it may match is the pattern's own
    matter: anywhere, or from ``\\A`` to ``\\Z``.
    """

    __slots__ = ()

    def failure(self, case: Case, name: str, pattern: str, text: str) -> Verdict | None:
        if next(matches(name, pattern, text), None) is not None:
            return None
        code = FailureCode.WRONG_VALUE if text.strip() else FailureCode.EMPTY
        reason = f"expected the {name}, found nothing that {excerpt(pattern)} matches"
        return Verdict.failed(code, reason, (0, len(text)))


def check_for(output: Output) -> ExpectedText:
    return ExpectedText(tuple(output.expected.items()), output.wrappers)
