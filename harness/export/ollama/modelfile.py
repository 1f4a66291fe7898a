"""Writes and reads a Modelfile, by the rules of Ollama's parser.

The rules are those of ``parser/parser.go`` of https://github.com/ollama/ollama: a value stands
between triple quotes or quotes, without escapes, and what is not printable is left out of it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MODELFILE = "Modelfile"
"""The file's name."""
COMMANDS = (
    "FROM",
    "ADAPTER",
    "TEMPLATE",
    "SYSTEM",
    "PARAMETER",
    "LICENSE",
    "MESSAGE",
    "RENDERER",
    "PARSER",
    "REQUIRES",
    "DRAFT",
)
_NAMED = ("PARAMETER", "MESSAGE")
"""Commands with a name before their value."""
_QUOTES = '"""'
_SPACE = " \t"
_NEWLINE = "\r\n"


class NotAModelfile(Exception):
    """Ollama would not read it; one line that says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One command and its value."""

    command: str
    """``FROM``, ``PARAMETER``, ... in capitals."""
    value: str
    name: str = ""
    """A parameter's, ``stop``, or a message's role."""


@dataclass(frozen=True, slots=True)
class Modelfile:
    """The commands in their order."""

    lines: tuple[Line, ...]

    def value(self, command: str) -> str | None:
        """The last value of a command, which is the one that counts."""
        found = [line.value for line in self.lines if line.command == command]
        return found[-1] if found else None

    def parameters(self, name: str) -> tuple[str, ...]:
        """Every value of a parameter."""
        own = (line for line in self.lines if line.command == "PARAMETER")
        return tuple(line.value for line in own if line.name == name)


def text_of(modelfile: Modelfile) -> str:
    """The file's text.

    Raises:
        NotAModelfile: a value cannot be written in it.
    """
    text = "".join(_written(line) for line in modelfile.lines)
    lost = next((line for line in modelfile.lines if not is_writable(line.value)), None)
    if lost is not None:
        named = f"{lost.command} {lost.name}".rstrip()
        raise NotAModelfile(f"the value of {named} has characters that a Modelfile cannot hold")
    return text


def is_writable(value: str) -> bool:
    """True for a value that a Modelfile can hold."""
    lines = (Line("FROM", "x"), Line("SYSTEM", value))
    try:
        return read("".join(map(_written, lines))).lines == lines
    except NotAModelfile:
        return False


def is_kept(character: str) -> bool:
    """True for a character that Ollama's parser keeps: Go's ``strconv.IsPrint``, and white space of
    ASCII."""
    return character in " \t\r\n" or unicodedata.category(character)[0] in "LMNPS"


def _written(line: Line) -> str:
    named = f"{line.command} {line.name} " if line.name else f"{line.command} "
    is_plain = bool(re.fullmatch(r"[\w./:+-]+", line.value))
    if is_plain:
        return f"{named}{line.value}\n"
    is_long = "\n" in line.value or '"' in line.value
    quotes = _QUOTES if is_long else '"'
    return f"{named}{quotes}{line.value}{quotes}\n"


def read(text: str) -> Modelfile:
    """The commands of a Modelfile.

    Raises:
        NotAModelfile: Ollama would not read it.
    """
    lines = tuple(_lines(text.removeprefix("\ufeff")))
    if not any(line.command == "FROM" for line in lines):
        raise NotAModelfile("there is no FROM line")
    return Modelfile(lines)


def _lines(text: str) -> Iterator[Line]:
    at = 0
    while at < len(text):
        if text[at] in _SPACE + _NEWLINE:
            at += 1
        elif text[at] == "#":
            at = next((i for i in range(at, len(text)) if text[i] in _NEWLINE), len(text))
        else:
            try:
                line, end = _line(text, at)
            except NotAModelfile as error:
                number = 1 + text.count("\n", 0, at)
                raise NotAModelfile(f"line {number}: {error}") from None
            at = end
            yield line


def _line(text: str, at: int) -> tuple[Line, int]:
    command, at = _word(text, at)
    if command.upper() not in COMMANDS:
        raise NotAModelfile(f"{command[:40]!r} is no command")
    name = ""
    if command.upper() in _NAMED:
        while at < len(text) and text[at] in _SPACE:
            at += 1
        name, at = _word(text, at)
    value, at = _value(text, at)
    return Line(command.upper(), value, name), at


def _word(text: str, at: int) -> tuple[str, int]:
    match = re.compile(r"\w+(?=[ \t])").match(text, at)
    if match is None:
        raise NotAModelfile(f"{text[at : at + 20]!r} is no command with a value")
    return match[0], match.end()


def _value(text: str, at: int) -> tuple[str, int]:
    """The value that begins at ``at`` and the place after it: it ends at a line's end at which its
    quotes are closed."""
    kept: list[str] = []
    first = last = -1
    for index in range(at, len(text) + 1):
        is_end = index == len(text)
        if (is_end or text[index] in _NEWLINE) and _is_whole(kept, first, last):
            value = "".join(kept).strip()
            width = _quotes_of(value)
            return value[width : len(value) - width], index
        if not is_end and is_kept(text[index]):
            if not text[index].isspace():
                first, last = (len(kept) if first < 0 else first), len(kept)
            kept.append(text[index])
    raise NotAModelfile("its quotes are never closed")


def _is_whole(kept: list[str], first: int, last: int) -> bool:
    """The value from ``first`` to ``last`` has no open quotes. Only its ends are looked at, since
    this is asked at the end of every line."""
    width = _quotes_of("".join(kept[first : first + len(_QUOTES)])) if first >= 0 else 0
    return last - first + 1 >= 2 * width and kept[last - width + 1 : last + 1] == ['"'] * width


def _quotes_of(value: str) -> int:
    """The number of quotes that a value begins with: 3, 1 or 0."""
    return len(_QUOTES) if value.startswith(_QUOTES) else int(value.startswith('"'))


def parameters(values: Iterable[tuple[str, str | int | float]]) -> tuple[Line, ...]:
    """The ``PARAMETER`` lines of these names and values."""
    return tuple(Line("PARAMETER", f"{value}", name) for name, value in values)
