"""Judges that a text has the sections its task asks for, in their order."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.value import without_completion
from harness.checks.json.wording import list_of
from harness.checks.text.no_text_around_sections import heading_at
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("sections",)
BROKEN_BY = ()


@dataclass(frozen=True, slots=True)
class Sections:
    """Rejects a letter without its ``Request:``, or with ``Request:`` before ``Dispute:``.

    A section is there when its heading begins a line; blanks before it do not matter.
    """

    headings: tuple[str, ...]
    """As they must be written, in the order in which they must stand."""
    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        text = self.wrappers.answer(completion.text)
        places = {heading: heading_at(text, heading) for heading in self.headings}
        missing = [repr(excerpt(heading)) for heading in self.headings if places[heading] < 0]
        if missing:
            reason = f"expected a line that begins with {list_of(missing, 'and one with')}"
            return Verdict.failed(FailureCode.MISSING_KEY, reason, (0, len(text)))
        for earlier, later in zip(self.headings, self.headings[1:], strict=False):
            if places[later] < places[earlier]:
                reason = f"expected {excerpt(later)!r} after {excerpt(earlier)!r}, found it before"
                span = (places[later], places[later] + len(later))
                return Verdict.failed(FailureCode.SCHEMA_OTHER, reason, span)
        return Verdict.passed()


def check_for(output: Output) -> Sections:
    return Sections(output.sections, output.wrappers)
