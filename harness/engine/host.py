"""The host of a run's models: which of them is open, which is prewarmed, who answers when.

Knows no kind of model: how one is opened is passed in (``harness.backends.host``). A host without
processes, for tests, is ``harness.engine.fake_host``.
"""

from collections.abc import Callable, Container, Generator, Iterable, Sequence

from harness.core.modelref import ModelRef
from harness.core.plan import Request, failed
from harness.core.record import ModelRecord
from harness.engine.events import Answered, Event, ModelClosed
from harness.engine.model import AnsweringModel, ModelUnopened

MOST_DEATHS_IN_A_ROW = 2
"""Turns in a row that cost a model its process before it gets no more: each means opening it
again."""

Turn = tuple[ModelRef, Request]


class ModelHost:
    """Has models answer, one at a time; only to be timed are several open beside each other."""

    def __init__(self, connect: Callable[[ModelRef], AnsweringModel]) -> None:
        self._connect = connect
        self._models: dict[ModelRef, AnsweringModel] = {}

    def prewarm(self, ref: ModelRef) -> None:
        """Start the process of a model that is likely asked first: it imports its libraries while
        the caller does something else. It opens nothing, and a model that needs no process has
        nothing to start. Only one: the next would import beside a model that answers, and be timed
        with it.
        """
        self._model(ref).prewarm()

    def answers(
        self, ref: ModelRef, requests: Sequence[Request], *, keep_open: bool = False
    ) -> Generator[Event, None, None]:
        """Have one model answer every request once, in the order in which the answers come.

        Args:
            ref: the model. The process of any other is ended first.
            requests: what it is asked.
            keep_open: leave it open for further requests, so that asking again costs no loading.
        """
        self.release(keep={ref})
        model, error = self._model(ref), None
        try:
            yield from model.events(requests)
        except ModelUnopened as unopened:
            error = str(unopened)
        finally:
            if not keep_open:
                model.close()
        yield _closed(model, error)

    def time(self, turns: Iterable[Turn]) -> Generator[Event, None, None]:
        """Have models answer single requests in turns, open beside each other; then close them.

        A model that cannot be opened, or whose process dies several turns in a row, is asked no
        more: the rest of its answers are errors.
        """
        turns = list(turns)
        deaths = dict.fromkeys((ref for ref, _ in turns), 0)
        self.release(keep=deaths)
        try:
            for ref, request in turns:
                if deaths[ref] >= MOST_DEATHS_IN_A_ROW:
                    reason = "it died before when it was to be timed"
                    yield Answered(ref, request, failed(request, reason))
                    continue
                yield from self._turn(ref, request)
                deaths[ref] = 0 if self.is_open(ref) else deaths[ref] + 1
        finally:
            self.close()
        yield from (_closed(self._model(ref)) for ref in deaths)

    def is_open(self, ref: ModelRef) -> bool:
        """True while the model is loaded."""
        return self._model(ref).is_open

    def release(self, keep: Container[ModelRef]) -> None:
        """End the processes of all models but those to ``keep``, prewarmed ones included."""
        for ref, model in self._models.items():
            if ref not in keep:
                model.close()

    def close(self) -> None:
        """End every process."""
        self.release(keep=())

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
