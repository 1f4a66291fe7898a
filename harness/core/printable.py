"""Makes untrusted text safe to print: characters that a terminal would obey become symbols.

Control characters, ANSI escapes, bidirectional marks, other invisible characters and lone
surrogates never reach a terminal, a report or a log as themselves. Letters of every script do.
"""

import re

MAX_EXCERPT_CHARACTERS = 60
_CONTROL_PICTURES = 0x2400
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def printable(text: str, *, one_line: bool = True) -> str:
    """``text`` with every character that is neither visible nor a plain space shown as a symbol.

    A control character becomes its control picture (``\\x1b`` is shown as ``␛``, a newline as
    ``␊``), every other one its code point (``⟨U+202E⟩``). With ``one_line=False`` newlines stay.
    """
    if one_line:
        return _UNPRINTABLE.sub(_symbol, text)
    return "\n".join(_UNPRINTABLE.sub(_symbol, line) for line in text.split("\n"))


def symbols(text: str) -> list[str]:
    """One printable string for each character, for callers that align columns."""
    return [_symbol(c) if _UNPRINTABLE.match(c) else c for c in text]


def excerpt(text: str, limit: int = MAX_EXCERPT_CHARACTERS) -> str:
    """The beginning of ``text``, printable, on one line, with ``…`` where it is truncated.

    The result has at most ``limit`` characters; a symbol is never split.
    """
    shown = printable(text[: limit + 1])
    if len(shown) <= limit:
        return shown
    kept, room = [], limit - 1
    for symbol in symbols(text[:limit]):
        room -= len(symbol)
        if room < 0:
            break
        kept.append(symbol)
    return "".join(kept) + "…"


def _symbol(match: re.Match[str] | str) -> str:
    character = match if isinstance(match, str) else match[0]
    code = ord(character)
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    if code == 0x7F:
        return "␡"
    return f"⟨U+{code:04X}⟩"
