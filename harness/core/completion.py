"""A Completion: what a model answered, untouched, and how long it took."""

from dataclasses import dataclass
from enum import StrEnum


class FinishReason(StrEnum):
    """Why generation ended."""

    STOP = "stop"
    """The model ended by itself: an end-of-sequence token."""
    LENGTH = "length"
    """The token limit cut it off."""
    ERROR = "error"
    """There is no completion: the backend failed. ``Completion.error`` says how."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one request took, in seconds of wall time."""

    seconds: float
    """From the start of the batch's prefill to this row's last token."""
    first_token_seconds: float
    """From the start of the batch's prefill to this row's first token."""
    batch_rows: int
    """Rows that shared the batch; only a batch of one says anything about latency."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer of one model to one request."""

    text: str
    """The raw text: never stripped, never repaired. The token that ended it is not part of it;
    every other special token is."""
    finish_reason: FinishReason = FinishReason.STOP
    case_id: str = ""
    repeat: int = 0
    token_ids: tuple[int, ...] = ()
    """Generated token ids, the ending token included."""
    prompt_tokens: int = 0
    timing: Timing | None = None
    error: str | None = None
    """One line; set exactly when ``finish_reason`` is ``error``."""
