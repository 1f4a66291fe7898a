"""Finds the YAML document that an answer holds.

YAML has no edges: prose may be read as a key. So the answer is the whole text, without what stands
around it: reasoning, and the fence with everything outside of it, whether or not the task allows
them. What it does not allow is ``Document.around``; what is no good style is ``Document.style``.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import yaml

from harness.checks.json.fault import Fault
from harness.checks.text.company import ALONE, Company, ExtraText, blanked, view_of
from harness.checks.text.document import BLANK, MISSING, Document
from harness.checks.text.surroundings import around_fence, find_markup
from harness.checks.text.wrappers import Wrappers
from harness.checks.text.yaml_rules import YamlRules
from harness.checks.yaml.events import Reading, Refused
from harness.core.verdict import FailureCode

_FENCED = Company(fence="allowed", commentary=True)
_THOUGHT = Company(reasoning=True)
_ANY = replace(_FENCED, reasoning=True)


def read_yaml(text: str, wrappers: Wrappers, rules: YamlRules) -> Document:
    """The document of an answer: the whole text, or all but its reasoning, where fences and marks
    of reasoning stand in quoted texts and blocks alone; else what a fence holds.

    Other marks of reasoning belong to a document that is sound with them, unless a task allows it.
    """
    is_thought = wrappers.company.reasoning
    for company in (ALONE, _THOUGHT) if is_thought else (ALONE,):
        whole, quoted = _read(text, wrappers, rules, company)
        if whole.fault is None and not _has_company(_without(whole.text, quoted), wrappers):
            return whole
    fenced, quoted = _read(text, wrappers, rules, _FENCED)
    has_thought = is_thought and any(wrappers.marks(_without(text, quoted)))
    if fenced.fault is None and not has_thought:
        return fenced
    return _read(text, wrappers, rules, _ANY)[0]


def _has_company(text: str, wrappers: Wrappers) -> bool:
    """A fence or a mark of reasoning stands in a text."""
    return view_of(text, _FENCED).span != (0, 0) or any(wrappers.marks(text))


def _without(text: str, content: Sequence[tuple[int, int]]) -> str:
    """The text in which some spans are blanked."""
    pieces, position = list[str](), 0
    for start, end in content:
        pieces += [text[position:start], blanked(text[start:end])]
        position = end
    return "".join([*pieces, text[position:]])


def _read(
    text: str, wrappers: Wrappers, rules: YamlRules, company: Company
) -> tuple[Document, Sequence[tuple[int, int]]]:
    """The document, seen through what may stand around it, and the spans of its texts that are
    quoted or blocks."""
    seen = Wrappers(wrappers.own, company).view(text).text
    around = partial(_around, text, wrappers)
    if not seen.strip(BLANK):
        what = "nothing at all" if not text else "nothing but blanks"
        empty = Fault(FailureCode.EMPTY, f"expected YAML, found {what}", (0, len(text)))
        return Document(seen, len(text), len(text), MISSING, empty, around=around([])), ()
    start, end = len(seen) - len(seen.lstrip(BLANK)), len(seen.rstrip(BLANK))
    try:
        read = Reading(seen if company.fence == "forbidden" else _ended(seen)).read()
    except Refused as refused:
        return Document(seen, start, end, MISSING, refused.fault, around=around([])), ()
    if fault := _no_value(read, (start, end)):
        return Document(seen, len(seen), len(seen), MISSING, fault, around=around([])), ()
    document = Document(
        seen,
        start,
        end,
        read.value,
        around=_second(read, around(read.quoted)),
        places=read.places,
        style=_style(read, rules),
    )
    return document, read.quoted


def _ended(text: str) -> str:
    """The text without the blanks at its end, which are no lines of a block that ends it."""
    return f"{text.rstrip(BLANK)}\n"[: len(text)]


def _second(read: Reading, around: ExtraText | None) -> ExtraText | None:
    """The second document, where nothing comes before it."""
    if read.second is None or (around and around.span[0] <= read.second[0]):
        return around
    reason = "expected one YAML document, found a second one"
    return ExtraText(FailureCode.SECOND_DOCUMENT, reason, read.second)


def _around(text: str, wrappers: Wrappers, content: Sequence[tuple[int, int]]) -> ExtraText | None:
    """The first thing around the document that should not be there; ``content`` has the spans in
    which marks belong to it."""
    view = wrappers.view(_without(text, content))
    if found := around_fence(view, wrappers):
        return found
    return find_markup(view.text, 0, len(text), "the YAML", wrappers)


def _no_value(read: Reading, span: tuple[int, int]) -> Fault | None:
    """Plain words are YAML too, and no answer."""
    if read.root is None:
        reason = "expected YAML, found nothing but comments"
        return Fault(FailureCode.EMPTY, reason, span, span[0])
    is_words = isinstance(read.root, yaml.ScalarEvent) and read.root.implicit[0]
    if is_words and isinstance(read.value, str):
        reason = "expected YAML, found text that is neither a mapping nor a list"
        return Fault(FailureCode.NO_YAML, reason, span, span[0])
    return None


def _style(read: Reading, rules: YamlRules) -> Fault | None:
    """The first thing in a sound document that the task does not allow."""
    found: list[Fault] = []
    if read.duplicate:
        name, span = read.duplicate
        reason = f"the key {name!r:.80} stands twice in one mapping"
        found.append(Fault(FailureCode.DUPLICATE_KEY, reason, span, span[0]))
    if read.anchor and not rules.anchors:
        reason = "expected no anchors and aliases, found one"
        found.append(Fault(FailureCode.YAML_ANCHOR, reason, read.anchor, read.anchor[0]))
    if flow := _flow(read, rules):
        reason = "expected YAML in block style, found JSON's"
        found.append(Fault(FailureCode.YAML_FLOW, reason, flow, flow[0]))
    return min(found, key=lambda fault: fault.position, default=None)


def _flow(read: Reading, rules: YamlRules) -> tuple[int, int] | None:
    if rules.flow == "allowed":
        return None
    if getattr(read.root, "flow_style", None):
        start = read.root.start_mark.index
        return start, start + 1
    return read.flow if rules.flow == "forbidden" else None
