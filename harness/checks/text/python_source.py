"""Python source in a completion, parsed and never run.

``ast.parse`` is given no text that could exhaust the interpreter: size and nesting are bounded
first.
"""

import ast
import re
import warnings
from dataclasses import dataclass
from functools import lru_cache

from harness.checks.text.wrappers import Wrappers
from harness.core.completion import Completion, FinishReason
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

MAX_CHARACTERS = 100_000
"""Longer code is not parsed: a small function was asked for."""
MAX_NESTING = 90
"""Brackets open at once, and levels of indentation; CPython itself refuses 200 and 100."""
MAX_CHAIN = 400
"""Operators, dots and calls in one logical line: each may be a level of the syntax tree."""
# An escaped quote outside of a string is a token, so that no line is read again from each of them.
_TOKEN = re.compile(
    r"""'{3}.*?'{3}|"{3}.*?"{3}|'(?:[^'\\\n]|\\.)*+'|"(?:[^"\\\n]|\\.)*+"|#[^\n]*+"""
    r"""|\\["'\n]|\n(?:[ \t]*+(?:elif|except)\b)?+|[\[({]|[\])}]"""
    r"|\*\*|//|->|[-+*/%@&|^~.!=:<>]|\b(?:not|and|or|if|else|lambda|await|for|in|is|yield)\b",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ParsedPython:
    """The result of parsing: a tree, or what is wrong and where."""

    tree: ast.Module | None
    code: FailureCode | None = None
    reason: str = ""
    span: tuple[int, int] | None = None


@lru_cache(maxsize=4)
def parse_python(text: str) -> ParsedPython:
    """Parse ``text`` as a module; never raises, never runs it."""
    if not text.strip():
        return ParsedPython(
            None, FailureCode.EMPTY, "expected Python code, found nothing", (0, len(text))
        )
    if reason := _too_big(text):
        return ParsedPython(None, FailureCode.SYNTAX, reason, (0, len(text)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ParsedPython(ast.parse(text))
    except SyntaxError as error:
        return _fault(text, error)
    except (ValueError, RecursionError, MemoryError, OverflowError, UnicodeError) as error:
        reason = f"is no Python code: {excerpt(str(error)) or type(error).__name__}"
        return ParsedPython(None, FailureCode.SYNTAX, reason, (0, len(text)))


def parse_answer(text: str, wrappers: Wrappers) -> ParsedPython:
    """Parse the code outside of reasoning.

    Marks in strings of the code belong to the code: where it does not parse without them, the whole
    text may.
    """
    source = parse_python(wrappers.answer(text))
    if source.tree is not None or source.code is FailureCode.EMPTY:
        return source
    whole = parse_python(wrappers.view(text).text)
    return source if whole.tree is None else whole


def unparsed(source: ParsedPython, completion: Completion) -> Verdict:
    """The failure of code that does not parse: cut off, where the token limit ended it."""
    assert source.code is not None, "code that does not parse has a failure code"
    if source.code is FailureCode.SYNTAX and completion.finish_reason is FinishReason.LENGTH:
        reason = f"{source.reason}, cut by the token limit"
        return Verdict.failed(FailureCode.TRUNCATED, reason, source.span)
    return Verdict.failed(source.code, source.reason, source.span)


def _too_big(text: str) -> str:
    if len(text) > MAX_CHARACTERS:
        return f"expected a small function, found {len(text):,} characters"
    depth = deepest = chain = longest = 0
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in ("[", "(", "{"):
            depth += 1
            chain += 1
        elif word in ("]", ")", "}"):
            depth = max(0, depth - 1)
        elif word == "\n":
            chain = chain if depth else 0
        elif word[0] in "'\"":
            chain += 1 + sum(word.count(char) for char in "{[(.+-")
        elif word[0] != "#":
            chain += 1
        deepest = max(deepest, depth)
        longest = max(longest, chain)
    if deepest > MAX_NESTING:
        return f"expected a small function, found {deepest} brackets open at once"
    if longest > MAX_CHAIN:
        return f"expected a small function, found {longest} operators in one statement"
    return ""


def _fault(text: str, error: SyntaxError) -> ParsedPython:
    position = _offset(text, error)
    is_cut = not text[position:].strip() or any(
        words in (error.msg or "") for words in ("was never closed", "unterminated", "EOF")
    )
    code = FailureCode.TRUNCATED if is_cut else FailureCode.SYNTAX
    reason = f"is no Python code, line {error.lineno or 1}: {excerpt(error.msg or '')}"
    return ParsedPython(None, code, reason, (position, min(position + 1, len(text))))


def _offset(text: str, error: SyntaxError) -> int:
    """The place of a syntax error, whose column counts characters from 1."""
    start = _line_start(text, error.lineno or 1)
    return min(len(text), start + max(0, (error.offset or 1) - 1))


def offset_of(text: str, line: int, column: int) -> int:
    """The offset of a place in a syntax tree, whose column counts bytes of UTF-8 from 0."""
    start = _line_start(text, line)
    return min(len(text), start + len(text[start:].encode("utf-8")[:column].decode("utf-8")))


def _line_start(text: str, line: int) -> int:
    start = 0
    for _ in range(line - 1):
        line_end = text.find("\n", start)
        if line_end < 0:
            return len(text)
        start = line_end + 1
    return start
