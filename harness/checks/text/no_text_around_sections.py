"""Judges that a text with sections begins with its first one and ends with its last."""

import re
from dataclasses import dataclass

from harness.checks.json.value import without_completion
from harness.checks.text.surroundings import around_fence, find_markup, first_piece
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict


@dataclass(frozen=True, slots=True)
class NoTextAroundSections:
    """Rejects ``Sure, here is your letter:`` before ``To:``, and a fence around it all.

    Nothing but blanks may stand before the first heading there is; a text with none is extra text
    altogether. The last section ends at the first empty line after it; nothing but blanks may
    follow. Fences, think blocks and special tokens are extra text wherever they stand.
    """

    headings: tuple[str, ...]
    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        view = self.wrappers.view(completion.text)
        if extra := around_fence(view, self.wrappers):
            return Verdict.failed(extra.code, extra.reason, extra.span)
        text = view.text
        if not text.strip():
            reason = "expected a text, found nothing but blanks"
            return Verdict.failed(FailureCode.EMPTY, reason, (0, len(text)))
        answer = self.wrappers.answer(text)
        places = [place for h in self.headings if (place := heading_at(answer, h)) >= 0]
        if not places:
            reason = f"expected sections, found text: {excerpt(text.strip())}"
            return Verdict.failed(FailureCode.TEXT_BEFORE, reason, (0, len(text)))
        start = min(places)
        last = heading_at(answer, self.headings[-1])
        end = _section_end(text, last) if last >= 0 else len(text)
        extra = first_piece(text, start, end, "the text", wrappers=self.wrappers) or find_markup(
            text, start, end, "the text", self.wrappers
        )
        return Verdict.failed(extra.code, extra.reason, extra.span) if extra else Verdict.passed()


def heading_at(text: str, heading: str) -> int:
    """The offset of the heading in the first line that begins with it; -1 when none does."""
    line = re.compile(rf"^[^\S\n]*+({re.escape(heading)})", re.MULTILINE).search(text)
    return line.start(1) if line else -1


def _section_end(text: str, start: int) -> int:
    """The end of the paragraph that begins at ``start``, up to an empty line or a fence."""
    position = start
    while position < len(text):
        line_end = text.find("\n", position)
        line_end = len(text) if line_end < 0 else line_end
        line = text[position:line_end].strip()
        if not line or line.startswith(("```", "~~~", "<|", "</s>")):
            return position
        position = line_end + 1
    return len(text)
