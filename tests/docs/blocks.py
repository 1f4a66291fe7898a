"""Code blocks of the documentation, and the commands in blocks and in running text.

A ``console`` block is run by a test: each line under ``$ command`` must be printed. A block without
a language holds commands alone, which are run too. A block of either kind that no test can run says
why above it: ``<!-- not run: it needs a GPU -->``; its commands are parsed all the same.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.models import ROOT

PAGES = (
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")),
)
_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<why>[^>]+?) -->\n+)?"
    r"^```(?P<kind>\w*)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_PROGRAMS = (
    "harness",
    "pytest",
    "python",
    "make",
    "torchrun",
    "pip",
    "trl",
    "vllm",
    "ray",
    "ollama",
)
_COMMAND = re.compile(rf"(?:\$ |(?:{'|'.join(_PROGRAMS)}) |(?:mkdir|rm|head|cat|job=|sbatch) ?)")
_INLINE = re.compile(r"(?<!`)`((?:harness|pytest|python -m|make) [^`\n]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    kind: str
    file: str | None
    """The file of a project that it is, where its fence names one."""
    text: str
    not_run: str | None
    """The reason why no test runs it."""

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def sessions(self) -> list[tuple[str, list[str]]]:
        """Each command under ``$``, with the lines that it shows."""
        found: list[tuple[str, list[str]]] = []
        for line in self.text.replace("\\\n", " ").splitlines():
            if line.startswith("$ "):
                found.append((line.removeprefix("$ "), []))
            elif found:
                found[-1][1].append(line)
        return found

    @property
    def commands(self) -> list[str]:
        """Its lines that are commands, with their continuations."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line.removeprefix("$ ") for line in lines if _COMMAND.match(line)]

    @property
    def has_only_commands(self) -> bool:
        lines = [line for line in self.text.replace("\\\n", " ").splitlines() if line.strip()]
        return all(_COMMAND.match(line) and not line.startswith("$ ") for line in lines)


@cache
def blocks(page: Path) -> tuple[Block, ...]:
    text = page.read_text("utf-8")
    return tuple(
        Block(
            page,
            text.count("\n", 0, found.start("text")),
            found["kind"],
            found["file"],
            found["text"],
            found["why"],
        )
        for found in _BLOCK.finditer(text)
    )


def commands(page: Path) -> Iterator[tuple[str, bool]]:
    """Each command that a page names, and whether it is one of running text, mostly cut short."""
    for block in blocks(page):
        if block.kind in ("", "console", "bash"):
            yield from ((command, False) for command in block.commands if _is_whole(command))
    prose = _BLOCK.sub("", page.read_text("utf-8"))
    # A bar inside a table is escaped; alternatives are parted by one.
    yield from ((command.replace("\\|", "|"), True) for command in _INLINE.findall(prose))


def _is_whole(command: str) -> bool:
    """False for the first line of a program in quotes."""
    return command.count("'") % 2 == 0


def words(command: str) -> list[list[str]]:
    """The words of each program that a line calls, without comments and redirections."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("|&;<>"):
            found.append([])
        else:
            found[-1].append(word)
    return [part for part in found if part]
