"""Joins a Ray cluster, or starts one on this machine and ends it with the session.

Ray belongs to a process as a whole: there is one connection, which all models of a session share.
"""

import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from harness.core.errors import HarnessError, one_line
from harness.engine.ray.room import Node, Share

CONTACT_SECONDS = 5.0
"""Time in which an address must answer."""
SETTINGS = b"\x04"
"""Type of the first frame that both sides of HTTP/2 send, which Ray speaks."""
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + SETTINGS + bytes(5)
"""The start of an HTTP/2 connection: its preface, and settings of which none is given."""
JOIN_SECONDS = 15
"""Time in which the cluster at an address must let this process in."""
GRACE_SECONDS = 3.0
"""Time in which the processes of a local cluster end by themselves."""
OBJECT_STORE_BYTES = 80 * 2**20
"""Shared memory of a local cluster, close to Ray's minimum: requests and answers are small, and
weights are read by each worker."""
QUIET = {
    # Ray would send statistics of use to its makers.
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray would warn about a default of a later version.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Set before Ray is imported, whatever the user has set."""

_folders: list[Path] = []
"""The folder of the local cluster's sockets and logs, while there is one."""


def address_mistake(address: str) -> str | None:
    """One line where ``HOST:PORT`` is no address, or nothing answers there."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        return f"--ray-address {address}: write HOST:PORT, as ray start prints it"
    try:
        with socket.create_connection((host.strip("[]"), int(port)), CONTACT_SECONDS) as there:
            there.sendall(GREETING)
            is_answered = there.recv(4)[3:] == SETTINGS
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return f"--ray-address {address}: no cluster answers there ({reason})"
    return None if is_answered else f"--ray-address {address}: what answers there is not Ray"


def connected(address: str | None, share: Share) -> list[Node]:
    """Join the cluster at ``address``, or start a local one that has room for ``share``; returns
    its living nodes.

    Raises:
        HarnessError: the cluster does not let this process in, or cannot be started.
    """
    ray = _imported(is_local=address is None)
    if not ray.is_initialized():
        try:
            with warnings.catch_warnings(action="ignore"), _signals_kept():
                _join(ray, address, share)
        except Exception as error:
            disconnect()
            if address is None:
                raise HarnessError(f"Ray does not start here: {one_line(error)}") from None
            raise HarnessError(
                f"--ray-address {address}: the cluster does not let this session in "
                f"({one_line(error)}): make this machine a node, ray start --address {address} "
                "--num-cpus 0, with the cluster's versions of Ray and Python, and its token"
            ) from None
    return [
        Node(found["NodeManagerAddress"], int(r.get("CPU", 0)), int(r.get("GPU", 0)))
        for found in ray.nodes()
        if found["Alive"] and (r := found["Resources"])
    ]


def disconnect() -> None:
    """Leave the cluster; a local one is ended, and its files are deleted."""
    ray = sys.modules.get("ray")
    if ray is None or not (ray.is_initialized() or _folders):
        return
    processes = [process for folder in _folders for process in _processes(folder)]
    with warnings.catch_warnings(action="ignore"):
        ray.shutdown()
    for process in psutil.wait_procs(processes, GRACE_SECONDS)[1]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    while _folders:
        shutil.rmtree(_folders.pop(), ignore_errors=True)


def _processes(folder: Path) -> Iterator[psutil.Process]:
    """The processes of the local cluster in ``folder``: Ray leaves some of them behind."""
    with suppress(psutil.Error):
        for process in psutil.Process().children():
            with suppress(psutil.Error):
                if str(folder) in " ".join(process.cmdline()):
                    yield from (process, *process.children(recursive=True))


def _imported(*, is_local: bool) -> Any:
    """The package ``ray``, imported so that it sends and prints nothing."""
    os.environ.update(QUIET)
    if not is_local:
        os.environ.setdefault("RAY_gcs_server_request_timeout_seconds", str(JOIN_SECONDS))
    elif "RAY_AUTH_MODE" not in os.environ:
        # Other users of the machine can reach the cluster's ports: they lack the token. Ray would
        # make one in the user's home.
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    with warnings.catch_warnings(action="ignore"):
        import ray
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    return ray


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Undo what Ray does to SIGTERM: it would print its stack, and end tests one by one."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _join(ray: Any, address: str | None, share: Share) -> None:
    quiet = {"log_to_driver": False, "configure_logging": False, "logging_level": "CRITICAL"}
    if address is not None:
        ray.init(address=address, **quiet)
        return
    # The paths of Ray's sockets may have 107 bytes in all, so the user's TMPDIR can be too long.
    short = os.environ.get("RAY_TMPDIR", "/tmp" if os.name == "posix" else None)
    _folders.append(Path(tempfile.mkdtemp(prefix="harness-ray-", dir=short)))
    ray.init(
        address="local",
        num_cpus=share.workers * share.threads,
        num_gpus=None if share.has_gpu else 0,
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        _temp_dir=str(_folders[-1]),
        **quiet,
    )
