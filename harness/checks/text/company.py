"""What may stand around an answer: a Markdown fence, words beside it, reasoning.

The answer is what the one fence holds. It is judged in the raw text, of which all that may stand
around it is blanked, so that every offset is one of the raw text.
"""

import re
from dataclasses import dataclass
from typing import Literal

from harness.core.printable import excerpt
from harness.core.verdict import FailureCode

Fence = Literal["forbidden", "allowed", "required"]
_FENCE_LINE = re.compile(r"^( {0,3})(`{3,}|~{3,})([^\n`]*+)$", re.MULTILINE)
_VISIBLE = re.compile(r"[^\n]")
LANGUAGES = {
    "json": ("json", "jsonc", "json5"),
    "jsonl": ("jsonl", "ndjson", "jsonlines", "json"),
    "yaml": ("yaml", "yml"),
    "csv": ("csv", "tsv"),
    "python": ("python", "py", "python3"),
}
"""Labels of a fence, by the format of the answer that they are right for."""


@dataclass(frozen=True, slots=True)
class Company:
    """What may stand around the answers of a task."""

    fence: Fence = "forbidden"
    language: str = ""
    """The label that a fence must have; empty: none, or any that is not another format's."""
    commentary: bool = False
    """Text may stand before and after the fence."""
    reasoning: bool = False
    """Reasoning may stand before the answer."""
    format: str = ""
    """The format of the answers."""

    @property
    def is_none(self) -> bool:
        """Nothing may stand around an answer."""
        return self.fence == "forbidden" and not self.reasoning


ALONE = Company()
"""Nothing may stand around an answer."""


@dataclass(frozen=True, slots=True)
class ExtraText:
    """The first thing that is wrong around an answer."""

    code: FailureCode
    reason: str
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class View:
    """A text in which all that stands around the answer is blanked."""

    text: str
    """As long as the raw text."""
    fault: ExtraText | None = None
    """The first fault of the fence."""
    span: tuple[int, int] = (0, 0)
    """That of the fence."""
    outside: str = ""
    """The text outside of the fence, which should be blank; empty where it may be anything."""


def view_of(text: str, company: Company) -> View:
    """Blank the fence and what stands outside of it; allowed reasoning is blanked before."""
    if company.fence == "forbidden":
        return View(text)
    opening = _FENCE_LINE.search(text)
    if opening is None:
        return fenceless(text, company)
    closing = _closing(text, opening)
    start, stop = opening.end(), closing.start() if closing else len(text)
    first, end = opening.start(), closing.end() if closing else len(text)
    inside = blanked(text[:start]) + text[start:stop] + blanked(text[stop:])
    outside = text[:first] + blanked(text[first:end]) + text[end:]
    fault = _fault(text, opening, closing, company)
    return View(inside, fault, (first, end), "" if company.commentary else outside)


def fenceless(text: str, company: Company) -> View:
    """The view of a text that has no fence, or none but in reasoning."""
    return View(text, _missing(text) if company.fence == "required" else None)


def blanked(text: str) -> str:
    """Blanks in place of all characters but line ends."""
    return _VISIBLE.sub(" ", text)


def _closing(text: str, opening: re.Match[str]) -> re.Match[str] | None:
    """The line that closes a fence: of the same kind, as long at least, no deeper, no label."""
    indent, mark = len(opening[1]), opening[2]
    for line in _FENCE_LINE.finditer(text, opening.end()):
        is_same = line[2].startswith(mark) and len(line[1]) <= indent
        if is_same and not line[3].strip():
            return line
    return None


def _fault(
    text: str,
    opening: re.Match[str],
    closing: re.Match[str] | None,
    company: Company,
) -> ExtraText | None:
    label = opening[3].split()[0].casefold() if opening[3].strip() else ""
    if not _is_right(label, company):
        expected = company.language or company.format
        found = f"the label {excerpt(label)}" if label else "no label"
        reason = f"expected a fence labelled {expected}, found {found}"
        return ExtraText(FailureCode.FENCE_LANGUAGE, reason, opening.span())
    if closing is None:
        reason = "the fence that opens here is never closed"
        return ExtraText(FailureCode.FENCE_UNCLOSED, reason, opening.span())
    second = _FENCE_LINE.search(text, closing.end())
    if second is None:
        return None
    reason = f"expected one fence, found a second one: {excerpt(second[0])}"
    return ExtraText(FailureCode.SECOND_DOCUMENT, reason, second.span())


def _is_right(label: str, company: Company) -> bool:
    if company.language:
        return label == company.language.casefold()
    known = {name for names in LANGUAGES.values() for name in names}
    return label not in known or label in LANGUAGES.get(company.format, ())


def _missing(text: str) -> ExtraText:
    reason = "expected a Markdown fence around the answer, found none"
    return ExtraText(FailureCode.FENCE_MISSING, reason, (0, len(text)))
