"""Causes as words: ``48 broke: 24 begin with ```json, 17 begin with chatter, 4 lost a key``.

What an answer has in it is raw text of a model: whoever prints the words makes them printable.
"""

from collections.abc import Mapping, Sequence

from harness.core.verdict import FailureCode
from harness.gate.causes import Cause, Edge

BROKE, STILL_FAIL, FAIL = "broke", "still fail", "fail"
"""What cases do, which a list of causes opens with."""
MAX_TOLD = 5
"""Causes that are told; the answers of the others are counted."""
EXAMPLE_CHARACTERS = 60
_LEAD = 12
"""Characters of the answer shown before the fault."""
_CODES: Mapping[FailureCode, str] = {
    FailureCode.EMPTY: "are empty",
    FailureCode.NO_JSON: "have no JSON",
    FailureCode.NO_YAML: "have no YAML",
    FailureCode.NO_CSV: "have no CSV",
    FailureCode.NO_CALL: "call no tool",
    FailureCode.UNWANTED_CALL: "call a tool unasked",
    FailureCode.CALL_COUNT: "have another number of calls",
    FailureCode.CALL_FORM: "write a call in another form",
    FailureCode.UNKNOWN_TOOL: "call a tool that is not there",
    FailureCode.YAML_ANCHOR: "have an anchor",
    FailureCode.YAML_FLOW: "are in the style of JSON",
    FailureCode.BLANK_LINE: "have a blank line inside",
    FailureCode.CELL_COUNT: "have a row of another length",
    FailureCode.TEXT_BEFORE: "begin with chatter",
    FailureCode.TEXT_AFTER: "end with chatter",
    FailureCode.MARKDOWN_FENCE: "have a Markdown fence",
    FailureCode.FENCE_MISSING: "lack the fence",
    FailureCode.FENCE_UNCLOSED: "leave the fence open",
    FailureCode.FENCE_LANGUAGE: "have a fence of another language",
    FailureCode.THINK_BLOCK: "have a think block",
    FailureCode.SPECIAL_TOKEN: "have a special token",
    FailureCode.SECOND_DOCUMENT: "add a second answer",
    FailureCode.TRUNCATED: "break off",
    FailureCode.SYNTAX: "do not parse",
    FailureCode.NAN: "have a number that JSON lacks",
    FailureCode.UNCLOSED: "are never closed",
    FailureCode.BRACKET_LOOP: "loop on brackets",
    FailureCode.TEXT_LOOP: "end in a loop",
    FailureCode.DUPLICATE_KEY: "have a key twice",
    FailureCode.MISSING_KEY: "lack a key",
    FailureCode.UNEXPECTED_KEY: "have a key too many",
    FailureCode.WRONG_TYPE: "have a wrong type",
    FailureCode.NUMBER_AS_STRING: "have a number as a string",
    FailureCode.NOT_IN_ENUM: "have a value not allowed",
    FailureCode.SCHEMA_OTHER: "break the schema",
    FailureCode.BAD_DATE: "have a bad date",
    FailureCode.BAD_CLOCK: "have a bad time",
    FailureCode.UNGROUNDED: "make a value up",
    FailureCode.WRONG_VALUE: "have a wrong value",
    FailureCode.TOO_SLOW: "are too slow",
    FailureCode.TOO_BIG: "take too much memory",
    FailureCode.OTHER_TOKENS: "have other tokens",
    FailureCode.OTHER_LOGITS: "have other logits",
    FailureCode.BACKEND_ERROR: "have no answer",
    FailureCode.TASK_ERROR: "cannot be judged",
    FailureCode.ASSERTION: "fail an assertion",
}
_BEHAVIORS: Mapping[tuple[str, FailureCode | None], str] = {
    ("sections", FailureCode.MISSING_KEY): "lack a section",
    ("sections", FailureCode.SCHEMA_OTHER): "have sections out of order",
    ("python_function", FailureCode.MISSING_KEY): "lack the function or a part of it",
    ("words", FailureCode.SCHEMA_OTHER): "are too short or too long",
    ("item_counts", FailureCode.MISSING_KEY): "lack a list",
    ("item_counts", FailureCode.SCHEMA_OTHER): "have too few or too many items",
    ("quotes", FailureCode.WRONG_VALUE): "leave out a given value",
    ("expected", FailureCode.WRONG_VALUE): "lack the expected text",
    ("forbidden", FailureCode.UNGROUNDED): "have forbidden text",
}
"""Behaviors of the catalogue whose codes say something else than those of JSON."""
_EDGES = {None: "have", Edge.BEGINNING: "begin with", Edge.END: "end with"}
_ONE = {"have": "has", "are": "is", "do": "does", "lost": "lost", "cannot": "cannot"}


def sentence(causes: Sequence[Cause], verb: str, limit: int = MAX_TOLD) -> str:
    """``48 broke: 24 begin with ```json, 17 begin with chatter, 4 lost a key, 3 otherwise``."""
    is_broken = verb == BROKE
    if len(causes) == 1:
        who = "it" if count(causes) == 1 else "all"
        return f"{heading(causes, verb)}: {who} {phrase_of(causes[0], is_broken=is_broken)}"
    parts, before = [], ""
    for cause in causes[:limit]:
        said = counted(cause, is_broken=is_broken)
        place = f" at {cause.path}" if cause.path else ""
        what = said.removesuffix(place).partition(" ")[2]
        is_same = what == before and said.endswith(place or " ")
        parts.append(f"{len(cause.failures):,}{place}" if is_same else said)
        before = what
    if rest := count(causes[limit:]):
        parts.append(f"{rest:,} otherwise")
    return f"{heading(causes, verb)}: {', '.join(parts)}"


def heading(causes: Sequence[Cause], verb: str) -> str:
    """``48 broke``, ``1 still fails``."""
    total = count(causes)
    is_one = total == 1 and verb != BROKE
    return f"{total:,} {verb}{'s' if is_one else ''}"


def count(causes: Sequence[Cause]) -> int:
    """The number of cases."""
    return sum(len(cause.failures) for cause in causes)


def counted(cause: Cause, *, is_broken: bool = False) -> str:
    """``24 begin with ```json``, ``1 begins with chatter``."""
    return f"{len(cause.failures):,} {phrase_of(cause, is_broken=is_broken)}"


def phrase_of(cause: Cause, *, is_broken: bool = False) -> str:
    """The words that follow the number of cases."""
    said = phrase(cause, is_broken=is_broken)
    return _of_one(said) if len(cause.failures) == 1 else said


def phrase(cause: Cause, *, is_broken: bool = False) -> str:
    """``begin with ```json``, ``have a wrong value at /amount``, of several answers."""
    if cause.code is None:
        return "fail"
    if cause.behavior:
        return f"fail {cause.behavior}"
    said = _own(cause) or _CODES[cause.code]
    if cause.code is FailureCode.MISSING_KEY:
        return _missing(cause, said, is_broken=is_broken)
    if cause.edge or cause.written:
        thing = cause.written or said.removeprefix("have ")
        return f"{_EDGES[cause.edge]} {thing}"
    if cause.is_rest:
        return f"{said} elsewhere"
    return f"{said} at {cause.path}" if cause.path else said


def example(cause: Cause, width: int = EXAMPLE_CHARACTERS) -> str:
    """The part of the example's answer in which the fault stands, of at most ``width`` characters;
    empty where its text is not known."""
    failure = cause.example
    text, span = failure.completion.text, failure.verdict.span or (0, 0)
    first = max(0, min(span[0] - _LEAD, len(text) - width + 1))
    room = width - (1 if first else 0)
    shown = text[first : first + room]
    if first + room < len(text):
        shown = shown[: room - 1] + "…"
    return f"…{shown}" if first else shown


def _own(cause: Cause) -> str:
    """The words of the one behavior that found it, where it has its own."""
    names = cause.behaviors
    return _BEHAVIORS.get((names[0], cause.code), "") if len(names) == 1 else ""


def _missing(cause: Cause, said: str, *, is_broken: bool) -> str:
    if cause.path:
        said = f"lack the key {cause.path}"
    said = f"{said} elsewhere" if cause.is_rest else said
    return f"lost {said.removeprefix('lack ')}" if is_broken else said


def _of_one(said: str) -> str:
    verb, _, rest = said.partition(" ")
    return " ".join(filter(None, (_ONE.get(verb, f"{verb}s"), rest)))
