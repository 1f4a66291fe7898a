"""The hub as the environment sets it, and whether it answers."""

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from harness.model_files import hub_state


@pytest.mark.parametrize(
    ("hub", "transformers", "variable"),
    [
        ("1", "", "HF_HUB_OFFLINE"),
        ("True", "0", "HF_HUB_OFFLINE"),
        ("", "", None),
        ("0", "1", None),
        ("", "1", "TRANSFORMERS_OFFLINE"),
    ],
)
def test_offline_is_what_the_hubs_client_reads_so(monkeypatch, hub, transformers, variable):
    monkeypatch.setenv("HF_HUB_OFFLINE", hub)
    monkeypatch.setenv("TRANSFORMERS_OFFLINE", transformers)
    assert hub_state.offline_by() == variable


def test_the_cache_is_where_the_hubs_client_looks(monkeypatch, tmp_path):
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert hub_state.cache() == Path.home() / ".cache/huggingface/hub"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert hub_state.cache() == tmp_path / "x/huggingface/hub"
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert hub_state.cache() == tmp_path / "hub"
    monkeypatch.setenv("HUGGINGFACE_HUB_CACHE", str(tmp_path / "old"))
    assert hub_state.cache() == tmp_path / "old"
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "c"))
    (tmp_path / "c/models--a--b").mkdir(parents=True)
    assert hub_state.cached_models() == 1


class Refusing(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.send_error(403)

    def log_message(self, *arguments):
        """Nothing is printed."""


def test_a_hub_that_answers_anything_is_reached(monkeypatch):
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        assert hub_state.problem_reaching() is None
        server.shutdown()
    assert "refused" in hub_state.problem_reaching()
    monkeypatch.setenv("HF_ENDPOINT", "no url")
    assert "unknown url type" in hub_state.problem_reaching()
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:port")
    assert "port" in hub_state.problem_reaching()


def test_a_hub_that_says_nothing_is_not_waited_for(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert hub_state.problem_reaching(0.05) is not None
