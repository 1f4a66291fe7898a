"""Runs a model in this process, for kinds that load nothing that could crash or hang it."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from harness.core.completion import Completion
from harness.core.errors import HarnessError, one_line
from harness.core.modelref import ModelRef
from harness.core.plan import Request, failed
from harness.core.record import ModelRecord
from harness.core.stops import stopped
from harness.engine.events import Answered, Event, ModelOpened
from harness.engine.model import ModelUnopened, OpenModel, replacement
from harness.engine.tokenization import Tokenization


@dataclass
class LocalModel:
    """An ``AnsweringModel`` over an ``OpenModel`` of this process."""

    ref: ModelRef
    open_model: Callable[[], OpenModel]
    model: ModelRecord | None = None
    available_mb: float | None = None
    """Unknown, since the model shares the memory of this process."""
    _opened: OpenModel | None = None

    @property
    def is_open(self) -> bool:
        return self._opened is not None

    def prewarm(self) -> None:
        """There is no process to start."""

    def events(self, requests: Sequence[Request]) -> Generator[Event, None, None]:
        """Answer every request once. An exception of the model is the error of its batch.

        Raises:
            ModelUnopened: the model cannot be opened.
        """
        opened = self._opened or self._open()
        assert self.model is not None
        yield ModelOpened(self.ref, self.model)
        for batch in opened.batches(requests):
            started = time.perf_counter()
            completions = _generated(opened, batch)
            seconds = (self.model.generate_seconds or 0.0) + time.perf_counter() - started
            self.model = replace(self.model, generate_seconds=seconds)
            for request, completion in zip(batch, completions, strict=True):
                yield Answered(self.ref, request, completion)

    def measure(self, requests: Sequence[Request]) -> Generator[Event, None, None]:
        """Its memory is this process's own, which is not measured."""
        yield from ()

    def close(self) -> None:
        """Drop the model."""
        self._opened = None

    def _open(self) -> OpenModel:
        started = time.perf_counter()
        try:
            opened = self.open_model()
            described = opened.describe()
        except Exception as error:
            raise ModelUnopened(one_line(error)) from None
        if reason := replacement(self.model, described):
            assert self.model is not None
            self.model = replace(self.model, error=reason)
            raise ModelUnopened(reason)
        seconds = time.perf_counter() - started
        self.model = self.model or replace(described, load_seconds=seconds)
        self._opened = opened
        return opened


class GivenAnswers:
    """The part of an ``OpenModel`` that is the same wherever answers are there already: all of them
    are one batch, and there is neither a tokenizer nor logits."""

    kind: ClassVar[str]
    """What holds the answers, with its verb: ``a stored run has``."""
    instead: ClassVar[str] = "name the model itself"

    def batches(self, requests: Sequence[Request]) -> list[list[Request]]:
        return [list(requests)] if requests else []

    def encode(self, requests: Sequence[Request], token_ids: Iterable[int]) -> Tokenization:
        raise HarnessError(f"{self.kind} no tokenizer, {self.instead}")

    def logits(self, sequences: Sequence[Sequence[int]]) -> Iterator[Any]:
        raise HarnessError(f"{self.kind} no logits, {self.instead}")


def _generated(model: OpenModel, batch: Sequence[Request]) -> list[Completion]:
    try:
        completions = model.generate(batch, lambda tokens, ended: None)
        return [stopped(c, r.stop) for r, c in zip(batch, completions, strict=True)]
    except Exception as error:
        return [failed(request, one_line(error)) for request in batch]
