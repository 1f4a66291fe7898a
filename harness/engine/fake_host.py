"""A host whose models are a function, for tests of code that uses a ``ModelHost``.

It starts no process and reads no file::

    host = FakeHost(lambda ref, request: '{"date": "2024-01-05"}')
    run = Run(RunPlan.of(tests), host)
    run.answer(ref)
    assert host.asked == [(ref, "payments/case-1/0")]

An answer is a text, or a ``Completion`` where the finish reason matters. An exception of the
function becomes an error of the request; a model named in ``unopened`` does not open.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from harness.core.completion import Completion, Timing
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.core.record import ModelRecord
from harness.engine.host import ModelHost
from harness.engine.local import LocalModel
from harness.engine.model import OnStep
from harness.engine.tokenization import Tokenization

FakeAnswer = Callable[[ModelRef, Request], str | Completion]


class FakeHost(ModelHost):
    """A real ``ModelHost`` over fake models, which records its requests."""

    def __init__(
        self, answer: FakeAnswer, unopened: Mapping[ModelRef, str] = MappingProxyType({})
    ) -> None:
        super().__init__(lambda ref: LocalModel(ref, partial(self._open, ref)))
        self.answer = answer
        self.unopened = unopened
        """Reason why a model does not open."""
        self.weights_sha256 = "0" * 64
        """The hash of a model that is opened: another stands for a model that was replaced."""
        self.prewarmed: list[ModelRef] = []
        self.opened: list[ModelRef] = []
        """Models in the order in which they were opened."""
        self.asked: list[tuple[ModelRef, str]] = []
        """Keys of all requests, in order."""

    def prewarm(self, ref: ModelRef) -> None:
        self.prewarmed.append(ref)

    def _open(self, ref: ModelRef) -> "FakeModel":
        if ref in self.unopened:
            raise HarnessError(self.unopened[ref])
        self.opened.append(ref)
        return FakeModel(ref, self)


class FakeModel:
    """An ``OpenModel`` that answers requests by its host's function."""

    def __init__(self, ref: ModelRef, host: FakeHost) -> None:
        self.ref = ref
        self.host = host

    def describe(self) -> ModelRecord:
        ref = self.ref
        weights = self.host.weights_sha256
        return ModelRecord(str(ref), ref.kind, ref.name, weights_sha256=weights, device="cpu")

    def batches(self, requests: Sequence[Request]) -> list[list[Request]]:
        return [[request] for request in requests]

    def generate(self, batch: Sequence[Request], on_step: OnStep) -> list[Completion]:
        return [self._completion(request) for request in batch]

    def encode(self, requests: Sequence[Request], token_ids: Iterable[int]) -> Tokenization:
        raise HarnessError("a fake model has no tokenizer")

    def logits(self, sequences: Sequence[Sequence[int]]) -> Iterator[Any]:
        raise HarnessError("a fake model has no logits")

    def _completion(self, request: Request) -> Completion:
        self.host.asked.append((self.ref, request.key))
        answer = self.host.answer(self.ref, request)
        if isinstance(answer, Completion):
            return answer
        return Completion(
            answer,
            case_id=request.case_id,
            repeat=request.repeat,
            token_ids=tuple(range(len(answer))),
            timing=Timing(seconds=0.2, first_token_seconds=0.1, batch_rows=1),
        )
