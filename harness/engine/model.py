"""The protocols of a backend, and of the open model that answers batches of requests."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.core.record import ModelRecord
from harness.engine.tokenization import Tokenization


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Settings for opening and running a model. With ``None`` the backend decides."""

    dtype: str | None = None
    """``float32``, ``bfloat16`` or ``float16``."""
    device: str | None = None
    """``cpu``, ``cuda``, ``cuda:1``, ``mps``."""
    batch_tokens: int | None = None
    """The most tokens, prompts and answers together, that one batch may hold."""
    threads: int | None = None
    stall_seconds: float = 600.0
    """Seconds without a message after which a backend counts as hung."""
    quantize: str | None = None
    """``nf4`` or ``int8``: quantise a transformers model on opening."""


OnStep = Callable[[int, int], None]
"""Called with the number of tokens generated and of answers ended since the last call."""


class OpenModel(Protocol):
    """A loaded model."""

    def describe(self) -> ModelRecord:
        """The model's record: hashes, dtype, device."""
        ...

    def batches(self, requests: Sequence[Request]) -> list[list[Request]]:
        """Divide requests into batches. A timed request stands alone."""
        ...

    def generate(self, batch: Sequence[Request], on_step: OnStep) -> list[Completion]:
        """Answer one batch, in its order."""
        ...

    def encode(self, requests: Sequence[Request], token_ids: Iterable[int]) -> Tokenization:
        """Tokenize requests, and decode ``token_ids`` as well.

        Raises:
            HarnessError: this kind of model cannot do it, or an id is not in its vocabulary.
        """
        ...

    def logits(self, sequences: Sequence[Sequence[int]]) -> Iterator[Any]:
        """Logits after the last token of each sequence, in their order and in bounded chunks.

        Yields arrays of numpy, float32, ``[some sequences, Vocabulary.logits]``.

        Raises:
            HarnessError: this kind of model has no logits, or a sequence is empty, longer than the
                context or holds an id that is not in the vocabulary.
        """
        ...


class Backend(Protocol):
    """The functions of a file in ``harness/backends/``."""

    def preflight(self, ref: ModelRef, settings: EngineSettings) -> None:
        """Find the mistakes that can be found without loading anything.

        Runs in pytest's process, so it imports nothing heavy.

        Raises:
            HarnessError: the location cannot be opened by this backend, or not so.
        """
        ...

    def open_model(self, ref: ModelRef, settings: EngineSettings) -> OpenModel:
        """Load the model. Runs in the backend's own process."""
        ...
