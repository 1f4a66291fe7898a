"""Tells brackets of program code from those of a JSON value.

A bracket is known by what stands before it on its line, a fenced block by its label. What is taken
for code is looked at last and never discarded: a model may answer with ``print({"id": 1})``.
"""

import re

_LANGUAGES = (
    "python|python3|py|py3|ipython|pycon|javascript|js|jsx|typescript|ts|tsx|java|kotlin|scala|c"
    "|cpp|c[+][+]|csharp|c#|cs|go|golang|rust|rs|ruby|rb|php|perl|swift|r|julia|lua|bash|sh|zsh"
    "|shell|console|powershell|sql"
)
_BLOCK = re.compile(
    rf"^[ \t]*+(?P<fence>`{{3,}}|~{{3,}})[ \t]*+(?:{_LANGUAGES})(?:[ \t{{][^\n`]*+)?\r?\n"
    r"[ \t\r\n]*+(?![{\[])",
    re.IGNORECASE | re.MULTILINE,
)
_FENCE = re.compile(r"^[ \t]*+(`{3,}|~{3,})[ \t]*+\r?$", re.MULTILINE)
_MAX_BEFORE = 120
"""Characters before a bracket that are looked at."""
_NAMES = r"[A-Za-z_]\w*+(?:[ \t]*,[ \t]*[A-Za-z_]\w*+)*+"
_SUBSCRIPT = re.compile(r"[\w)\]}](?:\?\.)?\Z(?<!`json)", re.IGNORECASE)
"""What a bracket directly follows: ``row["id"]``, ``rows[0]["id"]``, ``get()["id"]``."""
_BEFORE_CODE = re.compile(
    r"[\w)\]]\((?:[^()\n]|\([^()\n]*+\))*+\Z"  # an argument: dumps({"id": 1})
    r"|[\w)\]]\(\s*+\Z"
    r"|^[ \t]*+(?:(?:const|let|var)[ \t]++)?[A-Za-z_]\w*+[ \t]*+=[ \t]*+\Z"  # an assignment
    rf"|^[ \t]*+(?:return|yield|for[ \t]+{_NAMES}[ \t]+in)[ \t]+\Z"  # a statement
    r"|\w\[[^\]\n]*+\][ \t]*+=[ \t]*+\Z"  # to an item: row["id"] = [1, 2]
    r"|\w[ \t]*+:[ \t]*+(?:dict|list|tuple|set|object|Any|[A-Za-z_]\w*+\[[^\n={}]*\])"
    r"[ \t]*+=[ \t]*+\Z"  # with a type: x: list[int] = [1, 2]
    r"""|(?<!\w)[rR]?[fF][rR]?(?:"[^"\n]*+|'[^'\n]*+)\Z""",  # in an f-string
    re.MULTILINE,
)
_LOOP = re.compile(
    r"""(?:[^\n{}"']|"[^"\n]*+"|'[^'\n]*+'){0,100}?\}?"""
    rf"[ \t\n]*+\bfor[ \t]+{_NAMES}[ \t]+in\b"
)


def is_code(text: str, start: int) -> bool:
    """True for a bracket that program code puts where it stands."""
    before = text[max(0, start - _MAX_BEFORE) : start]
    if text[start] == "[" and _SUBSCRIPT.search(before[-6:]):
        return True
    return _BEFORE_CODE.search(before) is not None


def is_comprehension(text: str, fault: int) -> bool:
    """True where the fault of a JSON value is a loop of Python's: ``["x" for row in rows]``."""
    return _LOOP.match(text, fault) is not None


def code_last(text: str, stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Parts of stretches of text: those outside of blocks of program code, then the blocks.

    A block whose first character opens an object or an array is none, whatever its label. A stretch
    that goes back in the text comes after the blocks of those before it.
    """
    done: list[tuple[int, int]] = []
    outside: list[tuple[int, int]] = []
    inside: list[tuple[int, int]] = []
    for start, stop in stretches:
        if outside and start < outside[-1][1]:
            done, outside, inside = [*done, *outside, *inside], [], []
        for begin, end in _blocks(text, start, stop):
            outside.append((start, begin))
            inside.append((begin, end))
            start = end
        outside.append((start, stop))
    return [*done, *outside, *inside]


def _blocks(text: str, start: int, stop: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    while opening := _BLOCK.search(text, start, stop):
        fence = opening["fence"]
        ends = (m for m in _FENCE.finditer(text, opening.end(), stop) if m[1].startswith(fence))
        closing = next(ends, None)
        start = stop if closing is None else closing.end()
        found.append((opening.start(), start))
    return found
