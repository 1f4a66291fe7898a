"""Events of a model at work: opened, generating, answered, done."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.core.record import ModelRecord


@dataclass(frozen=True, slots=True)
class ModelOpened:
    """The model is open and about to answer. Comes again when it is asked again."""

    ref: ModelRef
    model: ModelRecord
    """With the measurements of what it answered before."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """A batch in progress got further."""

    ref: ModelRef
    tokens: int
    """Generated since the last such event."""
    ended: int
    """Answers that ended since then; they come as ``Answered`` when their batch is done."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Text that was appended to streamed answers since then, by the request's key: whole
    characters. What is withheld until the answer ends comes with ``Answered`` alone."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One request has its completion, or an error in its place."""

    ref: ModelRef
    request: Request
    completion: Completion


@dataclass(frozen=True, slots=True)
class ModelClosed:
    """The model has nothing more to answer: the last event of each stream.

    Its process may be kept for the next stream, as a connection is kept in a pool.
    """

    ref: ModelRef
    model: ModelRecord
    """With its measurements; with ``error`` where it could not be opened."""
    available_mb: float | None
    """Memory left beside the model, where it lives; ``None`` where that is not known."""


Event = ModelOpened | Stepped | Answered | ModelClosed
