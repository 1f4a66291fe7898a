"""Judges that a completion is one JSON text, whole and by the letter of RFC 8259."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.document import read_document
from harness.checks.json.extra_text import extra_text
from harness.checks.json.value import fault_verdict, first_fault, without_completion
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import Verdict

NEEDS = ("json",)
BROKEN_BY = ("edges", "syntax")


@dataclass(frozen=True, slots=True)
class JsonValidity:
    """Rejects ``{"a": 1,}``, ``{'a': 1}``, ``{"a": NaN}`` and ``Sure! {"a": 1}``.

    The whole raw completion must be blanks, one value, blanks, where a blank is a space, a tab, a
    line feed or a carriage return; a task may allow a fence around it. Duplicate names, huge
    numbers and deep nesting are valid. The code is chosen as ``harness.checks.json.document`` says.
    """

    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        document = read_document(completion.text, self.wrappers)
        if document.fault is None and document.is_whole:
            return Verdict.passed()
        fault = first_fault(extra_text(document, self.wrappers), document.fault)
        assert fault is not None, "a text that is not whole has something around its value"
        return fault_verdict(document, completion, fault)


def check_for(output: Output) -> JsonValidity:
    return JsonValidity(output.wrappers)
