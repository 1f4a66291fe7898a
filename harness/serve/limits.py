"""Limits of what one request may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a server; a request beyond one is refused."""

    max_body_bytes: int = 4_000_000
    max_tokens: int = 4096
    """The most tokens that a request may have generated."""
    seconds: float = 300.0
    """Time from a request's arrival to its whole answer."""
    body_seconds: float = 30.0
    """Time for a request's body to arrive."""
    max_waiting: int = 256
    """Requests in the queue."""


DEFAULTS = Limits()
MAX_DEPTH = 64
"""JSON with more arrays and objects inside one another is refused, in either direction."""


def is_too_deep(value: object) -> bool:
    """True for a JSON value nested deeper than ``MAX_DEPTH``."""
    level = [value]
    for _ in range(MAX_DEPTH):
        inner: list[object] = []
        for one in level:
            if isinstance(one, dict):
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        if not inner:
            return False
        level = inner
    return any(isinstance(one, dict | list) for one in level)
