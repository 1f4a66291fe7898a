"""An experiment behind HTTP: each request is answered by the arm that its key draws, by no other.

The two arms are servers of one model each. What stands around them is shared: access, limits, the
port, and the log of the experiment.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.ab.experiment import ARMS, BASELINE, Arm, Experiment
from harness.ab.log_folder import LogFolder
from harness.core.modelref import ModelRef
from harness.serve.ab_entry import log_entry
from harness.serve.ab_metrics import ArmMetrics
from harness.serve.app import HANDLERS, Server
from harness.serve.errors import ApiError, AsciiJson
from harness.serve.guard import Entry, Guard, Log, replaying
from harness.serve.limits import Limits

KEY_HEADER = "X-Harness-Key"
MAX_KEY = 512
"""Characters of a sticky key."""


class AbServer:
    """The arms of an experiment, and their ASGI application."""

    def __init__(
        self, experiment: Experiment, arms: Mapping[Arm, Server], log: LogFolder, say: Log
    ) -> None:
        """
        Args:
            experiment: its arms are ``arms``.
            arms: with equal limits and access.
            log: of the experiment; closed with the server.
            say: gets one entry for each request.
        """
        self.experiment = experiment
        self.arms = arms
        self.log = log
        self.metrics = ArmMetrics({arm: server.metrics for arm, server in arms.items()})
        served = arms[BASELINE].served
        self.app: ASGIApp = Guard(
            self._routed(),
            access=served.access,
            limits=served.limits,
            log=say,
            count=self.metrics.request,
        )

    @property
    def limits(self) -> Limits:
        return self.arms[BASELINE].limits

    @property
    def opened(self) -> Sequence[tuple[ModelRef, Future[str | None]]]:
        """Each model, and a future that is done once it was to be opened: why it is not."""
        return tuple(pair for arm in ARMS for pair in self.arms[arm].opened)

    @property
    def is_open(self) -> bool:
        """Both models were opened; one may have died since."""
        return all(future.done() for _, future in self.opened)

    def _routed(self) -> ASGIApp:
        return Starlette(
            routes=[
                Route("/readyz", self.readyz),
                Route("/metrics", self.numbers),
                Mount("", app=self._answered),
            ],
            lifespan=self._lifespan,
            exception_handlers=HANDLERS,
        )

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        for server in self.arms.values():
            server.batching.start()
        yield
        for server in self.arms.values():
            await asyncio.to_thread(server.batching.close)
        await asyncio.to_thread(self.log.close)

    async def readyz(self, http: HttpRequest) -> Response:
        """Both models are open: a balancer that leaves a server out leaves both arms out."""
        for arm in ARMS:
            batching = self.arms[arm].batching
            if not batching.is_ready:
                reason = f"{arm}: {batching.problem or 'the model is being opened'}"
                raise ApiError(503, reason, code="model_unavailable", retry_after=1)
        names = {arm: self.arms[arm].name for arm in ARMS}
        return AsciiJson({"status": "ready", "experiment": self.experiment.name, **names})

    async def numbers(self, http: HttpRequest) -> Response:
        """Numbers in Prometheus' format, by arm."""
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4")

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the arm that it draws; what asks no model goes to the baseline's."""
        if scope["method"] != "POST":
            await self.arms[BASELINE].routes(scope, receive, send)
            return
        self._require_open()
        body = (await receive())["body"]  # Whole: the guard has read it.
        key, source = _key_of(Headers(scope=scope), body)
        arm = self.experiment.arm_of(key)
        entry: Entry = scope["entry"]
        entry.more["arm"] = arm
        try:
            await self.arms[arm].routes(scope, replaying(body, receive), _named(send, arm, source))
        finally:
            self._log(arm, key, entry)

    def _require_open(self) -> None:
        """
        Raises:
            ApiError: a model is still being opened, which must not be the other one's gain; or the
                log cannot be written and must be.
        """
        if not self.is_open:
            message = "the models are being opened"
            raise ApiError(503, message, code="model_unavailable", retry_after=1)
        if self.log.settings.is_required and self.log.problem is not None:
            message = f"the log of the experiment cannot be written ({self.log.problem})"
            raise ApiError(503, message, code="log_unavailable", retry_after=5)

    def _log(self, arm: Arm, key: str | None, entry: Entry) -> None:
        """Append the request to the log, unless it was refused before the arm was asked."""
        if entry.request is None:
            return
        line = log_entry(
            self.experiment,
            arm,
            self.arms[arm],
            entry,
            key=self.log.hash_of(key),
            came=time.time() - entry.seconds,
            has_texts=self.log.settings.has_texts,
        )
        self.log.add(line.to_json())


def _key_of(headers: Headers, body: bytes) -> tuple[str | None, str]:
    """The sticky key, and where it stands: ``key`` (the header), ``user`` (the body's field) or
    ``request`` where there is none.

    Raises:
        ApiError: it is too long.
    """
    user = json.loads(body)
    user = user.get("user") if isinstance(user, dict) else None
    for source, key in (("key", headers.get(KEY_HEADER)), ("user", user)):
        if isinstance(key, str) and key:
            if len(key) > MAX_KEY:
                name = KEY_HEADER if source == "key" else "user"
                raise ApiError(400, f"{name} has more than {MAX_KEY} characters", param=source)
            return key, source
    return None, "request"


def _named(send: Send, arm: Arm, source: str) -> Send:
    """Names the arm in the response's headers, and what it was drawn by."""
    named = [(b"x-harness-arm", arm.encode()), (b"x-harness-drawn-by", source.encode())]

    async def send_named(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *named]}
        await send(message)

    return send_named
