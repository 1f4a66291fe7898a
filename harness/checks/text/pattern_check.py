"""A check of the patterns that a task declares, one after the other."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from harness.checks.json.value import without_completion
from harness.checks.text.text_patterns import PatternTimeout, compile_text_pattern
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class PatternCheck(ABC):
    """Fails at the first pattern that a text fails."""

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
                if failed := self.failure(case, name, pattern, text):
                    return failed
        except PatternTimeout as timeout:
            return timeout.verdict()
        return Verdict.passed()

    @abstractmethod
    def failure(self, case: Case, name: str, pattern: str, text: str) -> Verdict | None:
        """The verdict on a text that fails the pattern.

        Raises:
            PatternTimeout: the pattern takes too long.
        """
