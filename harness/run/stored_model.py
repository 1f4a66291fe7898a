"""A model whose answers are looked for in the store first, and kept there as they come.

Requests are answered by what the store holds, and only the others by the model, which is not opened
where there are none. A request that another session is generating is waited for. Timed requests and
those that are asked again pass the store by in both directions, and so do answers that are errors.

Nobody but its server knows which weights a served model has. Its answers are kept for the plan that
asks for them until a run of it is whole, and found only by a session that goes on with one that was
interrupted.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from harness import backends
from harness.core.completion import Completion, FinishReason
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request, sha256_of
from harness.core.record import ModelRecord
from harness.engine.events import Answered, Event, ModelOpened
from harness.engine.host import ModelHost
from harness.engine.model import AnsweringModel, EngineSettings, ModelUnopened, replacement
from harness.records.completions import Completions, StoredAnswer, request_key
from harness.records.completions_file import StoreFailed
from harness.run.model_key import is_known_soon, model_key

WAIT_SECONDS = 0.2
"""Time between two looks at what another session generates."""

T = TypeVar("T")
P = ParamSpec("P")


@dataclass
class SessionStore:
    """The store as one session uses it. Where it fails, the session goes on without."""

    folder: Path | None
    """``None``: nothing is looked up, nothing is kept."""
    is_fresh: bool = False
    """Nothing is looked up; what is generated is kept in place of what was."""
    is_resuming: bool = False
    """What an interrupted session had from served models is taken."""
    run: str = ""
    """Id of the run that generates."""
    plan: str = ""
    """Fingerprint of the run's plan."""
    measured: frozenset[ModelRef] = frozenset()
    """Models whose memory is judged."""
    bare: set[tuple[str, str]] = field(default_factory=set)
    """Model and request key of the stored answers that were not taken, since they lack the
    log-probabilities that are asked for."""
    notes: list[str] = field(default_factory=list)
    """One line for each thing that went wrong with the store."""
    _is_off: bool = False

    def use(
        self,
        otherwise: T,
        act: Callable[Concatenate[Completions, P], T],
        *arguments: P.args,
        **named: P.kwargs,
    ) -> T:
        """The result of a method of the store; ``otherwise`` where there is none, or it fails."""
        if self.folder is None or self._is_off:
            return otherwise
        try:
            return act(self._open, *arguments, **named)
        except StoreFailed as error:
            self._is_off = True
            self.notes.append(f"{error}; the run went on without the store")
            return otherwise

    @property
    def is_in_use(self) -> bool:
        """True where answers are kept."""
        return self.folder is not None and not self._is_off

    def served_key(self, ref: ModelRef) -> str:
        """The key of a served model, which stands for it within one plan alone."""
        return sha256_of(["served", str(ref), self.plan])

    def undecided(self, refs: Iterable[ModelRef]) -> Iterator[tuple[ModelRef, int]]:
        """The served models of which interrupted sessions of this plan have answers, and their
        number, where the user has not said what becomes of them."""
        for ref in refs if not self.is_fresh and not self.is_resuming else ():
            if backends.is_served(ref):
                count = self.use(0, Completions.count, self.served_key(ref))
                if count:
                    yield ref, count

    def lacking_packages(self, refs: Iterable[ModelRef], settings: EngineSettings) -> Iterator[str]:
        """The models that cannot be opened for want of packages and have no answers here, as the
        mistakes that say so: an answer that is kept needs none."""
        for ref in refs:
            try:
                backends.require_packages(ref, settings)
            except HarnessError as error:
                if not self._has_answers(ref, settings):
                    yield from error.mistakes

    def _has_answers(self, ref: ModelRef, settings: EngineSettings) -> bool:
        key = None if self.is_fresh or backends.is_served(ref) else model_key(ref, settings)
        return key is not None and self.use(0, Completions.count, key) > 0

    def forget_served(self, refs: Iterable[ModelRef]) -> None:
        """Drop what was kept of served models, once it is in a whole record."""
        for ref in refs:
            if backends.is_served(ref):
                self.use(None, Completions.forget, self.served_key(ref))

    def close(self) -> None:
        """Close the file."""
        if "_open" in self.__dict__:
            self._open.close()

    @cached_property
    def _open(self) -> Completions:
        assert self.folder is not None
        store = Completions(self.folder)
        self.notes += [store.note] if store.note else []
        return store


def host(settings: EngineSettings, store: SessionStore) -> ModelHost:
    """A host of models whose answers are kept in ``store``."""

    def connect(ref: ModelRef) -> AnsweringModel:
        model = backends.connect(ref, settings)
        if store.folder is None:
            return model
        if backends.is_served(ref) and settings.answers is None:
            return StoredModel(model, store, partial(store.served_key, ref), is_served=True)
        if backends.libraries_of(ref):
            return StoredModel(model, store, partial(model_key, ref, settings))
        return model

    return ModelHost(connect, partial(backends.disconnect, settings))


@dataclass
class StoredModel:
    """An ``AnsweringModel`` over another one and the store."""

    inner: AnsweringModel
    store: SessionStore
    find_key: Callable[[], str | None]
    """The model's key, from its files as they are at the time of the call."""
    is_served: bool = False
    """The key names no weights."""
    stored: ModelRecord | None = None
    """The model as it described itself to an earlier run, once answers were taken from there."""

    @property
    def ref(self) -> ModelRef:
        return self.inner.ref

    @property
    def model(self) -> ModelRecord | None:
        return self.inner.model or self.stored

    @property
    def available_mb(self) -> float | None:
        return self.inner.available_mb

    @property
    def is_open(self) -> bool:
        return self.inner.is_open

    def prewarm(self) -> None:
        """Prewarm the model, unless its answers are in the store."""
        key = None if self.passes_by or not is_known_soon(self.ref) else self.find_key()
        if key is None or self.known(key) is None:
            self.inner.prewarm()

    def events(self, requests: Sequence[Request]) -> Generator[Event, None, None]:
        """Answer every request once.

        Raises:
            ModelUnopened: the model had to be opened, and could not be; or it is another one than
                when it was looked up.
        """
        judged = [r for r in requests if not _is_generated_anew(r)]
        key = self.find_key() if judged else None
        if key is None:
            yield from self._same(self.inner.events(requests))
        else:
            others = [r for r in requests if _is_generated_anew(r)]
            with_logprobs = any(r.has_logprobs for r in judged)
            stream = _Stream(self, key, _by_key(judged), self.passes_by, with_logprobs)
            yield from stream.events(others)

    def measure(self, requests: Sequence[Request]) -> Generator[Event, None, None]:
        yield from self.inner.measure(requests)

    def close(self) -> None:
        self.inner.close()

    @property
    def passes_by(self) -> bool:
        """True where nothing is looked up."""
        return self.store.is_fresh or (self.is_served and not self.store.is_resuming)

    def _same(self, events: Generator[Event, None, None]) -> Generator[Event, None, None]:
        """The events of the model, once it is seen to be the one whose answers were stored."""
        for event in events:
            reason = (
                replacement(self.stored, event.model) if isinstance(event, ModelOpened) else None
            )
            if reason is not None:
                events.close()
                raise ModelUnopened(reason)
            yield event

    def known(self, key: str) -> ModelRecord | None:
        """The record that the store has of the model, under this session's name for it."""
        record, ref = self.store.use(None, Completions.record_of, key), self.ref
        return record and replace(record, ref=str(ref), kind=ref.kind, name=ref.name)


@dataclass
class _Stream:
    """The answers to the requests of one call."""

    model: StoredModel
    key: str
    waiting: dict[str, list[Request]]
    """Requests without an answer yet, by what determines it."""
    passes_by: bool
    """Nothing is looked up."""
    has_logprobs: bool = False
    """Answers without log-probabilities are not taken."""

    def events(self, others: Sequence[Request]) -> Generator[Event, None, None]:
        """Answer the waiting requests, and ``others`` by the model alone."""
        model, requests = self.model, [r for own in self.waiting.values() for r in own]
        try:
            found = yield from self._stored()
            while self.waiting or others:
                keys = self._claimed()
                if keys or others:
                    yield from self._asked(keys, others)
                    others = ()
                else:
                    time.sleep(WAIT_SECONDS)
                    found += yield from self._stored()
        finally:
            model.store.use(None, Completions.release, self.key)
        if found and model.ref in model.store.measured:
            yield from self._opened(model.inner.measure(requests))

    def _stored(self) -> Generator[Event, None, int]:
        """What the store holds, and the number of its answers."""
        found = {} if self.passes_by else self._found()
        if found and self.model.model is None:
            self.model.stored = record = self.model.known(self.key)
            if record is None:  # It was damaged: the model has to say what it is.
                self.passes_by = True
                return 0
            yield ModelOpened(self.model.ref, record)
        for key, stored in found.items():
            yield from self._answers(key, replace(stored.completion, origin=stored.origin))
        return len(found)

    def _found(self) -> dict[str, StoredAnswer]:
        """The stored answers that will do, without log-probabilities that are not asked for."""
        store, nothing = self.model.store, dict[str, StoredAnswer]()
        found = store.use(nothing, Completions.find, self.key, [*self.waiting])
        if not self.has_logprobs:
            return {
                key: replace(stored, completion=replace(stored.completion, logprobs=None))
                for key, stored in found.items()
            }
        bare = {key for key, stored in found.items() if stored.completion.logprobs is None}
        store.bare |= {(self.key, key) for key in bare}
        return {key: stored for key, stored in found.items() if key not in bare}

    def _claimed(self) -> list[str]:
        """The requests that this session generates; all of them where it looks nothing up."""
        keys = [*self.waiting]
        if self.passes_by:
            return keys
        return self.model.store.use(
            keys, Completions.claim, self.key, keys, has_logprobs=self.has_logprobs
        )

    def _asked(
        self, keys: Sequence[str], others: Sequence[Request]
    ) -> Generator[Event, None, None]:
        """Have the model answer; each answer is kept before it is passed on."""
        store, asked = self.model.store, {self.waiting[key][0].key: key for key in keys}
        requests = [self.waiting[key][0] for key in keys]
        for event in self._opened(self.model.inner.events([*requests, *others])):
            if not isinstance(event, Answered) or _is_generated_anew(event.request):
                yield event
                continue
            key, completion = asked[event.request.key], event.completion
            if completion.finish_reason is not FinishReason.ERROR:
                store.use(None, Completions.keep, self.key, key, completion, store.run)
            yield from self._answers(key, completion)

    def _opened(self, events: Generator[Event, None, None]) -> Generator[Event, None, None]:
        """The events of the model, once it is seen to be the one that was looked up."""
        for event in events:
            if isinstance(event, ModelOpened):
                if self.model.find_key() != self.key:
                    events.close()
                    raise ModelUnopened(
                        f"{event.ref} was replaced during the run: its files have other hashes, "
                        "run it again"
                    )
                self.model.store.use(None, Completions.keep_model, self.key, event.model)
            yield event

    def _answers(self, key: str, completion: Completion) -> Iterator[Event]:
        for request in self.waiting.pop(key):
            own = replace(completion, case_id=request.case_id, repeat=request.repeat)
            yield Answered(self.model.ref, request, own)


def _is_generated_anew(request: Request) -> bool:
    """True for requests whose answers are neither looked up nor kept."""
    return request.timed or request.again


def _by_key(requests: Iterable[Request]) -> dict[str, list[Request]]:
    """Requests by what determines their answers: those of one key get one answer."""
    found: dict[str, list[Request]] = {}
    for request in requests:
        found.setdefault(request_key(request), []).append(request)
    return found
