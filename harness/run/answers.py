"""Holds the answers of a run's models and the timings, as the events bring them."""

from collections.abc import Iterable

from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.core.record import ModelRecord, TimedAnswer
from harness.engine.events import Answered, Event, ModelClosed, ModelOpened
from harness.run.interleaving import MemoryUse
from harness.run.plan import RunStart


class Answers:
    """Completions by request, and the latest record of each model."""

    def __init__(self) -> None:
        self.models: dict[ModelRef, ModelRecord] = {}
        """Models in the order in which they were asked."""
        self.completions: dict[tuple[ModelRef, str], Completion] = {}
        """Completions by model and request key."""
        self._memory: dict[ModelRef, MemoryUse] = {}

    def begin(self, ref: ModelRef) -> None:
        """Add a model to the run before it is asked, whether it opens or not."""
        self.models[ref] = ModelRecord(str(ref), ref.kind, ref.name)

    def take(self, event: Event) -> None:
        match event:
            case ModelOpened(ref, model):
                self.models[ref] = model
            case Answered(ref, request, completion):
                self.completions[ref, request.key] = completion
            case ModelClosed(ref, model, available_mb):
                self.models[ref] = model
                # The memory of a served model is its server's, beside which any other fits.
                device = model.ref if model.is_served else model.device
                self._memory[ref] = MemoryUse(device, model.peak_memory_mb, available_mb)

    def to(self, ref: ModelRef, requests: Iterable[Request]) -> list[Completion]:
        """Completions of the answered requests, in the order of ``requests``."""
        found = (self.completions.get((ref, request.key)) for request in requests)
        return [completion for completion in found if completion is not None]

    def missing(self, ref: ModelRef, requests: Iterable[Request]) -> list[Request]:
        """The unanswered requests, in order."""
        return [r for r in requests if (ref, r.key) not in self.completions]

    def memory_of(self, ref: ModelRef) -> MemoryUse:
        """Memory that a model used and left; unknown for one that was stopped."""
        return self._memory.get(ref, MemoryUse(None, None, None))

    def can_be_timed(self, ref: ModelRef) -> bool:
        """True for a model that opened and does not replay a stored run."""
        return self.models[ref].is_measurable and not self.models[ref].error


class Timings:
    """Timed answers in the order of measurement."""

    def __init__(self, start: RunStart) -> None:
        self.start = start
        self.answers: list[TimedAnswer] = []
        self.is_interleaved = False
        """True where the timed requests of several models were interleaved."""

    def take(self, event: Event) -> None:
        if not isinstance(event, Answered) or not event.request.timed:
            return
        order, since = len(self.answers), self.start.seconds
        if timed := TimedAnswer.of(str(event.ref), event.request, event.completion, order, since):
            self.answers.append(timed)
