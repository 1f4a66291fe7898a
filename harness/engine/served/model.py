"""A model behind one or more servers, asked from this process.

A served model has no hash of its weights: whoever operates the server may have replaced them. Its
memory is another machine's. Its answers take the time that the server and the network take.
"""

import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace

from harness.core.completion import Completion
from harness.core.errors import HarnessError, one_line
from harness.core.modelref import ModelRef
from harness.core.plan import Request, failed
from harness.core.record import ModelRecord
from harness.engine.events import Answered, Event, ModelOpened, Stepped
from harness.engine.model import EngineSettings, ModelUnopened
from harness.engine.prompt import Arguments
from harness.engine.served import probes
from harness.engine.served.address import Address
from harness.engine.served.asking import Asking
from harness.engine.served.client import Server
from harness.engine.served.dispatch import Dispatch, OnText, Said
from harness.engine.served.protocol import Protocol
from harness.engine.served.retries import GivenUp, PassingFault, Retries

CONCURRENCY = 16
"""Requests in flight at each server, where the user does not say."""


@dataclass
class ServedModel:
    """An ``AnsweringModel`` over the servers of one address."""

    ref: ModelRef
    address: Address
    protocol: Protocol
    """The way to ask; its ``model`` is known once a server was asked for it."""
    record: ModelRecord
    """Facts that are known before a server is asked."""
    settings: EngineSettings
    model: ModelRecord | None = None
    available_mb: float | None = None
    """Unknown, since the memory is another machine's."""
    _servers: tuple[Server, ...] = ()
    _proven: set[Arguments] = field(default_factory=set)
    """Arguments of the chat template that the servers are known to obey."""
    _stopped: threading.Event = field(default_factory=threading.Event)
    _is_interrupted: threading.Event = field(default_factory=threading.Event)
    """Set while the answers to the last requests are no longer wanted."""
    _is_warm: bool = False
    _has_proven_tools: bool = False
    """The open servers are known to tell the model of tools."""
    _has_noted_logprobs: bool = False
    """It is known of the open servers whether they give log-probabilities."""

    @property
    def is_open(self) -> bool:
        return bool(self._servers)

    def prewarm(self) -> None:
        """There is no process to start."""

    def measure(self, requests: Sequence[Request]) -> Generator[Event, None, None]:
        """Nothing is answered for its memory, which is another machine's."""
        yield from ()

    def events(self, requests: Sequence[Request]) -> Generator[Event, None, None]:
        """Answer every request once: the judged ones side by side, then the timed ones alone.

        Raises:
            ModelUnopened: a server cannot be asked, or ignores what it is told.
        """
        self._is_interrupted.clear()
        self._open_or_refuse(requests)
        assert self.model is not None
        is_drained = False
        started = time.perf_counter()
        try:
            yield ModelOpened(self.ref, self.model)
            yield from self._events(requests)
            is_drained = True
        finally:
            if not is_drained:  # Nobody waits for what is in flight.
                self.close()
        seconds = (self.model.generate_seconds or 0.0) + time.perf_counter() - started
        self.model = replace(self.model, generate_seconds=seconds)

    def interrupt(self) -> None:
        """Have the answers in progress end as errors; what a server goes on with is not read."""
        self._is_interrupted.set()

    def close(self) -> None:
        """Close the connections."""
        self._stopped.set()
        for server in self._servers:
            server.close()
        self._servers = ()

    def _open_or_refuse(self, requests: Sequence[Request]) -> None:
        try:
            self._open()
            self._prove_arguments(requests)
            self._note_logprobs(requests)
        except HarnessError as error:
            self.close()
            if self.model is not None:
                self.model = replace(self.model, error=one_line(error))
            raise ModelUnopened(one_line(error)) from None

    def _open(self) -> None:
        """Ask each server for the model, and prove the schema where there is one."""
        if self._servers:
            return
        if not self.address.urls:
            raise HarnessError(
                "no server is named: put its URL before #, or say --plan-out FILE, and --answers "
                "FILE for what a batch made of it"
            )
        self._stopped, started = threading.Event(), time.perf_counter()
        self._proven.clear()
        self._has_noted_logprobs = self._has_proven_tools = False
        self._servers = tuple(
            Server(url, self.settings.stall_seconds, self._concurrency) for url in self.address.urls
        )
        names = [self._first_contact(server) for server in self._servers]
        if len(set(names)) > 1:
            raise HarnessError(f"the servers have other models: {', '.join(names)}, add #name")
        self.protocol = replace(self.protocol, model=names[0])
        if self.protocol.schema is not None:
            for server in self._servers:
                probes.prove_schema(server, self._asking)
        opened = replace(self.record, name=names[0], load_seconds=time.perf_counter() - started)
        self.model = self.model or opened

    def _first_contact(self, server: Server) -> str:
        """The model's name on the server, which may be loading it; but it must be there."""

        def name() -> str:
            try:
                return probes.served_name(server, self.address.name)
            except PassingFault as fault:
                if fault.is_unreachable:
                    raise GivenUp(fault, 1) from None
                raise

        return self._retries.call(0, name)

    def _prove_arguments(self, requests: Sequence[Request]) -> None:
        """Prove what the requests tell the chat template; what a text prompt was told is known."""
        if self.protocol.api == "completions":
            return
        template = self.protocol.template
        for arguments in dict.fromkeys(r.template for r in requests):
            if arguments in self._proven:
                continue
            for server in self._servers:
                if template is not None:
                    probes.check_template(server, self.protocol.model, template, arguments)
                    continue
                for argument in arguments:
                    probes.prove_argument(server, self._asking, argument)
            self._proven.add(arguments)
        self._prove_tools(next((r.tools for r in requests if r.tools), ""))

    def _prove_tools(self, tools: str) -> None:
        """Prove once that the servers tell the model of tools."""
        if tools and not self._has_proven_tools:
            for server in self._servers:
                probes.prove_tools(server, self._asking, tools)
            self._has_proven_tools = True

    def _note_logprobs(self, requests: Sequence[Request]) -> None:
        """Find out which servers give log-probabilities, where they are asked for."""
        if self._has_noted_logprobs or not any(r.has_logprobs for r in requests):
            return
        for server in self._servers:
            probes.note_logprobs(server, self._asking)
        self._has_noted_logprobs = True

    def _events(self, requests: Sequence[Request]) -> Iterator[Event]:
        judged = [r for r in requests if not r.timed]
        dispatch = Dispatch(self._servers, self._concurrency, self._ask, self._is_interrupted)
        for found in dispatch.answers(judged):
            if isinstance(found, Said):
                yield Stepped(self.ref, 0, 0, {found.request.key: found.text})
            else:
                yield Answered(self.ref, *found)
        for request in requests:
            if request.timed:
                yield Answered(self.ref, request, self._timed(request))

    def _ask(self, server: Server, request: Request, on_text: OnText) -> Completion:
        if request.streamed and not request.tools:
            return self._asking.streamed(server, request, on_text)
        return self._asking.completion(server, request)

    def _timed(self, request: Request) -> Completion:
        """One answer alone at the first server; the first of all is asked for twice."""
        server = self._servers[0]
        try:
            if not self._is_warm:
                self._asking.timed(server, request)
                self._is_warm = True
            return self._asking.timed(server, request)
        except Exception as error:
            return failed(request, one_line(error))

    @property
    def _asking(self) -> Asking:
        return Asking(self.protocol, self._retries)

    @property
    def _retries(self) -> Retries:
        return Retries(self._stopped.wait, self._stopped.is_set)

    @property
    def _concurrency(self) -> int:
        return self.settings.concurrency or CONCURRENCY
