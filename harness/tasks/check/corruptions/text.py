"""Defects of free text: letters, and anything else that a task describes by its parts."""

import itertools
import re
import string
import unicodedata
from functools import partial

from harness.checks.declared.output import Output
from harness.checks.text.text_patterns import Match, PatternTimeout, matches
from harness.core.case import Case
from harness.tasks.check.corruptions.defect import (
    EDGES,
    FENCE_ADDED,
    LOOP,
    Corruption,
    Defect,
    Defects,
    around,
    at_the_limit,
    nothing,
)
from harness.tasks.check.corruptions.pattern_sample import sample_of

_OTHERS = (
    *(str.maketrans("0123456789", digits) for digits in ("5678901234", "3456789012", "7890123456")),
    str.maketrans(
        string.ascii_letters,
        "".join(half[13:] + half[:13] for half in (string.ascii_lowercase, string.ascii_uppercase)),
    ),
)
"""Ways to make something else of the same form."""


def defects(output: Output) -> Defects:
    """By name. Words, facts, claims and patterns are recounted for each: a fence is a word too."""
    made: dict[str, Defect] = {
        FENCE_ADDED: around("```\n", "\n```", EDGES),
        "chatter before": around("here is what you asked for:\n\n", "", EDGES),
        "chatter after": around("", "\n\nlet me know if anything is missing.", EDGES),
        "ends in a loop": around("", "\n" + LOOP * 12, "repetition"),
        "heading dropped": partial(_heading_dropped, output),
        "section dropped": partial(_section_dropped, output),
        "sections swapped": partial(_sections_swapped, output),
        "fact left out": partial(_fact_left_out, output),
        **{
            f"invented {name}": partial(_invented, output, pattern)
            for name, pattern in output.grounded_patterns.items()
        },
        **{
            f"expected {name} left out": partial(_expected_left_out, output, pattern)
            for name, pattern in output.expected.items()
        },
        **{
            f"forbidden {name} added": partial(_forbidden_added, pattern)
            for name, pattern in output.forbidden.items()
        },
        "padded": partial(_padded, output),
        "nothing": nothing(EDGES, "sections"),
        "token limit reached": at_the_limit,
    }
    return {name: partial(_recounted, output, make) for name, make in made.items()}


def _recounted(output: Output, make: Defect, case: Case, perfect: str) -> Corruption | None:
    """The defect, with what it does to the number of words, the facts quoted, the claims and what
    is expected or forbidden."""
    try:
        broken = make(case, perfect)
        return None if broken is None else _counted(output, broken, case, perfect)
    except PatternTimeout:
        return None


def _counted(output: Output, broken: Corruption, case: Case, perfect: str) -> Corruption:
    breaks = set(broken.breaks)
    if output.words and not output.words[0] <= len(broken.text.split()) <= output.words[1]:
        breaks.add("words")
    facts = [str(case.variables.get(name, "")) for name in output.quotes]
    if not all(_says(broken.text, fact) for fact in facts):
        breaks.add("quotes")
    claims = _claims(output, broken.text) - _claims(output, perfect)
    if any(_is_new(claim, "", case.prompt) for claim in claims):
        breaks.add("grounding")
    if not all(_is_found(pattern, broken.text) for pattern in output.expected.values()):
        breaks.add("expected")
    if any(_is_found(pattern, broken.text) for pattern in output.forbidden.values()):
        breaks.add("forbidden")
    return Corruption(broken.text, frozenset(breaks), broken.finish_reason)


def _claims(output: Output, text: str) -> set[str]:
    patterns = output.grounded_patterns.items()
    return {match.text for pattern in patterns for match in matches(*pattern, text)}


def _says(text: str, fact: str) -> bool:
    return not fact or bool(re.search(rf"(?<!\w){re.escape(_folded(fact))}(?!\w)", _folded(text)))


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _heading_dropped(output: Output, case: Case, perfect: str) -> Corruption | None:
    heading = _middle(output)
    start = _start_of(perfect, heading) if heading else -1
    if start < 0:
        return None
    rest = perfect[start + len(heading) :].lstrip(" ")
    return Corruption(perfect[:start] + rest, frozenset({"sections"}))


def _section_dropped(output: Output, case: Case, perfect: str) -> Corruption | None:
    pieces = _pieces(output, perfect)
    if len(pieces) < 3:
        return None
    del pieces[len(pieces) // 2]
    return Corruption("".join(pieces), frozenset({"sections"}))


def _sections_swapped(output: Output, case: Case, perfect: str) -> Corruption | None:
    """The second and the third: the edges of the text stay where they are."""
    pieces = _pieces(output, perfect)
    if len(pieces) < 4:
        return None
    pieces[1], pieces[2] = pieces[2], pieces[1]
    return Corruption("".join(pieces), frozenset({"sections"}))


def _pieces(output: Output, text: str) -> list[str]:
    """The text cut before each heading; empty where a heading is missing or out of order."""
    starts = [_start_of(text, heading) for heading in output.sections]
    if not starts or starts[0] != 0 or starts != sorted(starts):
        return []
    return [text[a:b] for a, b in itertools.pairwise([*starts, len(text)])]


def _has_headings(output: Output, text: str) -> bool:
    return all(_start_of(text, heading) >= 0 for heading in output.sections)


def _start_of(text: str, heading: str) -> int:
    match = re.search(rf"^{re.escape(heading)}", text, re.MULTILINE)
    return match.start() if match else -1


def _middle(output: Output) -> str:
    return output.sections[len(output.sections) // 2] if len(output.sections) > 2 else ""


def _fact_left_out(output: Output, case: Case, perfect: str) -> Corruption | None:
    for name in output.quotes:
        value = str(case.variables.get(name, ""))
        text = re.sub(re.escape(value), "it", perfect, flags=re.IGNORECASE) if value else perfect
        if text != perfect and _has_headings(output, text):
            return Corruption(text, frozenset({"quotes"}))
    return None


def _invented(output: Output, pattern: str, case: Case, perfect: str) -> Corruption | None:
    """Something that the pattern matches becomes something else that it matches."""
    for match in matches("", pattern, perfect):
        start, end = match.span
        for table in _OTHERS:
            other = match.text.translate(table)
            text = perfect[:start] + other + perfect[end:]
            again = Match("", other, (start, end)) in matches("", pattern, text)
            is_kept = again and _has_headings(output, text)
            if is_kept and _is_new(other, match.text, case.prompt):
                return Corruption(text, frozenset({"grounding"}))
    return None


def _is_new(other: str, original: str, prompt: str) -> bool:
    """True for what neither stood there nor occurs in the prompt, be it as a number."""
    if other == original or _folded(other) in _folded(prompt):
        return False
    return _numbers(other).isdisjoint(_numbers(prompt))


def _numbers(text: str) -> set[float]:
    return {float(n) for n in re.findall(r"[0-9]+(?:\.[0-9]+)?", text.replace(",", ""))}


def _is_found(pattern: str, text: str) -> bool:
    return next(matches("", pattern, text), None) is not None


def _expected_left_out(output: Output, pattern: str, case: Case, perfect: str) -> Corruption | None:
    """Everything that the pattern matches becomes something else, until it matches no more."""
    found = [*matches("", pattern, perfect)]
    for table in (*_OTHERS, None):
        text = perfect
        for match in reversed(found):
            other = "it" if table is None else match.text.translate(table)
            text = text[: match.span[0]] + other + text[match.span[1] :]
        if not _is_found(pattern, text) and _has_headings(output, text):
            return Corruption(text, frozenset({"expected"}))
    return None


def _forbidden_added(pattern: str, case: Case, perfect: str) -> Corruption | None:
    sample = sample_of(pattern)
    if not sample or "\n" in sample:
        return None
    for joint in (" ", "\n"):
        text = f"{perfect.rstrip()}{joint}{sample}"
        if any(match.span[1] == len(text) for match in matches("", pattern, text)):
            return Corruption(text, frozenset({"forbidden"}))
    return None


def _padded(output: Output, case: Case, perfect: str) -> Corruption | None:
    """Words that are no loop, until there are too many."""
    if not output.words:
        return None
    pairs = itertools.product("bcdfghklmn", "aeiou", "prstvwxz", "aeiou")
    filler = itertools.islice(pairs, output.words[1] + 1 - len(perfect.split()))
    return Corruption(f"{perfect} {' '.join(map(''.join, filler))}", frozenset({"words"}))
