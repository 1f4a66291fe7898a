"""Judges that nothing but blanks stands around an answer."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.document import read_document
from harness.checks.json.extra_text import extra_text
from harness.checks.json.value import without_completion
from harness.checks.text.no_text_around_code import NoTextAroundCode
from harness.checks.text.no_text_around_sections import NoTextAroundSections
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import Verdict

NEEDS = ("edges",)
BROKEN_BY = ("edges",)


@dataclass(frozen=True, slots=True)
class NoExtraText:
    """Rejects ``Sure! {"a": 1}``, a fenced ``{"a": 1}`` and ``{"a": 1}<|im_end|>``.

    Nothing but blanks may stand before the first top-level value or after the bracket that closes
    it. A defect inside the value is not extra text; no value at all is. The code is that of the
    first piece of extra text in reading order.
    """

    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        extra = extra_text(read_document(completion.text, self.wrappers), self.wrappers)
        return Verdict.failed(extra.code, extra.reason, extra.span) if extra else Verdict.passed()


def check_for(output: Output) -> NoExtraText | NoTextAroundCode | NoTextAroundSections:
    if output.format == "text":
        return NoTextAroundSections(output.sections, output.wrappers)
    check = NoTextAroundCode if output.format == "python" else NoExtraText
    return check(output.wrappers)
