"""Finds the YAML document that an answer holds.

What the task does not allow around it is ``Document.around``; what is no good style is
``Document.style``.
"""

from functools import partial

import yaml

from harness.checks.json.fault import Fault
from harness.checks.text.company import ExtraText
from harness.checks.text.document import BLANK, MISSING, Document
from harness.checks.text.edgeless import Parsed, find_document
from harness.checks.text.format_rules import YamlRules
from harness.checks.text.wrappers import Wrappers
from harness.checks.yaml.events import Reading, Refused
from harness.core.verdict import FailureCode


def read_yaml(text: str, wrappers: Wrappers, rules: YamlRules) -> Document:
    """The document of an answer."""
    return find_document(text, wrappers, partial(_parsed, rules), "the YAML")


def _parsed(rules: YamlRules, text: str, is_fenced: bool) -> Parsed:
    if not text.strip(BLANK):
        what = "nothing at all" if not text else "nothing but blanks"
        empty = Fault(FailureCode.EMPTY, f"expected YAML, found {what}", (0, len(text)))
        return Parsed(Document(text, len(text), len(text), MISSING, empty))
    start, end = len(text) - len(text.lstrip(BLANK)), len(text.rstrip(BLANK))
    try:
        read = Reading(_ended(text) if is_fenced else text).read()
    except Refused as refused:
        return Parsed(Document(text, start, end, MISSING, refused.fault))
    if fault := _no_value(read, (start, end)):
        return Parsed(Document(text, len(text), len(text), MISSING, fault))
    style = _style(read, rules)
    found = Document(text, start, end, read.value, places=read.places, style=style)
    return Parsed(found, read.quoted, _second(read))


def _ended(text: str) -> str:
    """The text without the blanks at its end, which are no lines of a block that ends it."""
    return f"{text.rstrip(BLANK)}\n"[: len(text)]


def _second(read: Reading) -> ExtraText | None:
    if read.second is None:
        return None
    reason = "expected one YAML document, found a second one"
    return ExtraText(FailureCode.SECOND_DOCUMENT, reason, read.second)


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
