"""Repair: a declared transformation of a completion, whose result is judged beside the raw one.

``json-repair`` does it. The raw completion is evidence and stays as it is; what comes out of here
is another completion.
"""

import re
from dataclasses import dataclass, replace

from harness.checks.json.decoder import decode
from harness.checks.json.document import read_document
from harness.checks.json.value import without_completion
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import Check, Verdict

MAX_CHARACTERS = 20_000
"""Longer text is left as it is: the library takes time quadratic in some of it."""
MAX_DEPTH = 40
"""Text with more brackets open at once, wherever they stand, is left as it is: the library
recurses."""
_BRACKET = re.compile(r"[{}\[\]]")


@dataclass(frozen=True, slots=True)
class Repaired:
    """Judges what a program that repairs JSON would make of the completion.

    The rate of ``Repaired(JsonValidity())`` beside that of ``JsonValidity()`` is the repair lift:
    "raw 41%, after repair 88%". The span of a failure is left out, as it is none of the raw text.
    """

    check: Check
    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        verdict = self.check.judge(case, repaired(completion, self.wrappers))
        return replace(verdict, span=None)


def repaired(completion: Completion, wrappers: Wrappers = KNOWN_WRAPPERS) -> Completion:
    """The completion with its text repaired; the very same when it needs none or has no JSON."""
    text = repair_text(completion.text, wrappers)
    return completion if text == completion.text else replace(completion, text=text)


def repair_text(text: str, wrappers: Wrappers = KNOWN_WRAPPERS) -> str:
    """The JSON that ``json-repair`` makes of ``text``, or ``text`` itself when it makes none."""
    document = read_document(text, wrappers)
    seen = document.text
    if document.fault is None:
        return text[document.start : document.end] if not document.is_whole else text
    if document.end == document.start or len(text) > MAX_CHARACTERS:
        return text
    if _depth(text) > MAX_DEPTH:
        return text
    following = next(wrappers.marks(seen, document.end), None)
    broken = seen[document.start : following.start if following else len(seen)]
    import json_repair  # only here: the catalogue is read by commands that repair nothing

    try:
        candidate = json_repair.repair_json(broken, ensure_ascii=False)
        return candidate if isinstance(candidate, str) and _is_json(candidate) else text
    except Exception:  # whatever the library trips over, the raw text is what there is
        return text


def _depth(text: str) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.findall(text):
        depth = depth + 1 if bracket in "{[" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _is_json(text: str) -> bool:
    return bool(text.strip()) and decode(text, 0).end == len(text)
