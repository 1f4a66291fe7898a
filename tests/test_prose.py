"""Docstrings begin with a subject: few open with What, Whether, How, Where, Of or That."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.models import ROOT

OPENING = re.compile(r"(What|Whether|How|Where|Of|That)\b")
"""The openings of a riddle: no subject yet, or no verb."""
LARGEST_SHARE = 0.05


def docstrings(file: Path) -> Iterator[tuple[int, str]]:
    """Line and text of the docstrings of modules, classes, functions and fields."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for before, statement in zip([None, *node.body], node.body, strict=False):
                is_documentation = before is None or isinstance(before, ast.Assign | ast.AnnAssign)
                match statement:
                    case ast.Expr(value=ast.Constant(value=str(text))) if is_documentation:
                        yield statement.lineno, text.strip()


def openings() -> tuple[int, list[str]]:
    """The number of all docstrings, and the places of those that open with such a word."""
    count, found = 0, []
    for file in sorted([*(ROOT / "harness").rglob("*.py"), *(ROOT / "trainers").rglob("*.py")]):
        for line, text in docstrings(file):
            count += 1
            if OPENING.match(text):
                found.append(f"{file.relative_to(ROOT)}:{line}: {text.splitlines()[0]}")
    return count, found


def test_few_docstrings_open_with_a_question_word():
    count, found = openings()
    share = len(found) / count
    assert share <= LARGEST_SHARE, f"{len(found)} of {count}:\n" + "\n".join(found)


def test_docstrings_of_every_kind_are_read(tmp_path):
    file = tmp_path / "module.py"
    file.write_text(
        '"""One."""\nA = 1\n"""Two."""\nclass B:\n    """Three."""\n    c: int\n    """Four."""\n'
        '    def d(self):\n        """Five."""\n        e = f()\n        "no docstring"[0]\n'
    )
    texts = [text for _, text in docstrings(file)]
    assert sorted(texts) == ["Five.", "Four.", "One.", "Three.", "Two."]
