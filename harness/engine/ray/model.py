"""A model whose requests are shared by workers on a Ray cluster.

Batches are those that the model makes without Ray, so the answers are, too. Timed requests are
answered by one worker while the others wait. Its memory is that of its largest worker.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace

from harness.core.errors import HarnessError, one_line
from harness.core.modelref import ModelRef
from harness.core.plan import Request, failed
from harness.core.record import ModelRecord
from harness.engine.events import Answered, Event, ModelOpened, Stepped
from harness.engine.model import EngineSettings, ModelUnopened, RaySettings, replacement
from harness.engine.ray import connection, workers
from harness.engine.ray.actor import Reply
from harness.engine.ray.dispatch import Batch, Dispatch
from harness.engine.ray.room import Share, local_share, require_room, share_among


@dataclass
class RayModel:
    """An ``AnsweringModel`` over the workers of one cluster."""

    ref: ModelRef
    settings: EngineSettings
    ray: RaySettings
    libraries: Sequence[str]
    """Packages that must have the same versions everywhere."""
    model: ModelRecord | None = None
    available_mb: float | None = None
    """Unknown, as the workers may be anywhere. So several models are timed one after the other."""
    _dispatch: Dispatch = field(default_factory=lambda: Dispatch([]))

    @property
    def is_open(self) -> bool:
        return bool(self._dispatch.workers)

    def prewarm(self) -> None:
        """Nothing is started before it is known that there is something to ask."""

    def events(self, requests: Sequence[Request]) -> Generator[Event, None, None]:
        """Answer every request once.

        Raises:
            ModelUnopened: the cluster cannot be used, or a worker cannot open the model.
        """
        is_drained = False
        try:
            self._open()
            assert self.model is not None
            yield ModelOpened(self.ref, self.model)
            started = time.perf_counter()
            yield from self._answered(requests)
            seconds = (self.model.generate_seconds or 0.0) + time.perf_counter() - started
            self.model = replace(self.model, generate_seconds=seconds)
            is_drained = True
        finally:
            if not is_drained:  # Nobody waits for what is in flight.
                self.close()

    def measure(self, requests: Sequence[Request]) -> Generator[Event, None, None]:
        """Answer the batches that take the most memory, for the peak alone, in one worker.

        Raises:
            ModelUnopened: as ``events`` does.
        """
        self._open()
        assert self.model is not None
        yield ModelOpened(self.ref, self.model)
        worker = self._dispatch.workers[0]
        try:
            reply: Reply = worker.ask("measure", list(requests)).result()
        except Exception as error:
            self._dispatch.lose(worker, error)
            reply = Reply(())
        self._take(reply)
        if reply.peak_memory_mb is None:
            self.model = replace(self.model, peak_memory_mb=None)

    def close(self) -> None:
        """End the workers. The cluster stays until ``connection.disconnect``."""
        self._dispatch.end()

    def _answered(self, requests: Sequence[Request]) -> Iterator[Event]:
        """The judged requests side by side, then the timed ones alone, the first worker's."""
        batches = self._batches(requests)
        if isinstance(batches, str):
            yield from (Answered(self.ref, r, failed(r, batches)) for r in requests)
            return
        by_key = {r.key: r for r in requests}
        judged, timed = (
            [b for b in batches if b[0].timed is is_timed] for is_timed in (False, True)
        )
        for most, own in ((len(self._dispatch.workers), judged), (1, timed)):
            for reply in self._dispatch.answers(own, most):
                self._take(reply)
                tokens = sum(len(completion.token_ids) for _, completion in reply.answers)
                yield Stepped(self.ref, tokens, len(reply.answers))
                for key, completion in reply.answers:
                    yield Answered(self.ref, by_key[key], completion)

    def _batches(self, requests: Sequence[Request]) -> list[Batch] | str:
        """The batches that the model makes without Ray; or the reason why it makes none."""
        by_key = {r.key: r for r in requests}
        while self._dispatch.workers:
            worker = self._dispatch.workers[0]
            try:
                found = worker.ask("batches", list(requests)).result()
            except Exception as error:
                self._dispatch.lose(worker, error)
                continue
            if isinstance(found, str):
                return found
            return [[by_key[key] for key in keys] for keys in found]
        return self._dispatch.reason

    def _take(self, reply: Reply) -> None:
        """Add what a worker measured to the model's record."""
        assert self.model is not None
        peak = max(self.model.peak_memory_mb or 0.0, reply.peak_memory_mb or 0.0) or None
        error = reply.unopened or reply.replaced or self.model.error
        self.model = replace(self.model, peak_memory_mb=peak, error=error)
        if reply.unopened is not None:
            raise ModelUnopened(reply.unopened)

    def _open(self) -> None:
        """Start the workers, and open the model in all of them."""
        if self.is_open:
            return
        try:
            share = self._share()
            started = workers.start(share)
            self._dispatch = Dispatch([*started])
            settings = replace(self.settings, threads=share.threads)
            opened = workers.open_all(started, self.ref, settings, self.libraries)
        except HarnessError as error:
            self.close()
            raise ModelUnopened(one_line(error)) from None
        if reason := replacement(self.model, opened):
            self.close()
            assert self.model is not None
            self.model = replace(self.model, error=reason)
            raise ModelUnopened(reason)
        self.model = self.model or opened

    def _share(self) -> Share:
        """Room for the workers, on a cluster that is joined or started for it."""
        address = self.ray.address
        share = local_share(self.settings, self.ray.workers)
        nodes = connection.connected(address, share)
        if address is None:
            require_room(share, nodes)
            return share
        return share_among(nodes, self.settings, self.ray.workers)
