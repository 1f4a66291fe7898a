"""Interleaved timing: several models answer in turns, so that drift of the machine affects all.

Decides the order of turns, and whether the models fit into memory together. It does not use the
times.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.engine.host import Turn


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Memory that a model used on its device, and memory that it left free."""

    device: str | None
    peak_mb: float | None
    """``None`` where it could not be measured."""
    available_mb: float | None
    """Free memory after it had answered; ``None`` where unknown."""


def fit_together(models: Sequence[MemoryUse]) -> bool:
    """True if models that were open one after the other fit into memory together.

    Each counts with its peak over whole batches, which is more than single requests need. Unknown
    memory counts as not fitting.
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


def timed_together(
    models: Mapping[ModelRef, MemoryUse], is_open: Callable[[ModelRef], bool]
) -> list[list[ModelRef]]:
    """Groups of models to be timed in turns: all of them, or each alone where they do not fit.

    One that is still open goes first then: it must not be open beside the next.
    """
    if fit_together([*models.values()]):
        return [[*models]] if models else []
    return [[ref] for ref in sorted(models, key=lambda ref: not is_open(ref))]


def in_turns(requests: Mapping[ModelRef, Sequence[Request]]) -> Iterator[Turn]:
    """The order of all timed requests: each request goes to all models one after the other.

    The order of the models is reversed every second time and rotated every fourth, so that none is
    always first: A B, B A, B A, A B for two models.
    """
    keys = dict.fromkeys(request.key for own in requests.values() for request in own)
    by_key = {ref: {r.key: r for r in own} for ref, own in requests.items()}
    for turn, key in enumerate(keys):
        asked = [ref for ref in requests if key in by_key[ref]]
        shift = turn // 2 % len(asked)
        order = [*asked[shift:], *asked[:shift]]
        yield from ((ref, by_key[ref][key]) for ref in (order[::-1] if turn % 2 else order))
