"""Runs the server on a port until a signal ends it; what it began is answered first."""

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from ipaddress import ip_address
from typing import Protocol

import uvicorn
from starlette.types import ASGIApp

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.serve.connections import configuration
from harness.serve.guard import LOOPBACK_HOSTS
from harness.serve.limits import Limits

SLACK_SECONDS = 5.0
"""Time after the last request's limit at which a shutdown no longer waits."""


def is_loopback(host: str) -> bool:
    """True for an address that only this machine reaches."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def hosts_for(host: str, key: str | None) -> tuple[str, ...] | None:
    """The names that a ``Host`` header may have: on loopback without a key those of loopback."""
    return (*LOOPBACK_HOSTS, host.lower()) if key is None and is_loopback(host) else None


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        HarnessError: the address or the port cannot be had.
    """
    try:
        family, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        reason = error.strerror or str(error)
        raise HarnessError(
            f"--host {host} --port {port}: cannot listen there ({reason}), name another"
        ) from None


class Serving(Protocol):
    """One model behind HTTP, or several."""

    app: ASGIApp

    @property
    def limits(self) -> Limits: ...

    @property
    def opened(self) -> Sequence[tuple[ModelRef, Future[str | None]]]:
        """Each model, and a future that is done once it was to be opened: why it is not."""
        ...


def run(server: Serving, listening: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM, or until a model turns out not to open.

    Raises:
        HarnessError: a model cannot be opened, for the reason that its backend says.
    """
    grace = int(server.limits.seconds + SLACK_SECONDS)
    running = uvicorn.Server(
        configuration(server.app, server.limits, timeout_graceful_shutdown=grace)
    )
    problems: list[str] = []

    def opened(ref: ModelRef, done: Future[str | None]) -> None:
        if (problem := done.result()) is not None:
            problems.append(f"--model {ref}: {problem}")
            running.should_exit = True
        elif all(future.done() for _, future in server.opened) and not problems:
            on_ready()

    for model, future in server.opened:
        future.add_done_callback(partial(opened, model))
    # uvicorn raises the signal that ended it once more, for handlers from before.
    kept = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        asyncio.run(running.serve(sockets=[listening]))
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    if problems:
        raise HarnessError(problems[0])


def _ignore(number: int, frame: object) -> None:
    """The signal has done its work."""
