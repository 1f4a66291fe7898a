"""HTTP connections that are closed where a request's head does not come in time."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from harness.serve.limits import Limits


def configuration(app: ASGIApp, limits: Limits, **more: Any) -> uvicorn.Config:
    """uvicorn's configuration of a server."""
    protocol = cast(Any, partial(TimedConnection, head_seconds=limits.body_seconds))
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        **more,
    )


class TimedConnection(H11Protocol):
    """uvicorn waits for a request's head for ever, so that clients which send it a byte at a time
    would take all connections."""

    def __init__(self, *given: Any, head_seconds: float, **more: Any) -> None:
        super().__init__(*given, **more)
        self._head_seconds = head_seconds
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._expect_head()
        else:
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop()

    def _expect_head(self) -> None:
        if self._deadline is None:
            close: Callable[[], None] = self.transport.close
            self._deadline = self.loop.call_later(self._head_seconds, close)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
