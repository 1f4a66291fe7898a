"""Reads JSON Lines: each line of an answer is one JSON value, and the answer is the list of them.

The first value is the one that is found in an answer of JSON, whatever stands before it. The lines
go on as long as each begins as a JSON value does, so that words, a fence or a special token behind
them are text after the answer, and a line that breaks off is a fault of the answer. A value that
goes on over several lines, and anything beside a value on its line, are faults too.
"""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from harness.checks.json.beginnings import OPENERS, SCALAR_FIRST, is_plausible
from harness.checks.json.brackets import match_brackets
from harness.checks.json.decoder import Decoded, decode
from harness.checks.json.fault import Fault, explain_fault
from harness.checks.text.document import BLANK, MISSING, Document
from harness.checks.text.surroundings import markup_at
from harness.checks.text.wrappers import Wrappers
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode

_BLANK = re.compile(r"[ \t\n\r]*+")
_BLANK_IN_LINE = re.compile(r"[ \t\r]*+")


def read_lines(first: Document, wrappers: Wrappers) -> Document:
    """The list of the values on the lines from that of ``first`` on, the value of JSON's reader."""
    if first.start == len(first.text):
        return first
    return _Lines(first.text, wrappers).read(first.start)


@dataclass(slots=True)
class _Lines:
    """The lines of an answer as far as they were read."""

    text: str
    wrappers: Wrappers
    values: list[Any] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    has_duplicates: bool = False
    blank: Fault | None = None
    """The first blank line between two values."""

    def read(self, start: int) -> Document:
        position, end = start, start
        while position < len(self.text):
            stop = self._end_of_line(position)
            found = self._value(position, stop)
            if isinstance(found, Fault):
                stop = self._extent(position, stop)
                return Document(self.text, start, stop, MISSING, found)
            self.values.append(found.value)
            self.starts.append(position)
            self.has_duplicates = self.has_duplicates or found.has_duplicates
            end = found.end
            if self._rest(end, stop) < stop:
                break  # markup, behind which the answer does not go on
            position = self._next(stop)
        return Document(
            self.text,
            start,
            end,
            self.values,
            has_duplicates=self.has_duplicates,
            style=self.blank,
            lines=self.starts,
        )

    def _value(self, position: int, stop: int) -> Decoded | Fault:
        """The value on a line, or what is wrong with the line."""
        try:
            decoded = decode(self.text, position)
        except json.JSONDecodeError:
            return self._unsound(position, stop)
        if decoded.end > stop:
            count = self.text.count("\n", position, decoded.end) + 1
            reason = f"the value goes on over {count:,} lines, where each line is a value"
            return self._fault(reason, (position, decoded.end), stop)
        rest = self._rest(decoded.end, stop)
        if rest == stop or markup_at(self.text, rest, len(self.text), self.wrappers):
            return decoded
        found = excerpt(self.text[rest:stop].rstrip(BLANK))
        what = "a comma" if found == "," else f"{found!r}"
        reason = f"expected the end of the line behind the value, found {what}"
        return self._fault(reason, (rest, stop), rest)

    def _unsound(self, position: int, stop: int) -> Fault:
        """The fault of a line that holds no sound value, read as if the text ended with it."""
        line = self.text[:stop]
        try:
            decode(line, position)
        except json.JSONDecodeError as error:
            is_scalar = line[position] not in "{["
            brackets = match_brackets(line, position, stop, in_value=True, only_first=True)
            fault = explain_fault(line, error, None if is_scalar else brackets)
        else:
            raise AssertionError("a line is sound by itself and unsound in the text")
        reason, code = fault.reason, fault.code
        if self._rest(stop, len(self.text), _BLANK) < len(self.text):
            reason = reason.replace("the text ends", "the line ends", 1)
            is_open = code in (FailureCode.TRUNCATED, FailureCode.UNCLOSED)
            code = FailureCode.SYNTAX if is_open else code
        return replace(fault, code=code, reason=f"line {self._number(position)}: {reason}")

    def _fault(self, reason: str, span: tuple[int, int], position: int) -> Fault:
        reason = f"line {self._number(span[0])}: {reason}"
        return Fault(FailureCode.SYNTAX, reason, span, position)

    def _next(self, stop: int) -> int:
        """Where the next value begins; the end of the text where no line goes on."""
        position = self._rest(stop, len(self.text), _BLANK)
        if position == len(self.text) or not self._begins_value(position):
            return len(self.text)
        blank = self._rest(stop + 1, position)
        if self.blank is None and self.text.startswith("\n", blank):
            reason = f"line {self._number(blank)}: is blank, where each line is a value"
            self.blank = Fault(FailureCode.BLANK_LINE, reason, (stop + 1, blank), stop + 1)
        return position

    def _begins_value(self, position: int) -> bool:
        stop = self._end_of_line(position)
        opener = OPENERS.match(self.text, position, stop)
        if opener is not None:
            return opener.end() == stop or is_plausible(self.text, opener)
        is_string = self.text[position] == '"'
        return is_string or SCALAR_FIRST.match(self.text, position) is not None

    def _extent(self, position: int, stop: int) -> int:
        """The end of the lines that go on behind an unsound one, and behind what that opens."""
        if self.text[position] in "{[":
            inside = match_brackets(
                self.text, position, len(self.text), in_value=True, only_first=True
            )
            stop = self._end_of_line(len(self.text) if inside.end is None else inside.end)
        while (position := self._next(stop)) < len(self.text):
            stop = self._end_of_line(position)
        return stop

    def _rest(self, start: int, stop: int, blanks: "re.Pattern[str]" = _BLANK_IN_LINE) -> int:
        """Where the blanks end that stand at ``start``."""
        found = blanks.match(self.text, start, stop)
        return found.end() if found else start

    def _end_of_line(self, position: int) -> int:
        end = self.text.find("\n", position)
        return len(self.text) if end < 0 else end

    def _number(self, position: int) -> int:
        """The line's number in the answer, from 1."""
        return self.text.count("\n", 0, position) + 1
