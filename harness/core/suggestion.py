"""Suggests the most similar known name, for a message about an unknown one."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], least: float = 0.6) -> str | None:
    """The known name most similar to ``name``; ``None`` where no ratio reaches ``least``."""
    return next(iter(get_close_matches(name, [*known], n=1, cutoff=least)), None)


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """``did you mean 'x'?``, or ``otherwise`` where no known name is similar."""
    found = nearest(name, known)
    return otherwise if found is None else f"did you mean {found!r}?"
