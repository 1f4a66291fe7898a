"""Invisible characters of a completion as HTML that shows them.

``assets/shown.js`` shows them alike, from the same table.
"""

import re
from collections.abc import Iterable

from markupsafe import Markup, escape

from harness.report.words.marks import Mark, segments

INVISIBLE = (
    (0x00, 0x09),
    (0x0B, 0x1F),
    (0x7F, 0xA0),
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x115F, 0x1160),
    (0x1680, 0x1680),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2000, 0x200F),
    (0x2028, 0x202F),
    (0x205F, 0x206F),
    (0x3000, 0x3000),
    (0x3164, 0x3164),
    (0xD800, 0xDFFF),
    (0xFDD0, 0xFDEF),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF9, 0xFFFB),
    (0xFFFE, 0xFFFF),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
"""The characters that ``printable`` replaces, without newlines, and every blank but the plain one:
in a strict format they are errors that nobody sees."""

# fmt: off
CONTROL_NAMES = (
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "LF", "VT", "FF", "CR",
    "SO", "SI", "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC",
    "FS", "GS", "RS", "US",
)
# fmt: on
_PICTURES = {0x2400 + code: f"⟨{name}⟩" for code, name in enumerate(CONTROL_NAMES)} | {0x240A: "↵"}

HIDDEN = f"[{''.join(f'{chr(a)}-{chr(b)}' for a, b in INVISIBLE)}]"
"""A regular expression for one of them."""
_HIDDEN_OR_NEWLINE = re.compile(f"\n|{HIDDEN}")
# Blanks are looked at from their first on: a run that ends no line is read once, not once a blank.
_PATTERN = re.compile(f"(?P<blanks>(?<! ) ++)(?=\\n|\\Z)|(?P<newlines>\\n+)|(?P<hidden>{HIDDEN}+)")

JAVASCRIPT_CLASS = "".join(f"\\u{{{a:x}}}-\\u{{{b:x}}}" for a, b in INVISIBLE)
"""The inside of a character class, for a regular expression with the flag ``u``."""


def visible(text: str, following: str = "") -> Markup:
    """The text as HTML: newlines, blanks at a line's end and invisible characters are shown.

    Args:
        text: raw text, or a stretch of one.
        following: the text after the stretch, which tells whether its blanks end a line.
    """
    ends_line = not following or following[0] == "\n"
    parts, at = [], 0
    for match in _PATTERN.finditer(text):
        if match["blanks"] and match.end() == len(text) and not ends_line:
            break
        parts.append(escape(text[at : match.start()]))
        parts.append(_shown(match))
        at = match.end()
    parts.append(escape(text[at:]))
    return Markup("").join(parts)


def visible_token(text: str) -> Markup:
    """The text of a token as HTML: its blanks are shown wherever they are."""
    stretches = re.split("( +)", text)
    blank = Markup('<i class="ch">{}</i>')
    return Markup("").join(
        blank.format("·" * len(stretch)) if i % 2 else visible(stretch, "x")
        for i, stretch in enumerate(stretches)
    )


def marked(text: str, marks: Iterable[Mark], *, css_class: str = "m") -> Markup:
    """The text as HTML with its marks in ``<mark>``, each titled with its behaviors and codes."""
    parts, at = [], 0
    for segment in segments(text, marks):
        at += len(segment.text)
        inner = visible(segment.text, text[at : at + 1])
        if segment.marks:
            title = "; ".join(dict.fromkeys(f"{m.behavior}: {m.code}" for m in segment.marks))
            place = "" if segment.text else " point"
            inner = Markup('<mark class="{}{}" title="{}">{}</mark>').format(
                css_class, place, plain(title), inner
            )
        parts.append(inner)
    return Markup("").join(parts)


def _shown(match: re.Match[str]) -> Markup:
    if match["blanks"]:
        return Markup('<i class="ch">{}</i>').format("·" * len(match["blanks"]))
    if match["newlines"]:
        return Markup('<i class="ch">{}</i>\n').format("\n".join("↵" * len(match["newlines"])))
    return Markup('<i class="ch">{}</i>').format("".join(map(symbol, match["hidden"])))


SHORT_NAME = 16
"""Characters of a name that need no place to break."""


def breakable(name: str) -> Markup:
    """A name as HTML whose lines may end after its underscores, slashes, dots and hyphens, where it
    is too long for the head of a column."""
    if len(name) <= SHORT_NAME:
        return escape(plain(name))
    parts = re.split(r"(?<=[_/.-])(?=\w)", plain(name))
    return Markup("<wbr>").join(parts)


def symbol(character: str) -> str:
    """The name or the code point of one character: fonts with control pictures are rare."""
    code = ord(character)
    name = CONTROL_NAMES[code] if code < len(CONTROL_NAMES) else f"U+{code:04X}"
    return f"⟨{name}⟩"


def plain(text: str) -> str:
    """The text on one line with every invisible character named, for attributes and titles."""
    return _HIDDEN_OR_NEWLINE.sub(lambda m: "↵" if m[0] == "\n" else symbol(m[0]), text)


def readable(reason: str) -> str:
    """A check's reason with control pictures replaced by names, which more fonts can show."""
    return reason.translate(_PICTURES)
