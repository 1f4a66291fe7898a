"""The addresses of the server: which are loopback, and which hosts a request may name there."""

import pytest

from harness.serve.server import bound, hosts_for, is_loopback


@pytest.mark.parametrize(
    ("host", "is_near"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("example.org", False)],
)  # fmt: skip
def test_only_loopback_is_loopback(host, is_near):
    assert is_loopback(host) is is_near


def test_hosts_are_held_on_loopback_without_a_key_alone():
    assert "localhost" in (hosts_for("127.0.0.1", None) or ())
    assert hosts_for("127.0.0.1", "key") is None
    assert hosts_for("0.0.0.0", None) is None


def test_a_free_port_is_found():
    with bound("127.0.0.1", 0) as listening:
        assert listening.getsockname()[1] > 0
