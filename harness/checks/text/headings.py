"""Finds the headings of a text: each begins a line."""

import re


def heading_at(text: str, heading: str) -> int:
    """The offset of the heading in the first line that begins with it; -1 when none does."""
    line = re.compile(rf"^[^\S\n]*+({re.escape(heading)})", re.MULTILINE).search(text)
    return line.start(1) if line else -1
