"""A server of the tests: real uvicorn on a loopback port, in a thread, over any host of models."""

import asyncio
import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn

from harness.core.modelref import ModelRef
from harness.serve.app import Server, ServerSettings
from harness.serve.connections import configuration
from harness.serve.server import bound
from tests.patience import PATIENCE

REF = ModelRef.parse("base:models/tiny")
GOOD = '{"name": "Ada", "date": "2024-01-05", "amount": 47.2}'
TEXT = "Ada paid 47.20 on 2024-01-05."


class LogLines(list):
    """Entries of the log, which a request's is among soon after its response."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def add(self, entry) -> None:
        with self._changed:
            self.append(entry)
            self._changed.notify_all()

    def reach(self, count: int) -> None:
        """Wait until there are so many entries."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self) >= count, 20)

    def of(self, path: str, count: int = 1) -> list:
        """The entries of a path, once there are ``count``."""
        with self._changed:
            wanted = lambda: [e for e in self if e.get("path") == path]  # noqa: E731
            assert self._changed.wait_for(lambda: len(wanted()) >= count, 20)
            return wanted()


@dataclass
class Running:
    """A running server, and a client for it."""

    server: Server
    port: int
    uvicorn: uvicorn.Server
    log: list = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(self, method, path, body=None, **headers):
        """Status, headers and raw body of the response to a request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            given = {"Content-Type": "application/json"} | {
                name.replace("_", "-"): value for name, value in headers.items()
            }
            connection.request(method, path, body, given)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def get(self, path, **headers):
        status, _, body = self.send("GET", path, **headers)
        return status, json.loads(body)

    def post(self, path, value, **headers):
        body = value if isinstance(value, bytes) else json.dumps(value)
        status, _, answer = self.send("POST", path, body, **headers)
        return status, json.loads(answer)

    def chat(self, text="hello", **more):
        return self.post(
            "/v1/chat/completions", {"messages": [{"role": "user", "content": text}], **more}
        )


def extract(server, **more):
    """Ask the bundled task."""
    return server.post("/v1/tasks/json_extraction", {"variables": {"text": TEXT}, **more})


@contextmanager
def running(host, ref=REF, **told) -> Iterator[Running]:
    """Run a server until the block ends; it is ready, unless the model does not open."""
    log = LogLines()
    with serving(Server(ServerSettings(ref, **told), host, log.add), log) as one:
        yield one


@contextmanager
def serving(server, log: LogLines) -> Iterator[Running]:
    """Run a server of one model or several."""
    listening = bound("127.0.0.1", 0)
    one = uvicorn.Server(configuration(server.app, server.limits))
    thread = threading.Thread(target=lambda: asyncio.run(one.serve(sockets=[listening])))
    thread.start()
    try:
        for _, opened in server.opened:
            opened.result(60)
        yield Running(server, listening.getsockname()[1], one, log)
    finally:
        one.should_exit = True
        thread.join(60)
        assert not thread.is_alive()
