"""A Completion: a model's raw answer, and its timing."""

from dataclasses import dataclass
from enum import StrEnum

from harness.core.logprobs import Logprobs
from harness.core.tool_form import ToolForm


class FinishReason(StrEnum):
    """Reason why generation ended."""

    STOP = "stop"
    """The model generated an end token."""
    LENGTH = "length"
    """The token limit was reached."""
    ERROR = "error"
    """There is no completion: the backend failed. ``Completion.error`` says how."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Wall time of one request, in seconds."""

    seconds: float
    """From the start of the batch's prefill to this row's last token."""
    first_token_seconds: float
    """From the start of the batch's prefill to this row's first token."""
    batch_rows: int
    """Rows of the batch; only a batch of one measures latency."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The run that generated an answer which a later run took from the store."""

    run: str
    """The run's id."""
    created: str
    """UTC, RFC 3339."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer of one model to one request."""

    text: str
    """The raw text, never stripped or repaired. It contains special tokens, except for the end
    token."""
    finish_reason: FinishReason = FinishReason.STOP
    case_id: str = ""
    repeat: int = 0
    token_ids: tuple[int, ...] = ()
    """Generated token ids, the end token included."""
    prompt_tokens: int = 0
    timing: Timing | None = None
    origin: Origin | None = None
    """``None`` where the run itself generated the answer."""
    error: str | None = None
    """One line; set exactly when ``finish_reason`` is ``error``."""
    logprobs: Logprobs | None = None
    """``None`` where they were not asked for, or could not be had."""
    tool_form: ToolForm | None = None
    """The form in which the model's chat template writes calls; ``None`` where it was given no
    tools, or the form is not known."""
