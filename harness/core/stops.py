"""Stop sequences: texts at which an answer ends, before the first of them."""

from collections.abc import Sequence
from dataclasses import replace

from harness.core.completion import Completion, FinishReason


def before_stop(text: str, stops: Sequence[str]) -> str | None:
    """The text before the stop that begins first; ``None`` where there is none."""
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return text[: min(places)] if places else None


def settled(text: str, stops: Sequence[str]) -> str:
    """The part of a growing text that is in the answer whatever follows: without a stop, and
    without an end that may become one."""
    if (whole := before_stop(text, stops)) is not None:
        return whole
    held = (n for stop in stops for n in range(1, len(stop)) if text.endswith(stop[:n]))
    return text[: len(text) - max(held, default=0)]


def stopped(completion: Completion, stops: Sequence[str]) -> Completion:
    """The completion, which ends before the first stop in its text."""
    text = before_stop(completion.text, stops)
    if text is None:
        return completion
    cut = completion.logprobs.cut(len(text)) if completion.logprobs else None
    return replace(completion, text=text, finish_reason=FinishReason.STOP, logprobs=cut)
