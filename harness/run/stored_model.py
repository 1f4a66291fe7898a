"""A model whose answers are looked for in the store first, and kept there as they come.

Requests are answered by what the store holds, and only the others by the model, which is not opened
where there are none. A request that another session is generating is waited for. Timed requests
pass the store by in both directions, and so do answers that are errors.
"""

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from harness import backends
from harness.core.completion import Completion, FinishReason
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.core.record import ModelRecord
from harness.engine.events import Answered, Event, ModelOpened
from harness.engine.host import ModelHost
from harness.engine.model import AnsweringModel, EngineSettings, ModelUnopened
from harness.records.completions import Completions, StoredAnswer, StoreFailed, request_key
from harness.run.model_key import is_here, model_key

WAIT_SECONDS = 0.2
"""Time between two looks at what another session generates."""

T = TypeVar("T")


@dataclass
class SessionStore:
    """The store as one session uses it. Where it fails, the session goes on without."""

    folder: Path | None
    """``None``: nothing is looked up, nothing is kept."""
    is_fresh: bool = False
    """Nothing is looked up; what is generated is kept in place of what was."""
    run: str = ""
    """Id of the run that generates."""
    measured: frozenset[ModelRef] = frozenset()
    """Models whose memory is judged."""
    notes: list[str] = field(default_factory=list)
    """One line for each thing that went wrong with the store."""
    _is_off: bool = False

    def use(self, act: Callable[[Completions], T], otherwise: T) -> T:
        """The result of ``act``; ``otherwise`` where there is no store, or it fails."""
        if self.folder is None or self._is_off:
            return otherwise
        try:
            return act(self._open)
        except StoreFailed as error:
            self._is_off = True
            self.notes.append(f"{error}; the run went on without the store")
            return otherwise

    def close(self) -> None:
        """Close the file."""
        if "_open" in self.__dict__:
            self._open.close()

    @cached_property
    def _open(self) -> Completions:
        assert self.folder is not None
        store = Completions(self.folder)
        self.notes += store.notes
        return store


def host(settings: EngineSettings, store: SessionStore) -> ModelHost:
    """A host of models whose answers are kept in ``store``."""

    def connect(ref: ModelRef) -> AnsweringModel:
        model = backends.connect(ref, settings)
        is_kept = store.folder is not None and backends.libraries_of(ref)
        if not is_kept:
            return model
        return StoredModel(model, store, partial(model_key, ref, settings))

    return ModelHost(connect)


@dataclass
class StoredModel:
    """An ``AnsweringModel`` over another one and the store."""

    inner: AnsweringModel
    store: SessionStore
    find_key: Callable[[], str | None]
    """The model's key, from its files as they are at the time of the call."""
    _known: ModelRecord | None = None
    """The model as it described itself to an earlier run."""
    _key: str | None = None
    _passes_by: bool = False
    """Nothing is looked up any more."""
    _given: int = 0
    """Number of answers that the model did not generate in this session."""

    @property
    def ref(self) -> ModelRef:
        return self.inner.ref

    @property
    def model(self) -> ModelRecord | None:
        return self.inner.model or self._known

    @property
    def available_mb(self) -> float | None:
        return self.inner.available_mb

    @property
    def is_open(self) -> bool:
        return self.inner.is_open

    def prewarm(self) -> None:
        """Prewarm the model, unless its answers are in the store."""
        if self.store.is_fresh or not is_here(self.ref) or self._record() is None:
            self.inner.prewarm()

    def events(self, requests: Sequence[Request]) -> Generator[Event, None, None]:
        """Answer every request once.

        Raises:
            ModelUnopened: the model had to be opened, and could not be; or it is another one than
                when it was looked up.
        """
        waiting = _by_key(r for r in requests if not r.timed)
        timed = [r for r in requests if r.timed]
        self._key = self.find_key() if waiting else None
        if self._key is None:
            yield from self.inner.events(requests)
            return
        self._passes_by |= self.store.is_fresh
        try:
            yield from self._stored(waiting)
            yield from self._generated(waiting, timed)
        finally:
            self.store.use(lambda s: s.release(self._key or ""), None)
        if self._given and self.ref in self.store.measured:
            yield from self._opened(self.inner.measure([r for r in requests if not r.timed]))

    def measure(self, requests: Sequence[Request]) -> Generator[Event, None, None]:
        yield from self.inner.measure(requests)

    def close(self) -> None:
        self.inner.close()

    def _record(self) -> ModelRecord | None:
        """The model's record in the store, under this session's name for it."""
        key = self.find_key()
        if key is None:
            return None
        record = self.store.use(lambda s: s.record_of(key), None)
        ref = self.ref
        return record and replace(record, ref=str(ref), kind=ref.kind, name=ref.name)

    def _generated(
        self, waiting: dict[str, list[Request]], timed: list[Request]
    ) -> Generator[Event, None, None]:
        """The answers of the model, and those that other sessions generate meanwhile."""
        while waiting or timed:
            mine = self._claimed([*waiting])
            asked = [waiting[key][0] for key in mine]
            if asked or timed:
                yield from self._asked([*asked, *timed], waiting)
                timed = []
                continue
            time.sleep(WAIT_SECONDS)
            yield from self._stored(waiting)

    def _asked(
        self, requests: list[Request], waiting: dict[str, list[Request]]
    ) -> Generator[Event, None, None]:
        """Have the model answer; each answer is kept before it is passed on."""
        for event in self._opened(self.inner.events(requests)):
            if not isinstance(event, Answered) or event.request.timed:
                yield event
                continue
            key = request_key(event.request)
            if event.completion.finish_reason is not FinishReason.ERROR:
                self._keep(key, event.completion)
            for request in waiting.pop(key):
                yield Answered(self.ref, request, _of(request, event.completion))

    def _opened(self, events: Generator[Event, None, None]) -> Generator[Event, None, None]:
        """The events of the model, once it is seen to be the one that was looked up."""
        for event in events:
            if isinstance(event, ModelOpened):
                if self.find_key() != self._key:
                    events.close()
                    raise ModelUnopened(
                        f"{self.ref} was replaced during the run: its files have other hashes, "
                        "run it again"
                    )
                record, key = event.model, self._key or ""
                self.store.use(lambda s: s.keep_model(key, record), None)  # noqa: B023
            yield event

    def _stored(self, waiting: dict[str, list[Request]]) -> Generator[Event, None, None]:
        """The answers that the store holds; they leave ``waiting``."""
        found = {} if self._passes_by else self._find([*waiting])
        if found and self.model is None:
            self._known = self._record()
            if self._known is None:  # Its record was damaged: the model has to say what it is.
                self._passes_by = True
                return
            yield ModelOpened(self.ref, self._known)
        self._given += len(found)
        for key, stored in found.items():
            completion = replace(stored.completion, origin=stored.origin)
            for request in waiting.pop(key):
                yield Answered(self.ref, request, _of(request, completion))

    def _find(self, keys: list[str]) -> dict[str, StoredAnswer]:
        model = self._key or ""
        return self.store.use(lambda s: s.find(model, keys), {})

    def _claimed(self, keys: list[str]) -> list[str]:
        """The requests that this session generates; all of them where it looks nothing up."""
        if self._passes_by:
            return keys
        model = self._key or ""
        return self.store.use(lambda s: s.claim(model, keys), keys)

    def _keep(self, key: str, completion: Completion) -> None:
        model = self._key or ""
        self.store.use(lambda s: s.keep(model, key, completion, self.store.run), None)


def _by_key(requests: Iterable[Request]) -> dict[str, list[Request]]:
    """Requests by what determines their answers: those of one key get one answer."""
    found: dict[str, list[Request]] = {}
    for request in requests:
        found.setdefault(request_key(request), []).append(request)
    return found


def _of(request: Request, completion: Completion) -> Completion:
    return replace(completion, case_id=request.case_id, repeat=request.repeat)
