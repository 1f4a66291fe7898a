"""Judges whether a completion ends in a loop of brackets."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.document import read_document
from harness.checks.json.value import (
    MAX_OPEN_RUN,
    MAX_STRAY_CLOSERS,
    bracket_loop,
    without_completion,
)
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("json_text",)
BROKEN_BY = ()


@dataclass(frozen=True, slots=True)
class NoBracketRuns:
    """Rejects ``{"a": 1}]]]]]]]]`` and ``{"a": [[[[[[[[``: a model stuck on one bracket.

    Balanced nesting is never repetition, however deep, and brackets in strings never count.
    """

    max_stray_closers: int = MAX_STRAY_CLOSERS
    """Closers that may close nothing, blanks between them ignored."""
    max_open_run: int = MAX_OPEN_RUN
    """Openers in a row that may be left open, as they are where the token limit cuts."""
    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        document = read_document(completion.text, self.wrappers)
        loop = bracket_loop(document, self.max_stray_closers, self.max_open_run)
        if loop is None:
            return Verdict.passed()
        return Verdict.failed(FailureCode.BRACKET_LOOP, loop.reason, loop.span)


def check_for(output: Output) -> NoBracketRuns:
    return NoBracketRuns(wrappers=output.wrappers)
