"""Judges that a completion is JSON Lines: one JSON value on each line."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.value import judge_whole
from harness.checks.text.format_rules import JsonlRules
from harness.checks.text.wrappers import Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import Verdict

NEEDS = ("jsonl",)
BROKEN_BY = ("edges", "syntax")
WRAPPERS = Wrappers(rules=JsonlRules())


@dataclass(frozen=True, slots=True)
class JsonlValidity:
    """Rejects ``[`` with objects below it, ``{"a": 1},`` with a comma behind it, and a value that
    goes on over several lines.

    Each line is one value as ``json_validity`` wants it, and the answer is the list of them: a
    schema of all lines is ``{"type": "array", "items": {...}}``, and a pointer begins with the
    line, ``/*/amount``. Blanks and line ends may stand before the first value and after the last;
    a blank line between two is ``blank_line`` here, and to no other behavior. An answer without a
    line is ``empty``, so that a reference has one at least.
    """

    wrappers: Wrappers = WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        return judge_whole(completion, self.wrappers)


def check_for(output: Output) -> JsonlValidity:
    return JsonlValidity(output.wrappers)
