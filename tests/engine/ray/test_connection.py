"""An address is tried before a model waits for it."""

import socket
import subprocess
import sys
import threading
from contextlib import closing
from types import SimpleNamespace

import pytest

from harness.core.errors import HarnessError
from harness.engine.ray import connection
from harness.engine.ray.connection import SETTINGS, address_mistake
from harness.engine.ray.room import Share
from tests.patience import PATIENCE


@pytest.fixture
def listening():
    """A server on this machine that says one thing, which a test gives, and hangs up."""
    server = socket.create_server(("127.0.0.1", 0))

    def says(answer: bytes) -> str:
        def serve() -> None:
            there, _ = server.accept()
            with closing(there):
                there.recv(100)
                there.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    with closing(server):
        yield says


@pytest.mark.parametrize("address", ["auto", "ray://10.0.0.1:10001", "10.0.0.1", ":6379"])
def test_an_address_is_a_host_and_a_port(address):
    assert address_mistake(address) == (
        f"--ray-address {address}: write HOST:PORT, as ray start prints it"
    )


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:99999"])
def test_an_address_where_nobody_answers_is_refused(address):
    assert address_mistake(address).startswith(
        f"--ray-address {address}: no cluster answers there ("
    )


def test_what_does_not_speak_as_ray_does_is_refused(listening):
    address = listening(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert address_mistake(address) == f"--ray-address {address}: what answers there is not Ray"
    assert address_mistake(listening(bytes(3) + SETTINGS + bytes(5))) is None


def test_a_cluster_that_lets_nobody_in_says_what_it_wants(monkeypatch):
    def init(**options):
        assert options["address"] == "10.0.0.1:6379"
        assert not options["log_to_driver"]
        raise ConnectionError("Failed to connect\nto the cluster")

    ray = SimpleNamespace(is_initialized=lambda: False, init=init)
    monkeypatch.setattr(connection, "_imported", lambda *, is_local: ray)
    with pytest.raises(HarnessError) as refused:
        connection.connected("10.0.0.1:6379", Share(1, 1, has_gpu=False))
    assert str(refused.value) == (
        "--ray-address 10.0.0.1:6379: the cluster does not let this session in (ConnectionError: "
        "Failed to connect): make this machine a node, ray start --address 10.0.0.1:6379 "
        "--num-cpus 0, with the cluster's versions of Ray and Python, and its token"
    )


def test_ray_is_imported_only_when_a_model_is_opened():
    code = (
        "import sys, harness.engine.ray.model, harness.plugin.ray_engine; "
        "assert 'ray' not in sys.modules and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE)
