"""The form of Llama 3.2, Llama 4 and LFM2: a list of calls in Python, ``[f(a=1), g(b=["x"])]``.

It is parsed and never run: values are literals, as JSON has them.
"""

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from harness.checks.json.decoder import exact_number
from harness.checks.json.fault import Fault
from harness.checks.text.document import BLANK, Path, Place
from harness.checks.text.python_source import parse_python
from harness.checks.tools.call import ARGUMENTS, MAX_CALLS, NAME, Call, Found, Wanted, no_call
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode

SAID = "[name(argument=value)]"
_MARKED = r"<\|(?:python_start|tool_call_start|python_tag)\|>"
_OPENING = re.compile(rf"(?P<mark>{_MARKED})|\[[ \t\n\r]*+[A-Za-z_][\w.]{{0,255}}\(")
_CLOSING = re.compile(r"[ \t\n\r]*+<\|(?:python_end|tool_call_end)\|>")
_TOKEN = re.compile(r"""'(?:[^'\\\n]|\\.)*+'|"(?:[^"\\\n]|\\.)*+"|[\[({]|[\])}]""", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?")
_LITERALS = {"true": True, "false": False, "null": None}


class _NotAValue(Exception):
    """A node of the syntax tree that is no call or no literal."""

    def __init__(self, node: ast.AST, expected: str) -> None:
        super().__init__(expected)
        self.node = node


def find(text: str) -> Found:
    opening = _OPENING.search(text)
    if opening is None:
        return no_call(text, f"calls as {SAID}")
    is_marked = opening["mark"] is not None
    first = opening.end() if is_marked else opening.start()
    first += len(text[first:]) - len(text[first:].lstrip(BLANK))
    end = _end_of_list(text, first)
    whole = (opening.start(), len(text))
    if end is None:
        return Found((), _open_list(text, first), (whole,), is_marked=is_marked)
    read = _Source(text, first, end).calls()
    if isinstance(read, Fault):
        return Found((), read, (whole,), is_marked=is_marked)
    closing = _CLOSING.match(text, end) if is_marked else None
    span = (opening.start(), closing.end() if closing else end)
    return Found(tuple(read), None, (span,), is_marked=is_marked)


def _end_of_list(text: str, start: int) -> int | None:
    """Behind the bracket that closes the one at ``start``; ``None`` where none does."""
    depth = 0
    if not text.startswith("[", start):
        return None
    for token in _TOKEN.finditer(text, start):
        depth += (token[0] in "[({") - (token[0] in "])}")
        if depth == 0 and token[0] in "])}":
            return token.end()
    return None


def _open_list(text: str, start: int) -> Fault:
    if text.startswith("[", start) or not text[start:]:
        reason = "the list of calls that opens here is never closed"
        return Fault(FailureCode.UNCLOSED, reason, (start, min(start + 1, len(text))), len(text))
    reason = f"expected calls as {SAID}, found {excerpt(text[start:])!r}"
    return Fault(FailureCode.CALL_FORM, reason, (start, len(text)), start)


@dataclass(slots=True)
class _Source:
    """The text of one list of calls."""

    text: str
    start: int
    end: int
    places: dict[Path, Place] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    """Offsets of the lines' beginnings in the list."""
    columns: dict[int, list[int]] = field(default_factory=dict)
    """By line that is not ASCII: the byte at which each character begins."""

    def calls(self) -> list[Call] | Fault:
        source = self.text[self.start : self.end]
        parsed = parse_python(source)
        if parsed.tree is None:
            first, last = parsed.span or (0, 0)
            span = (self.start + first, self.start + last)
            return Fault(FailureCode.SYNTAX, parsed.reason, span, span[0])
        self.lines = [0, *(match.end() for match in re.finditer("\r\n|\r|\n", source))]
        try:
            return list(self._calls(parsed.tree))
        except _NotAValue as wrong:
            span = self._span(wrong.node)
            found = excerpt(self.text[slice(*span)])
            reason = f"expected {wrong}, found {found!r}"
            return Fault(FailureCode.CALL_FORM, reason, span, span[0])

    def _calls(self, tree: ast.Module) -> Iterator[Call]:
        statement = tree.body[0]
        is_list = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.List)
        if len(tree.body) != 1 or not is_list:
            raise _NotAValue(statement, "a list of calls")
        assert isinstance(statement, ast.Expr)
        assert isinstance(statement.value, ast.List)
        for index, node in enumerate(statement.value.elts[: MAX_CALLS + 1]):
            yield self._call(index, node)

    def _call(self, index: int, node: ast.expr) -> Call:
        if not isinstance(node, ast.Call):
            raise _NotAValue(node, "a call")
        name_span, span = self._span(node.func), self._span(node)
        arguments: dict[str, Any] = {}
        if node.args:
            raise _NotAValue(node.args[0], "arguments by name")
        for given in node.keywords:
            if given.arg is None:
                raise _NotAValue(given.value, "arguments by name")
            first = self._span(given)[0]
            place: Path = (index, ARGUMENTS, given.arg)
            name_of = (first, first + len(given.arg))
            arguments[given.arg] = self._value(given.value, place)
            self.places[place] = self.places[place]._replace(name=name_of)

        def locate(path: Path, name: bool) -> tuple[int, int]:
            return name_span if path[0] == NAME else _placed(self.places, index, path, name, span)

        has_duplicates = len(arguments) < len(node.keywords)
        return Call(self._name(node.func), arguments, span, locate, has_duplicates)

    def _name(self, node: ast.expr) -> str:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            raise _NotAValue(node, "the name of a tool")
        return ".".join([node.id, *reversed(parts)])

    def _value(self, node: ast.expr, path: Path) -> Any:
        self.places[path] = Place(self._span(node))
        if isinstance(node, ast.List):
            return [self._value(item, (*path, i)) for i, item in enumerate(node.elts)]
        if isinstance(node, ast.Dict):
            return dict(self._members(node, path))
        if isinstance(node, ast.Name) and node.id in _LITERALS:
            return _LITERALS[node.id]
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bool | None):
            return node.value
        return self._number(node)

    def _members(self, node: ast.Dict, path: Path) -> Iterator[tuple[str, Any]]:
        for key, value in zip(node.keys, node.values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                raise _NotAValue(key or value, "text for a key")
            place = (*path, key.value)
            member = self._value(value, place)
            self.places[place] = self.places[place]._replace(name=self._span(key))
            yield key.value, member

    def _number(self, node: ast.expr) -> int | Decimal:
        """The exact value of a number, written as JSON writes them."""
        text = self.text[slice(*self._span(node))]
        if not _NUMBER.fullmatch(text):
            raise _NotAValue(node, "a value")
        return exact_number(text)

    def _span(self, node: Any) -> tuple[int, int]:
        first = self._offset(node.lineno, node.col_offset)
        return first, self._offset(node.end_lineno, node.end_col_offset)

    def _offset(self, line: int, column: int) -> int:
        """The offset in the answer of a place whose column counts bytes of UTF-8."""
        begin = self.start + self.lines[line - 1]
        if line not in self.columns:
            stop = self.start + self.lines[line] if line < len(self.lines) else self.end
            content, size, starts = self.text[begin:stop], 0, list[int]()
            for character in "" if content.isascii() else content:
                starts.append(size)
                size += len(character.encode("utf-8"))
            self.columns[line] = starts
        starts = self.columns[line]
        return begin + (bisect_right(starts, column) - 1 if starts else column)


def _placed(
    places: Mapping[Path, Place], index: int, path: Path, name: bool, whole: tuple[int, int]
) -> tuple[int, int]:
    """The span at a path of one call; where it ends in nothing, the innermost part that is
    there."""
    for count in range(len(path), 1, -1):
        found = places.get((index, *path[:count]))
        if found is not None:
            return found.name if name and found.name and count == len(path) else found.span
    return whole


def text_of(calls: Sequence[Wanted]) -> str:
    return f"[{', '.join(map(_written, calls))}]"


def _written(call: Wanted) -> str:
    given = ", ".join(f"{name}={_literal(value)}" for name, value in call.arguments.items())
    return f"{call.name}({given})"


def _literal(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_literal(k)}: {_literal(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return str(value) if isinstance(value, Decimal) else repr(value)
