"""Judges that a completion is code from its first line to its last."""

import ast
import re
from dataclasses import dataclass

from harness.checks.json.value import without_completion
from harness.checks.text.python_source import offset_of, parse_python
from harness.checks.text.surroundings import around_fence, first_piece
from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode, Verdict

_FIRST_LINE = re.compile(r"^\f*+(async def |def |class |import |from |@|#)", re.MULTILINE)
_CODE_LINE = re.compile(
    r"[ \t]|[)\]}#@]|'''|\"\"\"|(?:async |await )?(?:def|class|for|while|with|if|elif|else|try"
    r"|except|finally|return|raise|assert|import|from|pass|del|match|print)\b[ (:\n]"
    r"|[A-Za-z_][\w.\[\]]*(?:\(|[ \t]*[-+*/|&]?=[^=]|: *[\w.\[\], |]+=)"
)


@dataclass(frozen=True, slots=True)
class NoTextAroundCode:
    """Rejects ``Here is the function:`` before it, a Markdown fence, and advice after it.

    Code that parses is text nowhere, apart from a bare word or a string at its top level. Of text
    that does not parse, the code begins with its first line that only code begins with, and ends
    before the next line at the margin that no code has.
    """

    wrappers: Wrappers = KNOWN_WRAPPERS

    def judge(self, case: Case, completion: Completion) -> Verdict:
        if error := without_completion(completion):
            return error
        view = self.wrappers.view(completion.text)
        if extra := around_fence(view, self.wrappers):
            return Verdict.failed(extra.code, extra.reason, extra.span)
        text = view.text
        source = parse_python(text)
        if source.tree is not None:
            return _bare_words(text, source.tree)
        if source.code is FailureCode.EMPTY:
            return Verdict.failed(source.code, source.reason, source.span)
        first = _FIRST_LINE.search(self.wrappers.answer(text))
        if first is None:
            extra = first_piece(text, len(text), len(text), "the code", wrappers=self.wrappers)
            assert extra is not None, "a text that is not blank has something in it"
            reason = f"expected code, found text: {excerpt(text.strip())}"
            return Verdict.failed(extra.code, reason, extra.span)
        start = first.start(1)
        end = _code_end(text, start)
        extra = first_piece(text, start, end, "the code", wrappers=self.wrappers)
        return Verdict.failed(extra.code, extra.reason, extra.span) if extra else Verdict.passed()


def _bare_words(text: str, tree: ast.Module) -> Verdict:
    seen_code = False
    for index, node in enumerate(tree.body):
        if _is_prose(node) and not (index == 0 and _is_docstring(node)):
            start = offset_of(text, node.lineno, node.col_offset)
            end = offset_of(text, node.end_lineno or node.lineno, node.end_col_offset or 0)
            code = FailureCode.TEXT_AFTER if seen_code else FailureCode.TEXT_BEFORE
            side = "after" if seen_code else "before"
            reason = f"expected nothing {side} the code, found text: {excerpt(text[start:end])}"
            return Verdict.failed(code, reason, (start, end))
        seen_code = True
    return Verdict.passed()


def _is_prose(node: ast.stmt) -> bool:
    if isinstance(node, ast.AnnAssign):
        return node.value is None
    return isinstance(node, ast.Expr) and isinstance(
        node.value, ast.Name | ast.Constant | ast.Tuple
    )


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _code_end(text: str, start: int) -> int:
    """The end of the last line of the code that begins at ``start``."""
    end = position = start
    quotes = 0
    while position < len(text):
        line_end = text.find("\n", position)
        line_end = len(text) if line_end < 0 else line_end
        line = text[position : line_end + 1]
        if line.strip():
            if quotes % 2 == 0 and not _CODE_LINE.match(line):
                break
            end = line_end
        quotes += line.count('"""') + line.count("'''")
        position = line_end + 1
    return end
