"""Text found in text as whole words, whatever its letter case, width and blanks.

Both sides are brought into one form: Unicode NFKC, case folded, runs of white space one blank.
"""

import re
import unicodedata

_MAX_PLACES = 1000
"""Places that are tried before a text made of one repeated part counts as not found."""
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
"""Letters of scripts that put no blanks between words: every place is a word's edge there."""


def normal(text: str) -> str:
    """The form in which texts are compared."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())


def is_without_spaces(character: str) -> bool:
    """True for a letter of a script that puts no blanks between words."""
    return _WITHOUT_SPACES.match(character) is not None


def has_words(text: str, words: str, *, keeps_sign: bool = False) -> bool:
    """True when ``words`` stand in ``text`` as whole words; both must be ``normal``.

    A number ends where its digits do: ``24`` does not stand in ``24.76`` nor in ``1,240``. With
    ``keeps_sign`` it begins where its sign does: ``24 h`` stands neither in ``-24 h`` nor in
    ``t-24 h``.
    """
    if not words:
        return True
    position = text.find(words)
    for _ in range(_MAX_PLACES):
        if position < 0:
            return False
        has_edges = _is_edge(text, position, -1) and _is_edge(text, position + len(words), 1)
        if has_edges and not (keeps_sign and words[0].isdigit() and _is_signed(text, position)):
            return True
        position = text.find(words, position + 1)
    return False


def _is_edge(text: str, position: int, step: int) -> bool:
    """True when a word may begin (``step`` -1) or end (``step`` 1) at ``position``."""
    outside = position if step > 0 else position - 1
    inside = outside - step
    if not 0 <= outside < len(text):
        return True
    inner, outer = text[inside], text[outside]
    if not _is_letter(inner):
        return True
    if _is_letter(outer):
        return is_without_spaces(inner) or is_without_spaces(outer)
    beyond = text[outside + step] if 0 <= outside + step < len(text) else ""
    return not (outer in ".," and inner.isdigit() and beyond.isdigit())


def _is_signed(text: str, position: int) -> bool:
    """True behind a minus, or behind a hyphen that joins a number to letters."""
    before = text[position - 1] if position else ""
    return before in ("-", "\u2212") and not text[position - 2 : position - 1].isdigit()


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.combining(character) > 0
