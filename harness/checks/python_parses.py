"""Judges that a whole completion is Python source."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.value import without_completion
from harness.checks.text.python_source import parse_python, unparsed
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import Verdict

NEEDS = ("python",)
BROKEN_BY = ("syntax",)


@dataclass(frozen=True, slots=True)
class PythonParses:
    """Rejects ``def add(a, b) return a + b``, and code in a Markdown fence that may not be there.

    The whole raw completion must parse as one module. It is never run.
    """

    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        source = parse_python(self.wrappers.view(completion.text).text)
        return Verdict.passed() if source.tree is not None else unparsed(source, completion)


def check_for(output: Output) -> PythonParses:
    return PythonParses(output.wrappers)
