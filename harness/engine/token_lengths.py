"""Maps an answer's tokens to its text: a token may be less than a character, or several of them.

Only a tokenizer knows the text of its tokens, and not of each by itself: three tokens may be the
bytes of one character, and a leading space may be a token's or the tokenizer's own.
"""

from collections.abc import Callable, Sequence

TextOf = Callable[[list[int]], str]
"""Decodes tokens; bytes that are no character become U+FFFD, as in ``bytes.decode``."""
CONTEXT = 4
"""Stretches that are decoded before a token, so that it is read as within the answer."""
LONGEST = 64
"""Tokens of one stretch. No character has as many, but a hostile server may say so."""
MOST_FROM_START = 2_048
"""Tokens of an answer that is decoded from its start for each of them, see ``token_lengths``."""
BROKEN = "\ufffd"
"""Stands for bytes that are no character, or none yet."""


def token_lengths(ids: Sequence[int], text: str, text_of: TextOf) -> list[int]:
    """For each token, the characters of ``text`` that end with it; ``text`` is what ``ids`` decode
    to, and the sum is its length.

    A token whose last character ends with a later token has 0, and the later one has the
    characters of both. Where no place between two tokens is one between two characters, the last
    token has the rest.
    """
    found = _lengths(ids, text, text_of, CONTEXT)
    if sum(found) != len(text) and len(ids) <= MOST_FROM_START:
        # The tokenizer reads a window otherwise than within the answer.
        found = _lengths(ids, text, text_of, len(ids))
    if ids:
        found[-1] += len(text) - sum(found)
    return found


def next_text(ids: Sequence[int], token: int, text_of: TextOf) -> str:
    """Text of a token that would follow ``ids``."""
    before = list(ids[-1:])
    known, longer = text_of(before), text_of([*before, token])
    is_added = known and not known.endswith(BROKEN) and longer.startswith(known)
    return longer[len(known) :] if is_added else text_of([token])


def _lengths(ids: Sequence[int], text: str, text_of: TextOf, context: int) -> list[int]:
    """The lengths as decoding a few tokens at a time gives them, ``context`` places before each:
    decoding all tokens up to each one takes the square of their number. Their sum is less where
    the windows do not join to the text."""
    lengths = [0] * len(ids)
    places = [0]
    """Tokens with which a stretch begins."""
    at, known = 0, ""
    for i in range(len(ids)):
        if i - places[-1] > LONGEST:
            break
        first = places[-context:][0]
        decoded = text_of(list(ids[first : i + 1]))
        reached = decoded[len(known) :]
        if not (decoded.startswith(known) and text.startswith(reached, at)):
            continue
        if reached.endswith(BROKEN) and i + 1 < len(ids):
            # The next token may complete the character, or be one more byte of a broken one.
            longer = text_of(list(ids[first : i + 2]))
            if longer == decoded or not longer.startswith(decoded):
                continue
        lengths[i] = len(reached)
        at += len(reached)
        places.append(i + 1)
        known = text_of(list(ids[places[-context:][0] : i + 1]))
    return lengths
