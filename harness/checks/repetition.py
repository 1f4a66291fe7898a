"""Judges whether a completion ends in a loop: the same words, line or key over and over."""

import re
from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.document import read_document
from harness.checks.json.value import without_completion
from harness.checks.text.format_rules import CsvRules, JsonlRules
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion, FinishReason
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

NEEDS = ()
BROKEN_BY = ()
WINDOW = 8192
"""Characters at the end of the text in which a loop is looked for."""
_PROBE = 12
# A string that never ends is one token: tried again from each of its quotes, it takes its square.
_NAMES_AND_BRACKETS = re.compile(
    r'"(?:[^"\\]++|\\.)*+(?:"[ \t\n\r]*+(:?)|\\?\Z)|[{}\[\]]', re.DOTALL
)
_BRACKETS = "{}[]() \t\r\n"


@dataclass(frozen=True, slots=True)
class NoTextLoop:
    """Rejects ``{"note": "very very very very very very ...``: a model that cannot get out.

    The end of the text is a loop when one stretch of characters follows itself there often enough
    and long enough; the last round may be cut off. Brackets alone are the concern of
    ``bracket_repetition``, a value that ends where the text ends is never in a loop, nor are sound
    lines or rows that the model ended itself, and blanks are one only where they ran into the token
    limit.
    """

    min_rounds: int = 4
    """Fewer rounds may be emphasis."""
    min_characters: int = 24
    """A loop shorter than this may be an ellipsis."""
    min_run: int = 48
    """The same for one character by itself: a rule under a heading is one."""
    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        text = completion.text
        period, length = (0, 0) if _has_ended(completion, self.wrappers) else self._loop(text)
        is_blank = not text[len(text) - length :].strip()
        may_end_blank = completion.finish_reason is not FinishReason.LENGTH
        if not period or (is_blank and may_end_blank):
            return self._repeated_key(text) or Verdict.passed()
        start = len(text) - length
        rounds = length // period
        unit = text[start : start + period]
        shown = excerpt(unit.strip(" ") or unit)
        reason = f"ends in a loop: {shown!r} follows itself {rounds} times"
        if length >= WINDOW:
            reason += f" in the last {WINDOW:,} characters"
        return Verdict.failed(FailureCode.TEXT_LOOP, reason, (start, len(text)))

    def _loop(self, text: str) -> tuple[int, int]:
        """The length of what is repeated at the end, and of the whole loop; 0, 0 for none."""
        tail = text[-WINDOW:]
        if len(tail) < self.min_characters or _ends_with_value(text, self.wrappers):
            return 0, 0
        if tail.rfind(tail[-_PROBE:], 0, -1) < 0:
            return 0, 0  # a loop of 24 characters repeats its last 12
        period, length = _longest_period(tail, self.min_rounds)
        least = self.min_run if period == 1 else self.min_characters
        unit = tail[len(tail) - period :]
        is_brackets = bool(unit.strip()) and not unit.strip(_BRACKETS)
        return (0, 0) if length < least or is_brackets else (period, length)

    def _repeated_key(self, text: str) -> Verdict | None:
        """The failure of an object that is left open and says one key over and over."""
        document = read_document(text, self.wrappers)
        if document.fault is None or document.end < len(text) or '"' not in text:
            return None
        names = _names_of_open_object(text, document.start)
        last = names[-1][0] if names else ""
        spans = [span for name, span in names if name == last]
        if len(spans) < self.min_rounds:
            return None
        reason = f"ends in a loop: the key {excerpt(last)} stands {len(spans)} times in one object"
        return Verdict.failed(FailureCode.TEXT_LOOP, reason, (spans[0][0], len(text)))


def check_for(output: Output) -> NoTextLoop:
    return NoTextLoop(wrappers=output.wrappers)


def _names_of_open_object(text: str, start: int) -> list[tuple[str, tuple[int, int]]]:
    """The names of the innermost object that the text leaves open, as written, and their spans."""
    open_containers: list[list[tuple[str, tuple[int, int]]]] = []
    kinds: list[str] = []
    for token in _NAMES_AND_BRACKETS.finditer(text, start):
        char = token[0][0]
        if char in "{[":
            open_containers.append([])
            kinds.append(char)
        elif char in "}]":
            if open_containers:
                open_containers.pop()
                kinds.pop()
        elif token[1] and open_containers:
            open_containers[-1].append((token[0].rstrip(": \t\r\n"), token.span()))
    objects = [names for names, kind in zip(open_containers, kinds, strict=True) if kind == "{"]
    return objects[-1] if objects else []


def _has_ended(completion: Completion, wrappers: Wrappers) -> bool:
    """The lines or rows of an answer are sound and the last thing in it: many may be alike."""
    if not isinstance(wrappers.rules, JsonlRules | CsvRules):
        return False
    if completion.finish_reason is FinishReason.LENGTH:
        return False
    document = read_document(completion.text, wrappers)
    return document.fault is None and not completion.text[document.end :].strip()


def _ends_with_value(text: str, wrappers: Wrappers) -> bool:
    if text[-1] not in "}]" or isinstance(wrappers.rules, JsonlRules | CsvRules):
        return False
    document = read_document(text, wrappers)
    return document.fault is None and document.end == len(text)


def _longest_period(text: str, min_rounds: int) -> tuple[int, int]:
    """The longest end of ``text`` that is ``min_rounds`` or more rounds of one stretch.

    The failure function of Knuth, Morris and Pratt over the reversed text: a prefix of length
    ``n`` whose longest border is ``b`` repeats itself every ``n - b`` characters.
    """
    letters = text[::-1]
    border = 0
    borders = [0]
    best = (0, 0)
    for end in range(1, len(letters)):
        letter = letters[end]
        while border and letters[border] != letter:
            border = borders[border - 1]
        if letters[border] == letter:
            border += 1
        borders.append(border)
        period = end + 1 - border
        if end + 1 >= period * min_rounds:
            best = (period, end + 1)
    return best
