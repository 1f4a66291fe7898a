"""Hosts a run's models: opens, prewarms and closes them, and has them answer.

Knows no kind of model: the function that opens one is passed in (``harness.backends.host``).
``harness.engine.fake_host`` is a host without processes, for tests.
"""

from collections.abc import Callable, Container, Generator, Iterable, Sequence

from harness.core.modelref import ModelRef
from harness.core.plan import Request, failed
from harness.core.record import ModelRecord
from harness.engine.events import Answered, Event, ModelClosed
from harness.engine.model import (
    AnsweringModel,
    Arrivals,
    ContinuouslyAnsweringModel,
    InterruptibleModel,
    ModelUnopened,
)

MAX_DEATHS_IN_A_ROW = 2
"""Consecutive turns in which a model's process may die before the model gets no more turns."""

Turn = tuple[ModelRef, Request]


class ModelHost:
    """Has models answer one after the other; several are open only for interleaved timing."""

    def __init__(
        self,
        connect: Callable[[ModelRef], AnsweringModel],
        disconnect: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Args:
            connect: gives the model of a ref, unopened.
            disconnect: leaves what all models share, such as a cluster.
        """
        self._connect = connect
        self._disconnect = disconnect
        self._models: dict[ModelRef, AnsweringModel] = {}

    def prewarm(self, ref: ModelRef) -> None:
        """Start the process of the model that will probably answer first.

        It imports its libraries while the caller continues, and opens no model. Only one process
        is prewarmed: another would import while a model answers, and disturb its timing.
        """
        self._model(ref).prewarm()

    def answers(
        self,
        ref: ModelRef,
        requests: Sequence[Request],
        *,
        keep_open: bool = False,
        arrivals: Arrivals | None = None,
    ) -> Generator[Event, None, None]:
        """Have one model answer every request once; events come in the order of the answers.

        Args:
            ref: the model. Processes of other models are ended first.
            requests: the requests to answer.
            keep_open: leave the model open, so that further requests need no loading.
            arrivals: requests that come meanwhile; a model that can answers them beside the others.
        """
        self.release(keep={ref})
        model, error = self._model(ref), None
        try:
            if arrivals is not None and isinstance(model, ContinuouslyAnsweringModel):
                yield from model.continuous_events(requests, arrivals)
            else:
                yield from model.events(requests)
        except ModelUnopened as unopened:
            error = str(unopened)
        finally:
            if not keep_open:
                model.close()
        yield _closed(model, error)

    def time(self, turns: Iterable[Turn]) -> Generator[Event, None, None]:
        """Have several open models answer single requests in the given order; then close them.

        A model that cannot be opened, or whose process dies in several consecutive turns, gets no
        more requests: the rest of its answers are errors.
        """
        turns = list(turns)
        deaths = dict.fromkeys((ref for ref, _ in turns), 0)
        self.release(keep=deaths)
        try:
            for ref, request in turns:
                if deaths[ref] >= MAX_DEATHS_IN_A_ROW:
                    model = self._model(ref).model
                    reason = (model and model.error) or "it died before when it was to be timed"
                    yield Answered(ref, request, failed(request, reason))
                    continue
                yield from self._turn(ref, request)
                deaths[ref] = 0 if self.is_open(ref) else deaths[ref] + 1
        finally:
            self.release(keep=())
        yield from (_closed(self._model(ref)) for ref in deaths)

    def is_open(self, ref: ModelRef) -> bool:
        """True while the model is loaded."""
        return self._model(ref).is_open

    def interrupt(self, ref: ModelRef) -> None:
        """Have the model's answers in progress come as errors, soon, where it can; it stays open.

        Any thread may call it while another takes the answers.
        """
        model = self._model(ref)
        if isinstance(model, InterruptibleModel):
            model.interrupt()

    def end_reason(self, ref: ModelRef) -> str | None:
        """One line: why the model's process ended although nobody closed it, where that can be
        seen; ``None`` where it did not."""
        model = self._model(ref)
        return model.end_reason if isinstance(model, ContinuouslyAnsweringModel) else None

    def release(self, keep: Container[ModelRef]) -> None:
        """End the processes of all models except ``keep``, prewarmed ones included."""
        for ref, model in self._models.items():
            if ref not in keep:
                model.close()

    def close(self) -> None:
        """End every process, and leave what the models share."""
        self.release(keep=())
        self._disconnect()

    def _model(self, ref: ModelRef) -> AnsweringModel:
        if ref not in self._models:
            self._models[ref] = self._connect(ref)
        return self._models[ref]

    def _turn(self, ref: ModelRef, request: Request) -> Generator[Event, None, None]:
        try:
            yield from self._model(ref).events([request])
        except ModelUnopened as error:
            yield Answered(ref, request, failed(request, str(error)))


def _closed(model: AnsweringModel, error: str | None = None) -> ModelClosed:
    ref = model.ref
    record = model.model or ModelRecord(str(ref), ref.kind, ref.name, error=error)
    return ModelClosed(ref, record, model.available_mb)
