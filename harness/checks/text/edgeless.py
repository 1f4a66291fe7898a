"""Finds the answer in a format without edges, in which words may be read as content.

So the answer is the whole text, without what stands around it: reasoning, and the fence with
everything outside of it, whether or not the task allows them. What it does not allow is
``Document.around``.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from harness.checks.text.company import ALONE, Company, ExtraText, blanked, view_of
from harness.checks.text.document import Document
from harness.checks.text.surroundings import around_fence, find_markup
from harness.checks.text.wrappers import Wrappers

_FENCED = Company(fence="allowed", commentary=True)
_THOUGHT = Company(reasoning=True)
_ANY = replace(_FENCED, reasoning=True)


class Parsed(NamedTuple):
    """A text as its format has it."""

    document: Document
    quoted: Sequence[tuple[int, int]] = ()
    """Texts in quotes or in blocks, in which marks are content."""
    second: ExtraText | None = None
    """A second document."""


Parser = Callable[[str, bool], Parsed]
"""Reads a text, of which all around the answer is blanked; true where it stands in a fence."""


def find_document(text: str, wrappers: Wrappers, parse: Parser, what: str) -> Document:
    """The document of an answer: the whole text, or all but its reasoning, where fences and marks
    of reasoning stand in quoted texts and blocks alone; else what a fence holds.

    Other marks of reasoning belong to a document that is sound with them, unless a task allows it.
    ``what`` names the answer in a reason: ``the YAML``.
    """
    read = partial(_read, text, wrappers, parse, what)
    is_thought = wrappers.company.reasoning
    for company in (ALONE, _THOUGHT) if is_thought else (ALONE,):
        whole, quoted = read(company)
        if whole.fault is None and not _has_company(_without(whole.text, quoted), wrappers):
            return whole
    fenced, quoted = read(_FENCED)
    has_thought = is_thought and any(wrappers.marks(_without(text, quoted)))
    if fenced.fault is None and not has_thought:
        return fenced
    return read(_ANY)[0]


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
    text: str, wrappers: Wrappers, parse: Parser, what: str, company: Company
) -> tuple[Document, Sequence[tuple[int, int]]]:
    """The document, seen through what may stand around it, and the spans of its texts that are
    quoted or blocks."""
    seen = Wrappers(wrappers.own, company).view(text).text
    document, quoted, second = parse(seen, company.fence != "forbidden")
    around = _around(text, wrappers, quoted, what)
    if around is None or (second and second.span[0] < around.span[0]):
        around = second
    return replace(document, text=seen, around=around), quoted


def _around(
    text: str, wrappers: Wrappers, content: Sequence[tuple[int, int]], what: str
) -> ExtraText | None:
    """The first thing around the document that should not be there; ``content`` has the spans in
    which marks belong to it."""
    view = wrappers.view(_without(text, content))
    if found := around_fence(view, wrappers):
        return found
    return find_markup(view.text, 0, len(text), what, wrappers)
