"""Runs the server on a port until a signal ends it; what it began is answered first."""

import asyncio
import signal
import socket
from collections.abc import Callable
from ipaddress import ip_address

import uvicorn

from harness.core.errors import HarnessError
from harness.serve.app import Server
from harness.serve.guard import LOOPBACK_HOSTS

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


def run(server: Server, listening: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM, or until the model turns out not to open.

    Raises:
        HarnessError: the model cannot be opened, for the reason that its backend says.
    """
    config = uvicorn.Config(
        server.app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=int(server.served.limits.seconds + SLACK_SECONDS),
    )
    running = uvicorn.Server(config)
    problems: list[str] = []

    def opened(problem: str | None) -> None:
        if problem is None:
            on_ready()
        else:
            problems.append(problem)
            running.should_exit = True

    server.batching.opened.add_done_callback(lambda done: opened(done.result()))
    # uvicorn raises the signal that ended it once more, for handlers from before.
    kept = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        asyncio.run(running.serve(sockets=[listening]))
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    if problems:
        raise HarnessError(f"--model {server.served.ref}: {problems[0]}")


def _ignore(number: int, frame: object) -> None:
    """The signal has done its work."""
