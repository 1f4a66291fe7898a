"""Judges that a completion is one table of CSV."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.value import judge_whole
from harness.checks.text.format_rules import CsvRules
from harness.checks.text.wrappers import Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import Verdict

NEEDS = ("csv",)
BROKEN_BY = ("edges", "syntax")
WRAPPERS = Wrappers(rules=CsvRules())


@dataclass(frozen=True, slots=True)
class CsvValidity:
    """Rejects a row of two cells below a header of three, a quote that is never closed, a column
    that stands twice, and words.

    One table by RFC 4180, whose lines may end in a line feed alone. The first row is the header,
    and the answer is a list with an object for each row below it: a schema is ``{"type": "array",
    "items": {"properties": ...}}``, and a pointer begins with the row, ``/*/amount``.

    A cell is text, in quotes or not. In a column to which the schema gives another type and no
    text, a number or ``true`` or ``false`` as JSON writes them is that value, and what is written
    otherwise stays text, which the schema then fails. An empty cell is null where the schema allows
    null.

    The header has a name that the schema knows, or without a schema two cells: else the answer is
    taken for words (``no_csv``).
    """

    wrappers: Wrappers = WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        return judge_whole(completion, self.wrappers)


def check_for(output: Output) -> CsvValidity:
    return CsvValidity(output.wrappers)
