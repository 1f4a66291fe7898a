"""Judges that a text has nothing its task forbids: an invented law, a placeholder."""

from harness.checks.declared.output import Output
from harness.checks.text.pattern_check import PatternCheck
from harness.checks.text.text_patterns import matches
from harness.core.case import Case
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("forbidden",)
BROKEN_BY = ()


class NoForbiddenText(PatternCheck):
    """Rejects ``Under FCRA Section 611 you must ...`` where no law was given: no pattern may match
    anywhere."""

    __slots__ = ()

    def failure(self, case: Case, name: str, pattern: str, text: str) -> Verdict | None:
        match = next(matches(name, pattern, text), None)
        if match is None:
            return None
        reason = f"expected no {name}, found {excerpt(match.text)!r}"
        return Verdict.failed(FailureCode.UNGROUNDED, reason, match.span)


def check_for(output: Output) -> NoForbiddenText:
    return NoForbiddenText(tuple(output.forbidden.items()), output.wrappers)
