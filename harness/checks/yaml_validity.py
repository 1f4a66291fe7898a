"""Judges that a completion is one document of YAML."""

from dataclasses import dataclass

from harness.checks.declared.output import Output
from harness.checks.json.document import read_document
from harness.checks.json.value import fault_verdict, first_fault, without_completion
from harness.checks.text.wrappers import Wrappers
from harness.checks.text.yaml_rules import YamlRules
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import Verdict

NEEDS = ("yaml",)
BROKEN_BY = ("edges", "syntax")
WRAPPERS = Wrappers(yaml=YamlRules())


@dataclass(frozen=True, slots=True)
class YamlValidity:
    """Rejects ``a: 1`` with ``b`` below it, a tab that indents, two documents, and a key twice.

    One document of YAML 1.2, whose plain scalars are read by its core schema: ``no`` is a text.
    Anchors and aliases are refused unless the task allows them, and so is JSON's own style.
    """

    wrappers: Wrappers = WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        document = read_document(completion.text, self.wrappers)
        fault = first_fault(document.around, document.fault or document.style)
        return Verdict.passed() if fault is None else fault_verdict(document, completion, fault)


def check_for(output: Output) -> YamlValidity:
    return YamlValidity(output.wrappers)
