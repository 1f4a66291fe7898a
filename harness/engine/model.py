"""The protocols of a backend, and of a model that answers, open or about to be opened."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.core.record import ModelRecord
from harness.engine.events import Event
from harness.engine.tokenization import Tokenization


@dataclass(frozen=True, slots=True)
class RaySettings:
    """Ray workers that share the requests of a model."""

    workers: int
    address: str | None = None
    """``HOST:PORT`` of a cluster; ``None``: one on this machine, for the session."""


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
    trust_remote_code: bool = False
    """A transformers model may run the code that it brings along."""
    concurrency: int | None = None
    """Requests in flight at each server of a served model."""
    answers: str | None = None
    """File of a batch's answers, which stand for those of a served model."""
    ray: RaySettings | None = None
    """``None``: a model has one process on this machine."""


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


@runtime_checkable
class StreamingModel(Protocol):
    """An ``OpenModel`` that tells the text of an answer as it grows."""

    def text_so_far(self, key: str) -> str:
        """Text of an answer that ``generate`` is decoding, by the request's key; called from
        ``on_step``. Its last characters may be U+FFFD, for bytes that are no character yet."""
        ...


class AnsweringModel(Protocol):
    """A model that can be asked, wherever it runs: ``RemoteModel`` or ``LocalModel``."""

    @property
    def ref(self) -> ModelRef: ...

    @property
    def model(self) -> ModelRecord | None:
        """Known once it has opened, and kept when it is closed; its measurements grow."""
        ...

    @property
    def available_mb(self) -> float | None:
        """Memory left beside the model when it last answered, where it lives; ``None``: not
        known."""
        ...

    @property
    def is_open(self) -> bool:
        """True while it is loaded."""
        ...

    def prewarm(self) -> None:
        """Get ready to open, if that takes long. Nothing is opened, so nothing can be missing."""
        ...

    def events(self, requests: Sequence[Request]) -> Generator[Event, None, None]:
        """Answer every request once; opens the model where it is not open.

        Raises:
            ModelUnopened: the backend said why it cannot open the model.
        """
        ...

    def measure(self, requests: Sequence[Request]) -> Generator[Event, None, None]:
        """Answer the batches of ``requests`` that take the most memory, for the peak alone: their
        answers are thrown away.

        Raises:
            ModelUnopened: as ``events`` does.
        """
        ...

    def close(self) -> None:
        """End its process, if there is one."""
        ...


INTERRUPTED = "stopped before it was whole"
"""The error of an answer that an ``InterruptibleModel`` ended early."""


@runtime_checkable
class InterruptibleModel(Protocol):
    """An ``AnsweringModel`` whose ``events`` can be ended early, while it stays open."""

    def interrupt(self) -> None:
        """Have the answers in progress come as errors, soon; called by another thread than the one
        that takes them."""
        ...


class Arrivals(Protocol):
    """Requests that come, or are given up, while others are answered."""

    def entering(self) -> list[Request]:
        """Requests to be answered beside the others, each returned once."""
        ...

    def leaving(self) -> list[str]:
        """Keys of requests that nobody waits for any more, each returned once."""
        ...

    def listen(self, wake: Callable[[], None] | None) -> None:
        """Have ``wake`` called, in any thread, whenever there are some; ``None``: no more."""
        ...


@runtime_checkable
class ContinuouslyAnsweringModel(Protocol):
    """An ``AnsweringModel`` that answers requests which come while it answers others."""

    def continuous_events(
        self, requests: Sequence[Request], arrivals: Arrivals
    ) -> Generator[Event, None, None]:
        """Answer requests, and those that arrive, each as soon as it can be, until there are none.
        Those that leave have no answer. Where the process dies, all that it had are errors.

        Raises:
            ModelUnopened: as ``events`` does.
        """
        ...

    @property
    def end_reason(self) -> str | None:
        """One line: why its process ended although nobody closed it; ``None`` where it did not."""
        ...


class ModelUnopened(HarnessError):
    """The backend could not open the model."""


IDENTITY = ("files", "weights_sha256", "base_sha256", "tokenizer_sha256", "chat_template_sha256")
"""Fields of a ModelRecord that are equal whenever the same model is opened."""


def replacement(first: ModelRecord | None, again: ModelRecord) -> str | None:
    """One line where a model that is opened again has other files than when it was opened
    ``first``; ``None`` where it is the same model."""
    if first is None or all(getattr(first, n) == getattr(again, n) for n in IDENTITY):
        return None
    return f"{again.ref} was replaced during the run: its files have other hashes, run it again"


@dataclass(frozen=True, slots=True)
class AnsweredCases:
    """The cases that a model's stored answers are to."""

    by_task: Mapping[str, frozenset[str]]
    """Ids of cases."""
    is_whole: bool
    """False where the run was ended before it had asked them all, or asked a part only."""

    def has(self, task: str, case_id: str) -> bool:
        return case_id in self.by_task.get(task, ())


class Backend(Protocol):
    """The functions of a file in ``harness/backends/``.

    Six more names are optional. ``LIBRARIES`` are the packages whose versions decide, beside the
    files, what a model answers: with it and ``files``, answers are kept in the store.
    ``files(ref)`` lists the files that ``open_model`` reads: when one is replaced while the model
    is in use, its further answers are errors. ``import_libraries(ref, settings)`` imports what
    ``open_model`` takes, opens nothing and reads no weights: a process that is prewarmed runs it
    before it is known whether the model will be asked. ``connect(ref, settings)`` returns an
    ``AnsweringModel`` of the backend's own, for a kind that needs no process, such as a stored run.
    ``answered_cases(ref)`` returns the ``AnsweredCases`` of a model that can answer no others.
    ``IS_SERVED`` is true where a server alone knows the model's weights: its answers are kept until
    a run is whole, and found by a session that resumes it.
    """

    def preflight(self, ref: ModelRef, settings: EngineSettings) -> None:
        """Find the mistakes that can be found without loading anything.

        Runs in pytest's process, so it imports nothing heavy.

        Raises:
            HarnessError: the location cannot be opened by this backend, or not so.
        """
        ...

    def open_model(self, ref: ModelRef, settings: EngineSettings) -> OpenModel:
        """Load the model. Runs in the backend's own process, which is of this one model and may be
        changed to suit it."""
        ...
