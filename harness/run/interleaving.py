"""Interleaved timing: several models answer in turns, so that the machine's drift meets all alike.

Knows in which order models take turns and whether they fit into memory side by side; what is made
of the times is not its business.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.engine.host import Turn


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Memory that a model took where it lived, and that it left."""

    device: str | None
    peak_mb: float | None
    """``None`` where it could not be measured."""
    available_mb: float | None
    """Free beside it when it had answered; ``None`` where that is not known."""


def fit_together(models: Sequence[MemoryUse]) -> bool:
    """True when models that were open one after the other can be open all at once.

    Each is counted with its peak, which answering whole batches reached: more than answering one
    request at a time takes. What cannot be known does not fit.
    """
    for device in {m.device for m in models}:
        *others, last = (m for m in models if m.device == device)
        peaks = [m.peak_mb for m in others]
        known = [peak for peak in peaks if peak is not None]
        if others and (
            len(known) < len(peaks) or last.available_mb is None or sum(known) > last.available_mb
        ):
            return False
    return True


def in_turns(requests: Mapping[ModelRef, Sequence[Request]]) -> Iterator[Turn]:
    """Every request once: the same request of all models one after the other.

    The order of the models is turned round every second time and shifted every fourth, so that no
    model is always the first to meet a busy machine: A B, B A, B A, A B for two.
    """
    keys = dict.fromkeys(request.key for own in requests.values() for request in own)
    by_key = {ref: {r.key: r for r in own} for ref, own in requests.items()}
    for turn, key in enumerate(keys):
        asked = [ref for ref in requests if key in by_key[ref]]
        shift = turn // 2 % len(asked)
        order = [*asked[shift:], *asked[:shift]]
        yield from ((ref, by_key[ref][key]) for ref in (order[::-1] if turn % 2 else order))
