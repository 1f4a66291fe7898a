"""The outer layer of the server: keys, hosts, bodies, counts and the log, for every request.

A body is read within its limits before anything else looks at it; what is no plain JSON ends here.
"""

import asyncio
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.core.completion import Completion
from harness.core.errors import one_line
from harness.files.strict_json import NotJson, decode
from harness.serve.errors import ApiError
from harness.serve.limits import Limits, is_too_deep

if TYPE_CHECKING:
    from harness.core.plan import Request
    from harness.serve.task_answers import TaskAnswer

OPEN_ROUTES = ("/healthz", "/readyz")
"""Routes that need no key."""
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")

Log = Callable[[Mapping[str, Any]], None]
"""Writes one entry of the log."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask."""

    key: str | None = None
    """Every request but those of ``OPEN_ROUTES`` must carry it."""
    hosts: tuple[str, ...] | None = None
    """Names that a ``Host`` header may have, so that no web page reaches a server on loopback by a
    name of its own; ``None``: any."""

    def require(self, scope: Scope, headers: Headers) -> None:
        """Refuse a request without the key, or to another host.

        Raises:
            ApiError: it is refused.
        """
        if self.hosts is not None and _host_of(headers.get("host", "")) not in self.hosts:
            raise ApiError(403, "the Host header names another server than this one")
        if self.key is None or scope["path"] in OPEN_ROUTES:
            return
        scheme, _, given = headers.get("authorization", "").partition(" ")
        is_same = hmac.compare_digest(given.strip().encode(), self.key.encode())
        if scheme.lower() != "bearer" or not is_same:
            raise ApiError(401, "wrong or missing key, send Authorization: Bearer KEY")


@dataclass
class Entry:
    """One request, for the log and the counts."""

    method: str
    path: str
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    started: float = field(default_factory=time.monotonic)
    status: int = 0
    """0: no response was sent."""
    more: dict[str, Any] = field(default_factory=dict)
    request: "Request | None" = None
    """The last one that the model was asked."""
    completion: Completion | None = None
    """The last one of the model."""
    policy: str = ""
    """Of a task's request."""
    judged: "TaskAnswer | None" = None
    """The answer to a task."""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def to_json(self) -> dict[str, Any]:
        return {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "id": self.id,
            "method": self.method,
            "path": self.path[:200],
            "status": self.status,
            "seconds": round(self.seconds, 4),
            **self.more,
        }


class Guard:
    """An ASGI application around another one."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: Access,
        limits: Limits,
        log: Log,
        count: Callable[[str, Entry], None],
    ) -> None:
        """
        Args:
            app: the application, which finds the request's ``Entry`` in ``scope["entry"]``.
            access: who may ask.
            limits: of bodies.
            log: gets one entry for each request.
            count: called with the route and the entry of each request.
        """
        self.app = app
        self.access = access
        self.limits = limits
        self._log = log
        self.count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        entry = scope["entry"] = Entry(scope["method"], scope["path"])
        answer = _Answer(send, entry)
        try:
            await self._answer(scope, receive, answer)
        except ApiError as error:
            entry.more.setdefault("error", error.error["message"])
            await answer.error(error, scope, receive)
        except Exception as error:
            entry.more["error"] = one_line(error)
            await answer.error(ApiError(500, "a fault of the server, see its log"), scope, receive)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self.count(route, entry)
            self._log(entry.to_json())

    async def _answer(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        headers = Headers(scope=scope)
        self.access.require(scope, headers)
        if scope["method"] != "POST":
            await self.app(scope, receive, answer.send)
            return
        if headers.get("content-encoding", "identity") != "identity":
            raise ApiError(415, "the body is compressed, send it as it is")
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                body = await self._body(headers, receive)
        except TimeoutError:
            raise ApiError(408, f"no whole body within {self.limits.body_seconds:g} s") from None
        if body:  # Without one, a route says what it lacks, and others what they take.
            _require_plain(body)
        await self.app(scope, replaying(body, receive), answer.send)

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        most = self.limits.max_body_bytes
        too_large = ApiError(413, f"the body has more than {most:,} bytes")
        stated = headers.get("content-length", "0")
        if stated.isascii() and stated.isdigit() and (len(stated) > 18 or int(stated) > most):
            raise too_large
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ApiError(499, "the client left before its body was whole")
            body += message.get("body", b"")
            if len(body) > most:
                raise too_large
            if not message.get("more_body", False):
                return bytes(body)


class _Answer:
    """Passes a response on, and notes its status."""

    def __init__(self, send: Send, entry: Entry) -> None:
        self._send = send
        self._entry = entry

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._entry.status = message["status"]
            named = (b"x-request-id", self._entry.id.encode())
            message = {**message, "headers": [*message.get("headers", ()), named]}
        await self._send(message)

    async def error(self, error: ApiError, scope: Scope, receive: Receive) -> None:
        """Send an error, where no response has begun."""
        if self._entry.status == 0:
            await error.response()(scope, receive, self.send)


def _require_plain(body: bytes) -> None:
    """Refuse a body that is no JSON of RFC 8259, too deep, or holds half a character."""
    try:
        value = decode(body)
    except NotJson as error:
        raise ApiError(400, f"the body is no JSON: {error}") from None
    if is_too_deep(value):
        raise ApiError(400, "the body is no JSON that is read here: JSON nested too deep")
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ApiError(400, "the body holds half a character (a lone surrogate)") from None


def replaying(body: bytes, receive: Receive) -> Receive:
    """Gives the body once, and then what the client does next, such as to leave."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return parts.pop() if parts else await receive()

    return replay


def _host_of(header: str) -> str:
    """The name in a ``Host`` header, without its port."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()
