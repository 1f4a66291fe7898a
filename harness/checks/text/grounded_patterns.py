"""Judges that the names, numbers and days a text speaks of occur in its prompt."""

from dataclasses import dataclass

from harness.checks.json.value import without_completion
from harness.checks.text.facts import facts_of
from harness.checks.text.stated import is_stated, ungrounded
from harness.checks.text.text_patterns import PatternTimeout, compile_text_pattern, matches
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class GroundedPatterns:
    """Rejects ``Account: 1111-2222`` where the prompt speaks of account 2558-1351.

    Whatever a pattern matches in the text must be stated in the prompt, by the rules of
    ``grounding``: a number by its value, a date by its day, anything else as whole words.
    """

    patterns: tuple[tuple[str, str], ...]
    """Name and regular expression."""

    def __post_init__(self) -> None:
        for _, pattern in self.patterns:
            compile_text_pattern(pattern)

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        facts = facts_of(case.prompt)
        stated: set[str] = set()
        try:
            for name, pattern in self.patterns:
                for match in matches(name, pattern, completion.text):
                    if match.text not in stated and not is_stated(facts, match.text):
                        return ungrounded(facts, match.text, match.span, f"the {name} ")
                    stated.add(match.text)
        except PatternTimeout as timeout:
            return timeout.verdict()
        return Verdict.passed()
