"""Judges that a text has nothing its task forbids: an invented law, a placeholder."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.value import without_completion
from harness.checks.text.text_patterns import PatternTimeout, compile_text_pattern, matches
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("forbidden",)
BROKEN_BY = ()


@dataclass(frozen=True, slots=True)
class NoForbiddenText:
    """Rejects ``Under FCRA Section 611 you must ...`` where no law was given."""

    patterns: tuple[tuple[str, str], ...]
    """Name and regular expression; none may match anywhere."""
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
                for match in matches(name, pattern, text):
                    reason = f"expected no {name}, found {excerpt(match.text)!r}"
                    return Verdict.failed(FailureCode.UNGROUNDED, reason, match.span)
        except PatternTimeout as timeout:
            return timeout.verdict()
        return Verdict.passed()


def check_for(output: Output) -> NoForbiddenText:
    return NoForbiddenText(tuple(output.forbidden.items()), output.wrappers)
