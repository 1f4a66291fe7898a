"""Measures the nesting depth of a JSON text without recursion."""

import re

_NOT_BRACKETS = re.compile(r'[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+"', re.DOTALL)


def depth_of(text: str, start: int, end: int) -> int:
    """Levels of arrays and objects in the sound JSON ``text[start:end]``; 0 for a scalar."""
    openers = text.count("[", start, end) + text.count("{", start, end)
    if openers <= 1:
        return openers
    deepest = depth = 0
    for bracket in _NOT_BRACKETS.sub("", text[start:end]):
        if bracket in "{[":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest
