"""The nearest of the names that are known, for a message about one that is not."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], least: float = 0.6) -> str | None:
    """The known name most like ``name``; ``None`` where none is like it to a ratio of ``least``."""
    return next(iter(get_close_matches(name, [*known], n=1, cutoff=least)), None)


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """``did you mean 'x'?``, or ``otherwise`` where no known name is near."""
    found = nearest(name, known)
    return otherwise if found is None else f"did you mean {found!r}?"
