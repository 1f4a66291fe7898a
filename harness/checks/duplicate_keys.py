"""Judges that no object of the value has two members of one name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]

from harness.checks.declared.output import Output
from harness.checks.json.value import document_of
from harness.checks.json.wording import show
from harness.checks.text.document import Document
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import FailureCode, Verdict

NEEDS = ("json_text",)
BROKEN_BY = ("syntax",)
_NAMES_AND_BRACES = re.compile(r'"(?:[^"\\]++|\\.)*+"[ \t\n\r]*+(:?)|[{}]')


@dataclass(frozen=True, slots=True)
class NoDuplicateKeys:
    """Rejects ``{"a": 1, "a": 2}``, and ``{"a": 1, "\\u0061": 2}``: the same name, escaped."""

    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        document = document_of(completion, self.wrappers)
        if isinstance(document, Verdict):
            return document
        if not document.has_duplicates:
            return Verdict.passed()
        for name, first, span in _repeated_names(document):
            reason = f"the key {show(name)} stands twice in one object, first at character {first}"
            return Verdict.failed(FailureCode.DUPLICATE_KEY, reason, span)
        raise AssertionError("the decoder found a duplicate that the text does not have")


def check_for(output: Output) -> NoDuplicateKeys:
    return NoDuplicateKeys(output.wrappers)


def _repeated_names(document: Document) -> Iterator[tuple[str, int, tuple[int, int]]]:
    """Each repeated name, where it stood first, and its span, in reading order."""
    text = document.text
    open_objects: list[dict[str, int]] = []
    for token in _NAMES_AND_BRACES.finditer(text, document.start, document.end):
        if token[0] == "{":
            open_objects.append({})
        elif token[0] == "}":
            open_objects.pop()
        elif token[1]:
            start = token.start()
            name, end = scanstring(text, start + 1, True)
            if name in open_objects[-1]:
                yield name, open_objects[-1][name], (start, end)
            open_objects[-1].setdefault(name, start)
