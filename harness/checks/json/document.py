"""Locates the JSON value in a completion, and the first fault in it.

Every check that looks at the value looks at the *first top-level value*, found by this rule:

1. The whole text, where it is one JSON text. Else the rules hold for each stretch of text outside
   of reasoning and tool calls (``harness.checks.text.wrappers``), in reading order:
2. An opening brace that stands first in it, or an opening bracket there that an item follows; also
   a number, string or literal that stands first and has its line to itself.
3. Else, left to right, the first ``{`` or ``[`` that is followed as JSON would be (``{`` by a
   name or ``}``, ``[`` by an item), whether or not the value turns out to be sound. In the midst
   of prose an array of bare numbers (``[1]`` may be a footnote) and an empty container are taken
   only when nothing better stands in the text, and an array that begins with a number and breaks
   off (``[1, see below]``) only when the end of the text breaks it off. Brackets of program code
   (``row["id"]``, ``dumps({"id": 1})``, a block labelled as Python) too are taken only when nothing
   better stands in the text.
4. Else the first line that is one number, string or literal and nothing else.

Where a task allows a fence, what stands outside of the first one is not looked at. Reasoning is not
looked at. Text before a closing mark such as ``</think>`` whose opening one may
have stood in the prompt, and tool calls, are looked at last. A mark inside of a value, or in a
string behind the first unsound value, belongs to the value. A value reaches to the bracket that
closes its first one, also when it is unsound inside, and to the end of the text when nothing closes
it.

Precedence of failure codes, for ``json_validity`` and for every check that finds no sound value:
``empty`` (nothing but blanks), ``no_json`` (no value), then the first thing a strict reader
stumbles over in reading order: what precedes the value (``text_before``, ``markdown_fence``,
``think_block``, ``special_token``), what is wrong in it (``nan``, ``syntax``, ``truncated``,
``unclosed``), what follows it (``text_after``, ``second_document`` and again fence, think block
and special token). ``bracket_loop`` takes the place of the code where the reader stumbles over a
loop of brackets, ``truncated`` that of ``unclosed`` where the token limit ended the completion.
Checks of the value skip the first and the last part: text around a sound value does not concern
them.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from harness.checks.csv.document import read_csv
from harness.checks.json.beginnings import OPENERS, SCALAR, SCALAR_FIRST, is_plausible
from harness.checks.json.brackets import match_brackets
from harness.checks.json.decoder import Decoded, decode
from harness.checks.json.fault import Fault, explain_fault
from harness.checks.json.lines import read_lines
from harness.checks.json.source_code import code_last, is_code, is_comprehension
from harness.checks.text.document import BLANK, MISSING, Document
from harness.checks.text.format_rules import CsvRules, JsonlRules, YamlRules
from harness.checks.text.surroundings import around_fence
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Mark, Stretch, Wrappers
from harness.checks.yaml.document import read_yaml
from harness.core.verdict import FailureCode

MAX_ATTEMPTS = 100
"""Arrays in prose that begin with a number and are tried as the beginning of the value."""
_FLAT_NUMBERS = re.compile(
    r"\[[ \t\n\r]*+[-0-9][0-9.eE+-]*+(?:[ \t\n\r]*+,[ \t\n\r]*+[-0-9][0-9.eE+-]*+)*+[ \t\n\r]*+\]"
)
_NUMBERS = re.compile(r"\[[ \t\n\r]*+[-0-9tfnNI]")
_SCALAR_LINE = re.compile(rf"^[ \t]*+{SCALAR}", re.MULTILINE)
# A string that no quote closes is one token: tried again from each quote, it takes its square.
_STRING = re.compile(r'"(?:[^"\\\n]++|\\[^\n])*+("?)')
_LONE_NUMBER = re.compile(r"[-+.]?[0-9]\S*+|[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


@lru_cache(maxsize=4)
def read_document(text: str, wrappers: Wrappers = KNOWN_WRAPPERS) -> Document:
    """Find the first top-level value of ``text``, or the document of another format; the last few
    answers are kept."""
    if isinstance(wrappers.rules, YamlRules):
        return read_yaml(text, wrappers, wrappers.rules)
    if isinstance(wrappers.rules, CsvRules):
        return read_csv(text, wrappers, wrappers.rules)
    view = wrappers.view(text, content_of_values(text))
    document = _read(view.text, wrappers)
    if isinstance(wrappers.rules, JsonlRules):
        document = read_lines(document, wrappers)
    around = around_fence(view, wrappers)
    return replace(document, around=around) if around else document


def _read(text: str, wrappers: Wrappers) -> Document:
    start = len(text) - len(text.lstrip(BLANK))
    if start == len(text):
        what = "nothing at all" if not text else "nothing but blanks"
        fault = Fault(FailureCode.EMPTY, f"expected JSON, found {what}", (0, len(text)))
        return Document(text, len(text), len(text), MISSING, fault)
    decoded = _decoded(text, start)
    if decoded and not text[decoded.end :].strip(BLANK):
        return _sound(text, start, decoded)
    certain, doubtful = wrappers.outside(text, content_of_values(text))
    return _search(text, [*certain, *doubtful]) or _without_value(text, start)


def _decoded(text: str, start: int) -> Decoded | None:
    try:
        return decode(text, start)
    except json.JSONDecodeError:
        return None


def _sound(text: str, start: int, decoded: Decoded) -> Document:
    return Document(text, start, decoded.end, decoded.value, None, decoded.has_duplicates)


def _without_value(text: str, start: int) -> Document:
    reason = "expected JSON, found no JSON value"
    fault = Fault(FailureCode.NO_JSON, reason, (start, len(text.rstrip(BLANK))), start)
    return Document(text, len(text), len(text), MISSING, fault)


def content_of_values(text: str) -> Callable[[Mark], bool]:
    """Tells of a mark whether it stands inside of a value; values are read for the first mark."""
    spans: list[Stretch] = []

    def is_content(mark: Mark) -> bool:
        if not spans:
            spans.extend([(-1, -1), *_values_and_strings(text)])
        return mark.start < spans[bisect_right(spans, (mark.start, mark.start)) - 1][1]

    return is_content


def _values_and_strings(text: str) -> Iterator[Stretch]:
    """The extents of objects and arrays, up to the first unsound one; of strings from there on."""
    resume = 0
    for opener in OPENERS.finditer(text):
        begin = opener.start()
        if begin < resume or not is_plausible(text, opener):
            continue
        decoded = _decoded(text, begin)
        if decoded is None:
            yield from (string.span() for string in _STRING.finditer(text, begin) if string[1])
            return
        resume = decoded.end
        yield begin, resume


def _search(text: str, stretches: list[Stretch]) -> Document | None:
    weak: int | None = None
    last = 0
    beginnings = {start for start, _ in stretches}
    for start, stop in code_last(text, stretches):
        if start < last and weak is not None and text[weak] == "{" and is_code(text, weak):
            break  # an object in the answer's code comes before what may be a thought
        last = stop
        first = stop - len(text[start:stop].lstrip(BLANK))
        if start in beginnings and (document := _standing_first(text, first, stop)):
            return document
        found, fallback = _first_container(text, first, stop)
        if found is not None:
            return document_at(text, found)
        weak = _preferred(text, weak, fallback)
    return _scalar(text, stretches) if weak is None else document_at(text, weak)


def _standing_first(text: str, first: int, stop: int) -> Document | None:
    """The document whose value is the first thing in a stretch of text."""
    opener = OPENERS.match(text, first, stop)
    if opener and (text[first] == "{" or is_plausible(text, opener)):
        return document_at(text, first)
    scalar = SCALAR_FIRST.match(text, first, stop)
    return document_at(text, first, scalar.end(1)) if scalar else None


def _first_container(text: str, start: int, stop: int) -> tuple[int | None, int | None]:
    """The starts of the first object or array of the stretch, and of the first weak one before it.

    A weak one is read once and the search goes on behind it, so that the time stays linear.
    """
    weak: int | None = None
    resume = start
    attempts = 0
    for opener in OPENERS.finditer(text, start, stop):
        begin = opener.start()
        if begin < resume or not is_plausible(text, opener):
            continue
        if flat := _FLAT_NUMBERS.match(text, begin):
            weak, resume = begin if weak is None else weak, flat.end()
            continue
        has_number = _NUMBERS.match(text, begin) is not None
        in_code = is_code(text, begin)
        attempts += has_number or in_code
        if attempts > MAX_ATTEMPTS and (has_number or in_code):
            continue
        try:
            decoded = decode(text, begin)
        except json.JSONDecodeError as error:
            in_code = in_code or is_comprehension(text, error.pos)
            if not (has_number or in_code):
                return begin, weak
            resume = error.pos
            if text[resume:].strip() and not in_code:
                continue  # not even cut off by the end: brackets of prose
        else:
            if not (in_code or _is_weak(decoded.value)):
                return begin, weak
            resume = decoded.end
        weak = _preferred(text, weak, begin) if in_code else begin if weak is None else weak
    return None, weak


def _preferred(text: str, weak: int | None, other: int | None) -> int | None:
    """The first of two weak values, but an object before an array: that may be a subscript."""
    if weak is None or other is None:
        return other if weak is None else weak
    return other if text[weak] == "[" and text[other] == "{" else weak


def _is_weak(value: Any) -> bool:
    """True when the value may be a footnote mark or a pair of brackets in prose."""
    if isinstance(value, list):
        return not any(isinstance(item, str | list | dict | bool | None) for item in value)
    return not value


def document_at(text: str, start: int, stop: int | None = None) -> Document:
    """The document whose value begins at ``start``; ``stop`` is where a scalar ends."""
    try:
        decoded = decode(text, start)
    except json.JSONDecodeError as error:
        return _unsound(text, start, stop, error)
    if stop is not None and decoded.end != stop:
        rest = json.JSONDecodeError("Expecting the end", text, decoded.end)
        return _unsound(text, start, stop, rest)
    return _sound(text, start, decoded)


def _unsound(text: str, start: int, stop: int | None, error: json.JSONDecodeError) -> Document:
    if stop is None:
        brackets = match_brackets(text, start, len(text), in_value=True, only_first=True)
        stop = len(text) if brackets.end is None else brackets.end
        fault = explain_fault(text, error, brackets)
    else:
        fault = explain_fault(text, error, None)
    return Document(text, start, stop, MISSING, fault)


def _scalar(text: str, stretches: list[Stretch]) -> Document | None:
    """The document of a number, string or literal that is a line, or breaks off."""
    for start, stop in stretches:
        if line := _SCALAR_LINE.search(text, start, stop):
            return document_at(text, line.start(1), line.end(1))
        stretch = text[start:stop].strip(BLANK)
        first = text.find(stretch, start)
        is_open_string = stretch[:1] == '"' and '"' not in stretch[1:].replace('\\"', "")
        if is_open_string or _LONE_NUMBER.fullmatch(stretch):
            return document_at(text, first, stop if is_open_string else first + len(stretch))
    return None
