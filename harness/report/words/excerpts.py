"""The part of a long text that a report shows."""

from collections.abc import Sequence


def beginning(text: str, limit: int) -> tuple[str, str]:
    """At most ``limit`` characters, and the note that follows them where more are left."""
    more = len(text) - limit
    return text[:limit], f" … {more:,} more characters" if more > 0 else ""


def window(length: int, span: tuple[int, int] | None, limit: int) -> tuple[int, int]:
    """The bounds of ``limit`` characters of a text: of its beginning, or around the span."""
    if length <= limit or span is None or span[0] < limit * 3 // 4:
        return 0, min(length, limit)
    start = min(span[0] - limit // 4, length - limit)
    return start, start + limit


def common_prefix(one: str, other: str) -> int:
    """Characters that both texts begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def shared_prefix(texts: Sequence[str]) -> int:
    """Characters that all texts begin with, up to a blank; 0 where one of them is nothing more."""
    if len(texts) < 2:
        return 0
    low, high = min(texts), max(texts)
    same = common_prefix(low, high)
    cut = 1 + max(low.rfind(blank, 0, same) for blank in " \n")
    return cut if cut < len(low) else 0
