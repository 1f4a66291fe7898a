"""Sends a request again after a fault that may pass: how often, and after how many seconds.

The jitter is seeded by the request, so that a run waits the same seconds when it is repeated, and
requests that failed together do not come back together.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from harness.core.errors import HarnessError

T = TypeVar("T")
TRIES = 5
"""Tries of one request where a server fails, which take about 6 s in all."""
BUSY_TRIES = 12
"""Tries where a server says that it is busy (429, 503), which take up to 4 minutes."""
FIRST_SECONDS = 0.5
MAX_SECONDS = 30.0
MAX_RETRY_AFTER = 120.0
"""Seconds that a server may ask for; one that asks for more is not waited for."""


class PassingFault(Exception):
    """A fault that may have passed when the request is sent again; the message is one line."""

    def __init__(
        self,
        reason: str,
        *,
        is_busy: bool = False,
        is_unreachable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.is_busy = is_busy
        """The server refused the request because of its load."""
        self.is_unreachable = is_unreachable
        """There was no connection to the server."""
        self.retry_after = retry_after
        """Seconds that the server asks to wait."""


class GivenUp(HarnessError):
    """The last try failed too."""

    def __init__(self, fault: PassingFault, tries: int) -> None:
        again = f", {tries} times in a row" if tries > 1 else ""
        super().__init__(f"{fault}{again}")
        self.is_unreachable = fault.is_unreachable


@dataclass(frozen=True, slots=True)
class Retries:
    """Sends again with exponential back-off; obeys ``Retry-After``."""

    wait: Callable[[float], object]
    """Waits for so many seconds."""
    is_stopped: Callable[[], bool] = lambda: False
    """True once nobody wants the answers any more."""

    def call(self, seed: int, send: Callable[[], T], *, tries: int | None = None) -> T:
        """The value of ``send``, called until it does not raise a ``PassingFault``.

        Args:
            seed: of the jitter.
            send: one try.
            tries: the most tries, whatever the fault.

        Raises:
            GivenUp: the last try failed, or the server asks to wait for too long.
        """
        jitter = random.Random(seed)
        number = 0
        while True:
            number += 1
            try:
                return send()
            except PassingFault as fault:
                most = tries or (BUSY_TRIES if fault.is_busy else TRIES)
                if number >= most or self.is_stopped():
                    raise GivenUp(fault, number) from None
                self.wait(seconds_before(number, fault.retry_after, jitter))


def seconds_before(number: int, retry_after: float | None, jitter: random.Random) -> float:
    """Seconds between try ``number`` and the next one.

    Without ``Retry-After`` they double from ``FIRST_SECONDS`` to ``MAX_SECONDS``, each reduced by
    up to a half at random; what the server asks for is exceeded by up to a tenth.
    """
    share = jitter.random()
    if retry_after is not None:
        return retry_after * (1 + share / 10)
    return min(MAX_SECONDS, FIRST_SECONDS * 2.0 ** (number - 1)) * (1 - share / 2)


def retry_after(header: str | None) -> float | None:
    """Seconds that ``Retry-After`` asks for, as a number or as a date; ``None`` for none.

    Raises:
        HarnessError: they are more than ``MAX_RETRY_AFTER``.
    """
    seconds = _seconds(header.strip()[:64]) if header else None
    if seconds is not None and seconds > MAX_RETRY_AFTER:
        raise HarnessError(
            f"the server is busy and asks to wait {seconds:,.0f} s, run it again later or with a "
            "lower --concurrency"
        )
    return seconds


def _seconds(header: str) -> float | None:
    if header.isascii() and header.isdecimal():
        return float(header)
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    now = datetime.now(UTC)
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
