"""Reads the whole numbers that a text writes as English words: ``three``, ``twenty-five``."""

import re
from collections.abc import Iterator

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {word: value for value, word in enumerate(_UNITS.split())} | {
    word: 10 * value for value, word in enumerate(_TENS.split(), start=2)
}
_LARGE = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 1_000_000}
_WORD = "|".join((*_SMALL, *_LARGE))
_PHRASE = re.compile(
    rf"(?<![\w-])(?:{_WORD})(?:(?:-| and | )(?:{_WORD})(?!\w))*+(?![\w-])", re.IGNORECASE
)
_MAX_WORDS = 20


def numbers_in_words(text: str) -> Iterator[int]:
    """The number of every phrase that is one; ``one two`` is two numbers."""
    for phrase in _PHRASE.finditer(text):
        words = [w for w in re.split(r"-| and | ", phrase[0].lower()) if w]
        if len(words) <= _MAX_WORDS:
            yield from _numbers_of(words)


def _numbers_of(words: list[str]) -> Iterator[int]:
    whole = part = 0
    last = ""
    for word in words:
        if word in _SMALL and last in _SMALL and not _continues(last, word):
            yield whole + part
            whole = part = 0
        if word in _SMALL:
            part += _SMALL[word]
        elif _LARGE[word] <= 100:
            part = max(part, 1) * _LARGE[word]
        else:
            whole, part = whole + max(part, 1) * _LARGE[word], 0
        last = word
    yield whole + part


def _continues(last: str, word: str) -> bool:
    """True for units behind tens: ``twenty five``."""
    return _SMALL[last] >= 20 and 0 < _SMALL[word] < 10
