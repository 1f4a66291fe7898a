"""Judges that a completion is one document of YAML."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.value import judge_whole
from harness.checks.text.format_rules import YamlRules
from harness.checks.text.wrappers import Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import Verdict

NEEDS = ("yaml",)
BROKEN_BY = ("edges", "syntax")
WRAPPERS = Wrappers(rules=YamlRules())


@dataclass(frozen=True, slots=True)
class YamlValidity:
    """Rejects ``a: 1`` with ``b`` below it, a tab that indents, two documents, and a key twice.

    One document of YAML 1.2, whose plain scalars are read by its core schema: ``no`` is a text.
    Anchors and aliases are refused unless the task allows them, and so is JSON's own style.
    """

    wrappers: Wrappers = WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        return judge_whole(completion, self.wrappers)


def check_for(output: Output) -> YamlValidity:
    return YamlValidity(output.wrappers)
