"""Times several models in turns, request by request, so that the machine's drift meets all alike.

Knows in which order models take turns and whether they fit into memory side by side; what is made
of the times is not its business.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.core.plan import Request, failed
from harness.engine.process import Generation, ModelUnopened

MOST_DEATHS_IN_A_ROW = 2
"""Turns in a row that cost a model its process before it gets no more: each means opening it
again."""

Turn = tuple[ModelRef, Request]


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a model took of the memory it lived in, and what it left."""

    device: str | None
    peak_mb: float | None
    """``None`` where it could not be measured."""
    available_mb: float | None
    """Free beside it when it had answered; ``None`` where that is not known."""


def fit_together(models: Sequence[Footprint]) -> bool:
    """Whether models that were there one after the other can be there all at once.

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


def answers_in_turns(
    models: Mapping[ModelRef, Generation], requests: Mapping[ModelRef, Sequence[Request]]
) -> Iterator[tuple[ModelRef, Request, Completion]]:
    """What the models, each open in its own process, answer in turns.

    A model that cannot be opened, or whose process dies several turns in a row, is asked no more:
    the rest of its answers are errors.
    """
    deaths = dict.fromkeys(models, 0)
    for ref, request in in_turns(requests):
        if deaths[ref] >= MOST_DEATHS_IN_A_ROW:
            yield ref, request, failed(request, "it died before when it was to be timed")
            continue
        completion = _answer(models[ref], request)
        deaths[ref] = 0 if models[ref].is_open else deaths[ref] + 1
        yield ref, request, completion


def _answer(model: Generation, request: Request) -> Completion:
    try:
        with closing(model.answers([request])) as answers:
            ((_, completion),) = answers
    except ModelUnopened as error:
        return failed(request, str(error))
    return completion
