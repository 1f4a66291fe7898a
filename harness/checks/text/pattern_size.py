"""Estimates how much memory a regular expression takes once it is compiled.

``regex`` writes a repeat of a fixed count out: ``((a{100}){100}){100}`` is a million pieces of
code.
"""

import re

MAX_PIECES = 10_000
"""Pieces that repeats may add, of up to a kilobyte each: no honest pattern needs as many."""
MAX_LENGTH = 200_000
"""Characters of a pattern."""
_TOKEN = re.compile(
    r"\\[pPxuN]\{[^}]{0,99}\}|\\.|\[\^?\]?(?:[^\]\\]|\\.)*+(?:\]|\Z)|\{(?P<least>[0-9]*)(?:,[0-9]*)?\}|.",
    re.DOTALL,
)


def is_oversized(pattern: str) -> bool:
    """True for a pattern that would take more memory than a pattern should."""
    return len(pattern) > MAX_LENGTH or _pieces(pattern) > MAX_PIECES + len(pattern)


def _pieces(pattern: str) -> int:
    """The pieces of code of a pattern, each repeat written out as often as it must match."""
    groups: list[int] = []
    whole = last = 0
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        if text == "(":
            groups.append(whole)
            whole = last = 0
        elif text == ")" and groups:
            last, whole = whole, whole + groups.pop()
        elif token["least"] and len(token["least"]) < 20:
            count = max(1, int(token["least"]))
            whole, last = whole + last * (count - 1), last * count
        else:
            whole, last = whole + 1, 1
    return whole + sum(groups)
