"""Parses the part of Go's ``text/template`` that Ollama's prompt templates are written in.

The language: https://pkg.go.dev/text/template. Text, comments, trim markers, ``if``, ``with``,
``range``, variables, fields, literals and the functions of ``go_execution`` are known; pipes,
``define``, ``template`` and ``block`` are refused.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

MAX_DEPTH = 50
"""Nesting of blocks and of parentheses: deeper is no prompt template."""
MAX_CHARACTERS = 1 << 16
"""Length of a template; parsing takes time by its square."""
# Possessive, so that a hostile template is read in time by its length.
_ACTION = re.compile(
    r"\{\{(?P<left>-\s)?"
    r'(?P<inside>(?:"(?:[^"\\\n]|\\[^\n])*+"|`[^`]*+`|(?!(?:\s-)?\}\})[^"`])*+)'
    r"(?P<right>\s-)?\}\}"
)
_COMMENT = re.compile(r"\{\{(?P<left>-\s+)?/\*(?:(?!\*/).)*+\*/(?P<right>\s+-)?\}\}", re.DOTALL)
_SPACE = " \t\r\n"
_TOKEN = re.compile(
    r'\s*("(?:[^"\\\n]|\\.)*"|`[^`]*`|:=|=|,|\(|\)|\||[+-]?[0-9]{1,18}(?![\w.])'
    r"|\$\w*(?:\.\w+)*|(?:\.\w+)+|\.|[A-Za-z_]\w*)"
)
_ESCAPE = re.compile(
    r"\\(?:U(?P<code>00[01][0-9a-fA-F]{5})|u(?P<short>[0-9a-fA-F]{4})|(?P<letter>.))"
)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"'}
"""Go's escapes of a text, but for those of bytes and of bells."""
_CONSTANTS = {"true": True, "false": False, "nil": None}


class GoTemplateError(Exception):
    """The template is none, or uses what is not known here; one line that says what."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number, ``true``, ``false`` or ``nil``."""

    value: str | int | bool | None


@dataclass(frozen=True, slots=True)
class Place:
    """``.``, ``.A.B``, ``$x`` or ``$x.A``: a variable (``None``: the dot) and its fields."""

    variable: str | None
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    name: str
    arguments: tuple["Expression", ...]


Expression = Literal | Place | Call


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is written as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """A value that is written, or put into a variable and not written."""

    value: Expression
    variable: str | None = None
    is_declared: bool = False
    """``:=`` and not ``=``."""


@dataclass(frozen=True, slots=True)
class Block:
    """``if``, ``with`` or ``range``, and its ``else``."""

    kind: str
    value: Expression
    variables: tuple[str, ...]
    """Those of ``range $i, $x := ...``, or the one of ``if $x := ...``."""
    body: tuple["Node", ...]
    otherwise: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Leave:
    """``break`` or ``continue``."""

    kind: str


Node = Text | Action | Block | Leave


def parse(source: str) -> tuple[Node, ...]:
    """The template's nodes.

    Raises:
        GoTemplateError: it is no template, or uses what is not known here.
    """
    if len(source) > MAX_CHARACTERS:
        raise GoTemplateError(f"is longer than {MAX_CHARACTERS:,} characters")
    pieces = _Pieces([*_split(source)])
    nodes, ended_by = _nodes(pieces, 0)
    if ended_by is not None:
        raise GoTemplateError(f"{{{{ {ended_by} }}}} closes nothing")
    return nodes


def names(nodes: Sequence[Node]) -> Iterator[str]:
    """Every field and variable that the template names."""
    for node in nodes:
        if isinstance(node, Action | Block):
            yield from _named(node.value)
        if isinstance(node, Block):
            yield from names(node.body)
            yield from names(node.otherwise)


def _named(value: Expression) -> Iterator[str]:
    if isinstance(value, Place):
        yield from value.fields
    elif isinstance(value, Call):
        for argument in value.arguments:
            yield from _named(argument)


@dataclass(slots=True)
class _Pieces:
    """Texts and the words of actions, which are taken one after the other."""

    left: list[str | list[str]]
    at: int = field(default=0)

    def take(self) -> str | list[str] | None:
        if self.at == len(self.left):
            return None
        self.at += 1
        return self.left[self.at - 1]


def _split(source: str) -> Iterator[str | list[str]]:
    """Texts, trimmed where a marker says so, and the words of each action."""
    at, is_trimmed = 0, False
    while (start := source.find("{{", at)) >= 0:
        comment = _COMMENT.match(source, start)
        found = comment or _action(source, start)
        text = source[at:start].lstrip(_SPACE) if is_trimmed else source[at:start]
        yield text.rstrip(_SPACE) if found["left"] else text
        if comment is None:
            yield _words(found["inside"])
        at, is_trimmed = found.end(), bool(found["right"])
    yield source[at:].lstrip(_SPACE) if is_trimmed else source[at:]


def _action(source: str, start: int) -> re.Match[str]:
    """The action that begins at ``start``; its texts may hold ``}}``."""
    if (found := _ACTION.match(source, start)) is None:
        raise GoTemplateError("a {{ is never closed, or a text in it is not")
    return found


def _words(inside: str) -> list[str]:
    words, at, inside = [], 0, inside.strip()
    while at < len(inside):
        match = _TOKEN.match(inside, at)
        if match is None:
            raise GoTemplateError(f"{inside[at : at + 20]!r} is not known here")
        words.append(match[1])
        at = match.end()
    return words


def _nodes(pieces: _Pieces, depth: int) -> tuple[tuple[Node, ...], str | None]:
    """Nodes up to an ``end`` or ``else``, and that word with what follows it."""
    if depth > MAX_DEPTH:
        raise GoTemplateError(f"blocks stand in one another more than {MAX_DEPTH} deep")
    nodes: list[Node] = []
    while (piece := pieces.take()) is not None:
        if isinstance(piece, str):
            nodes += [Text(piece)] if piece else []
        elif not piece:
            raise GoTemplateError("{{ }} holds nothing")
        elif piece[0] in ("end", "else"):
            return tuple(nodes), " ".join(piece)
        elif piece[0] in ("if", "with", "range"):
            nodes.append(_block(piece, pieces, depth))
        elif piece[0] in ("break", "continue") and len(piece) == 1:
            nodes.append(Leave(piece[0]))
        else:
            nodes.append(_action_of(piece))
    return tuple(nodes), None


def _block(words: list[str], pieces: _Pieces, depth: int) -> Block:
    kind = words[0]
    variables, value = _declared(words[1:], 2 if kind == "range" else 1)
    body, ended_by = _nodes(pieces, depth + 1)
    otherwise: tuple[Node, ...] = ()
    if ended_by == "else":
        otherwise, ended_by = _nodes(pieces, depth + 1)
    elif ended_by is not None and ended_by.startswith("else if ") and kind == "if":
        # It shares the end of the block that it belongs to.
        inner = _block(_words(ended_by.removeprefix("else ")), pieces, depth + 1)
        return Block(kind, value, variables, body, (inner,))
    if ended_by != "end":
        raise GoTemplateError(f"{{{{ {kind} }}}} has no {{{{ end }}}}")
    return Block(kind, value, variables, body, otherwise)


def _declared(words: list[str], most: int) -> tuple[tuple[str, ...], Expression]:
    """The variables before a ``:=``, and the value after it."""
    if ":=" not in words:
        return (), _expression(words)
    at = words.index(":=")
    variables = tuple(word for word in words[:at] if word != ",")
    if not 0 < len(variables) <= most or not all(re.fullmatch(r"\$\w+", v) for v in variables):
        raise GoTemplateError(f"{' '.join(words)!r} declares no variable")
    return variables, _expression(words[at + 1 :])


def _action_of(words: list[str]) -> Action:
    if len(words) > 2 and words[1] in (":=", "=") and re.fullmatch(r"\$\w+", words[0]):
        return Action(_expression(words[2:]), words[0], words[1] == ":=")
    return Action(_expression(words))


def _expression(words: list[str]) -> Expression:
    value, rest = _command(words, 0)
    if rest:
        raise GoTemplateError(f"{' '.join(rest)!r} is not known here")
    return value


def _command(words: list[str], depth: int) -> tuple[Expression, list[str]]:
    """A value or a call, and the words after it."""
    if not words or depth > MAX_DEPTH:
        raise GoTemplateError("a value is missing" if not words else "parentheses stand too deep")
    name, rest = words[0], words[1:]
    if not re.fullmatch(r"[A-Za-z_]\w*", name) or name in _CONSTANTS:
        return _operand(words, depth)
    arguments: list[Expression] = []
    while rest and rest[0] not in (")", "|"):
        argument, rest = _operand(rest, depth)
        arguments.append(argument)
    return Call(name, tuple(arguments)), rest


def _operand(words: list[str], depth: int) -> tuple[Expression, list[str]]:
    word, rest = words[0], words[1:]
    if word == "(":
        value, rest = _command(rest, depth + 1)
        if not rest or rest[0] != ")":
            raise GoTemplateError("a ( is never closed")
        rest = rest[1:]
        if rest and rest[0].startswith(".") and len(rest[0]) > 1:
            return Call(".field", (value, Literal(rest[0][1:]))), rest[1:]
        return value, rest
    if word.startswith("$"):
        variable, *fields = word.split(".")
        return Place(variable, tuple(fields)), rest
    if word.startswith("."):
        return Place(None, tuple(part for part in word.split(".") if part)), rest
    return Literal(_constant(word)), rest


def _constant(word: str) -> str | int | bool | None:
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    if word.startswith("`"):
        return word[1:-1].replace("\r", "")
    if word.startswith('"'):
        return _ESCAPE.sub(_unescaped, word[1:-1])
    return int(word)


def _unescaped(found: re.Match[str]) -> str:
    code = found["code"] or found["short"]
    number = int(code, 16) if code else 0
    if (
        number > sys.maxunicode
        or 0xD800 <= number < 0xE000
        or not (code or found["letter"] in _LETTERS)
    ):
        raise GoTemplateError(f"{found[0]!r} in a text is not known here")
    return chr(number) if code else _LETTERS[found["letter"]]
