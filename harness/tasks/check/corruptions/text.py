"""Defects of free text: letters, and anything else that a task describes by its parts."""

import itertools
import re
import string
import unicodedata
from functools import partial

from harness.checks.text.text_patterns import Match, PatternTimeout, matches
from harness.core.case import Case
from harness.tasks.check.corruptions.defect import (
    LOOP,
    Broken,
    Defect,
    Defects,
    around,
    at_the_limit,
    nothing,
)
from harness.tasks.check.corruptions.pattern_sample import sample_of
from harness.tasks.task import Task

_OTHERS = (
    *(str.maketrans("0123456789", digits) for digits in ("5678901234", "3456789012", "7890123456")),
    str.maketrans(
        string.ascii_letters,
        "".join(half[13:] + half[:13] for half in (string.ascii_lowercase, string.ascii_uppercase)),
    ),
)
"""Ways to make something else of the same form."""


def defects(task: Task) -> Defects:
    """By name. Words, facts and claims are recounted for each: a fence is a word too."""
    made: dict[str, Defect] = {
        "fence added": around("```\n", "\n```", "no_extra_text"),
        "chatter before": around("here is what you asked for:\n\n", "", "no_extra_text"),
        "chatter after": around("", "\n\nlet me know if anything is missing.", "no_extra_text"),
        "ends in a loop": around("", "\n" + LOOP * 12, "repetition"),
        "heading dropped": partial(_heading_dropped, task),
        "section dropped": partial(_section_dropped, task),
        "sections swapped": partial(_sections_swapped, task),
        "fact left out": partial(_fact_left_out, task),
        **{
            f"invented {name}": partial(_invented, task, pattern)
            for name, pattern in task.grounded_patterns.items()
        },
        **{
            f"forbidden {name} added": partial(_forbidden_added, pattern)
            for name, pattern in task.forbidden.items()
        },
        "padded": partial(_padded, task),
        "nothing": nothing("no_extra_text", "sections"),
        "token limit reached": at_the_limit,
    }
    return {name: partial(_recounted, task, make) for name, make in made.items()}


def _recounted(task: Task, make: Defect, case: Case, perfect: str) -> Broken | None:
    """The defect, with what it does to the number of words, the facts quoted and the claims."""
    try:
        broken = make(case, perfect)
        return None if broken is None else _counted(task, broken, case, perfect)
    except PatternTimeout:
        return None


def _counted(task: Task, broken: Broken, case: Case, perfect: str) -> Broken:
    breaks = set(broken.breaks)
    if task.words and not task.words[0] <= len(broken.text.split()) <= task.words[1]:
        breaks.add("words")
    facts = [str(case.variables.get(name, "")) for name in task.quotes]
    if not all(_says(broken.text, fact) for fact in facts):
        breaks.add("quotes")
    claims = _claims(task, broken.text) - _claims(task, perfect)
    if any(_is_new(claim, "", case.prompt) for claim in claims):
        breaks.add("grounding")
    return Broken(broken.text, frozenset(breaks), broken.finish_reason)


def _claims(task: Task, text: str) -> set[str]:
    patterns = task.grounded_patterns.items()
    return {match.text for pattern in patterns for match in matches(*pattern, text)}


def _says(text: str, fact: str) -> bool:
    return not fact or bool(re.search(rf"(?<!\w){re.escape(_folded(fact))}(?!\w)", _folded(text)))


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _heading_dropped(task: Task, case: Case, perfect: str) -> Broken | None:
    heading = _middle(task)
    start = _start_of(perfect, heading) if heading else -1
    if start < 0:
        return None
    rest = perfect[start + len(heading) :].lstrip(" ")
    return Broken(perfect[:start] + rest, frozenset({"sections"}))


def _section_dropped(task: Task, case: Case, perfect: str) -> Broken | None:
    pieces = _pieces(task, perfect)
    if len(pieces) < 3:
        return None
    del pieces[len(pieces) // 2]
    return Broken("".join(pieces), frozenset({"sections"}))


def _sections_swapped(task: Task, case: Case, perfect: str) -> Broken | None:
    """The second and the third: the edges of the text stay where they are."""
    pieces = _pieces(task, perfect)
    if len(pieces) < 4:
        return None
    pieces[1], pieces[2] = pieces[2], pieces[1]
    return Broken("".join(pieces), frozenset({"sections"}))


def _pieces(task: Task, text: str) -> list[str]:
    """The text cut before each heading; empty where a heading is missing or out of order."""
    starts = [_start_of(text, heading) for heading in task.sections]
    if not starts or starts[0] != 0 or starts != sorted(starts):
        return []
    return [text[a:b] for a, b in itertools.pairwise([*starts, len(text)])]


def _has_headings(task: Task, text: str) -> bool:
    return all(_start_of(text, heading) >= 0 for heading in task.sections)


def _start_of(text: str, heading: str) -> int:
    match = re.search(rf"^{re.escape(heading)}", text, re.MULTILINE)
    return match.start() if match else -1


def _middle(task: Task) -> str:
    return task.sections[len(task.sections) // 2] if len(task.sections) > 2 else ""


def _fact_left_out(task: Task, case: Case, perfect: str) -> Broken | None:
    for name in task.quotes:
        value = str(case.variables.get(name, ""))
        text = re.sub(re.escape(value), "it", perfect, flags=re.IGNORECASE) if value else perfect
        if text != perfect and _has_headings(task, text):
            return Broken(text, frozenset({"quotes"}))
    return None


def _invented(task: Task, pattern: str, case: Case, perfect: str) -> Broken | None:
    """Something that the pattern matches becomes something else that it matches."""
    for match in matches("", pattern, perfect):
        start, end = match.span
        for table in _OTHERS:
            other = match.text.translate(table)
            text = perfect[:start] + other + perfect[end:]
            again = Match("", other, (start, end)) in matches("", pattern, text)
            is_kept = again and _has_headings(task, text)
            if is_kept and _is_new(other, match.text, case.prompt):
                return Broken(text, frozenset({"grounding"}))
    return None


def _is_new(other: str, original: str, prompt: str) -> bool:
    """Whether it is neither what stood there nor in the prompt, be it as a number."""
    if other == original or _folded(other) in _folded(prompt):
        return False
    return _numbers(other).isdisjoint(_numbers(prompt))


def _numbers(text: str) -> set[float]:
    return {float(n) for n in re.findall(r"[0-9]+(?:\.[0-9]+)?", text.replace(",", ""))}


def _forbidden_added(pattern: str, case: Case, perfect: str) -> Broken | None:
    sample = sample_of(pattern)
    if not sample or "\n" in sample:
        return None
    for joint in (" ", "\n"):
        text = f"{perfect.rstrip()}{joint}{sample}"
        if any(match.span[1] == len(text) for match in matches("", pattern, text)):
            return Broken(text, frozenset({"forbidden"}))
    return None


def _padded(task: Task, case: Case, perfect: str) -> Broken | None:
    """Words that are no loop, until there are too many."""
    if not task.words:
        return None
    pairs = itertools.product("bcdfghklmn", "aeiou", "prstvwxz", "aeiou")
    filler = itertools.islice(pairs, task.words[1] + 1 - len(perfect.split()))
    return Broken(f"{perfect} {' '.join(map(''.join, filler))}", frozenset({"words"}))
