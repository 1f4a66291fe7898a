"""Judges that a completion is one JSON text, whole and by the letter of RFC 8259."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.value import judge_whole
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
        return judge_whole(completion, self.wrappers)


def check_for(output: Output) -> JsonValidity:
    return JsonValidity(output.wrappers)
