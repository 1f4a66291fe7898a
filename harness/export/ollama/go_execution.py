"""Executes a parsed Go template on values: numbers, texts, lists and mappings."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise, zip_longest
from typing import Any

from harness.export.ollama.go_syntax import (
    Action,
    Block,
    Call,
    Expression,
    GoTemplateError,
    Leave,
    Literal,
    Node,
    Place,
    Text,
)

MAX_CHARACTERS = 1 << 22
"""Length of all texts that a template makes."""
MAX_STEPS = 100_000
"""Nodes that a template may execute: ranges in ranges would go on for ever."""


class _Left(Exception):
    """``break`` or ``continue``, on its way to the loop."""


def execute(nodes: Sequence[Node], values: Mapping[str, Any]) -> str:
    """The text that the template writes.

    Args:
        values: fields of the dot. A field that they do not hold is nothing, as in Ollama.

    Raises:
        GoTemplateError: Go would stop, or a function is not known here.
    """
    running = _Running(values)
    try:
        running.run(nodes, values)
    except _Left as left:
        raise GoTemplateError(f"{{{{ {left} }}}} stands in no range") from None
    return "".join(running.written)


class _Running:
    """A template as it is executed: the text so far, and the variables in scope."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.written: list[str] = []
        self.length = self.steps = 0
        self.variables: list[tuple[str, Any]] = [("$", values)]

    def run(self, nodes: Sequence[Node], dot: Any) -> None:
        for node in nodes:
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise GoTemplateError(f"takes more than {MAX_STEPS:,} steps")
            if isinstance(node, Text):
                self._write(node.text)
            elif isinstance(node, Action):
                self._act(node, dot)
            elif isinstance(node, Leave):
                raise _Left(node.kind)
            else:
                before = len(self.variables)
                self._branch(node, dot)
                del self.variables[before:]

    def _write(self, text: str) -> None:
        self._count(text)
        self.written.append(text)

    def _count(self, text: str) -> None:
        self.length += len(text)
        _require_short(self.length)

    def _act(self, action: Action, dot: Any) -> None:
        value = self.value(action.value, dot)
        if action.variable is None:
            self._write(_printed(value))
        elif action.is_declared:
            self.variables.append((action.variable, value))
        else:
            self.variables[self._index(action.variable)] = (action.variable, value)

    def _branch(self, block: Block, dot: Any) -> None:
        value = self.value(block.value, dot)
        if block.kind == "range":
            self._loop(block, value, dot)
            return
        self.variables += [(name, value) for name in block.variables]
        if is_true(value):
            self.run(block.body, value if block.kind == "with" else dot)
        else:
            self.run(block.otherwise, dot)

    def _loop(self, block: Block, value: Any, dot: Any) -> None:
        if value is not None and not isinstance(value, list | tuple):
            raise GoTemplateError(f"range over {_kind(value)} is not known here")
        if not value:
            self.run(block.otherwise, dot)
            return
        before = len(self.variables)
        for number, element in enumerate(value):
            pair = (number, element)[-len(block.variables) :] if block.variables else ()
            self.variables += zip(block.variables, pair, strict=True)
            try:
                self.run(block.body, element)
            except _Left as left:
                if str(left) == "break":
                    break
            finally:
                del self.variables[before:]

    def value(self, expression: Expression, dot: Any) -> Any:
        if isinstance(expression, Literal):
            return expression.value
        if isinstance(expression, Place):
            name = expression.variable
            found = dot if name is None else self.variables[self._index(name)][1]
            for part in expression.fields:
                found = _field(found, part)
            return found
        return self._call(expression, dot)

    def _call(self, call: Call, dot: Any) -> Any:
        if call.name in ("and", "or"):  # They stop at the first value that decides.
            found: Any = None
            for argument in call.arguments:
                found = self.value(argument, dot)
                if is_true(found) == (call.name == "or"):
                    break
            return found
        arguments = [self.value(argument, dot) for argument in call.arguments]
        function = FUNCTIONS.get(call.name)
        if function is None:
            raise GoTemplateError(f"the function {call.name[:40]} is not known here")
        try:
            value = function(*arguments)
        except (TypeError, IndexError, ValueError):
            raise GoTemplateError(f"{call.name[:40]} does not take such values") from None
        if isinstance(value, str):
            self._count(value)
        return value

    def _index(self, name: str) -> int:
        for index in reversed(range(len(self.variables))):
            if self.variables[index][0] == name:
                return index
        raise GoTemplateError(f"the variable {name[:40]} is not declared")


def _require_short(length: int) -> None:
    if length > MAX_CHARACTERS:
        raise GoTemplateError(f"writes more than {MAX_CHARACTERS:,} characters")


def is_true(value: Any) -> bool:
    """Go's truth: nothing, zero and what is empty are false."""
    return bool(value)


def _field(value: Any, name: str) -> Any:
    if value is None:
        raise GoTemplateError(f"there is no .{name[:40]} of nothing")
    if isinstance(value, Message):
        if name not in value:
            raise GoTemplateError(f"a message has no .{name[:40]}")
        return value[name]
    if isinstance(value, Mapping):
        return value.get(name)
    raise GoTemplateError(f"{_kind(value)} has no .{name[:40]}")


class Message(dict[str, Any]):
    """A value whose fields are fixed: to ask for another is an error."""


def _printed(value: Any) -> str:
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    raise GoTemplateError(f"{_kind(value)} is written, which is not known here")


def _kind(value: Any) -> str:
    names = {str: "a text", bool: "true or false", int: "a number", list: "a list"}
    return names.get(type(value), "a value")


def _equal(first: Any, *others: Any) -> bool:
    if not others or any(type(first) is not type(other) for other in others):
        raise TypeError
    return first in others


def _compared(hold: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(first: Any, second: Any) -> bool:
        if type(first) is not type(second):
            raise TypeError
        return hold(first, second)

    return compare


def _fields(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = _field(value, part)
    return value


def _length(value: Any) -> int:
    return len(value.encode() if isinstance(value, str) else value)  # Go counts bytes.


def _slice(value: Any, *ends: int) -> Any:
    if not isinstance(value, list):
        raise TypeError
    start, stop = (*ends, len(value))[:2] if ends else (0, len(value))
    if not 0 <= start <= stop <= len(value):
        raise TypeError
    return value[start:stop]


def _index_of(value: Any, *keys: Any) -> Any:
    for key in keys:
        if not isinstance(value, list) or type(key) is not int or not 0 <= key < len(value):
            raise IndexError
        value = value[key]
    return value


def _print(*values: Any) -> str:
    """Go's ``Sprint``: a blank stands between two values of which neither is a text."""
    if None in values:
        raise TypeError
    texts = [_printed(value) for value in values]
    _require_short(sum(map(len, texts)))
    are_texts = [isinstance(value, str) for value in values]
    gaps = ["" if is_text or was else " " for was, is_text in pairwise(are_texts)]
    return "".join(part for pair in zip_longest(texts, gaps, fillvalue="") for part in pair)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "not": lambda value: not is_true(value),
    "eq": _equal,
    "ne": lambda first, second: not _equal(first, second),
    "lt": _compared(lambda a, b: bool(a < b)),
    "le": _compared(lambda a, b: bool(a <= b)),
    "gt": _compared(lambda a, b: bool(a > b)),
    "ge": _compared(lambda a, b: bool(a >= b)),
    "len": _length,
    "slice": _slice,
    "index": _index_of,
    "print": _print,
    ".field": _fields,
}
"""Functions of Go; ``.field`` stands for the fields of what parentheses hold."""
