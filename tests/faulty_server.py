"""An HTTP server of OpenAI's protocol that a test makes fail as servers do.

It answers each request by the next of a queue of replies, and by an honest answer once the queue is
empty. A reply is a function of the handler and the decoded body.
"""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
Reply = Callable[["Handler", Body], None]
NAME = "tiny"


def text_of(body: Body) -> str:
    """The text of a request's prompt."""
    return body["messages"][-1]["content"] if "messages" in body else body["prompt"]


class FaultyServer:
    """A running server, what it was sent, and the replies that it will give."""

    def __init__(self) -> None:
        self.replies: deque[Reply] = deque()
        self.answer: Callable[[Body], str] = lambda body: f"re: {text_of(body)}"
        self.name = NAME
        self.models: list[str] | None = [NAME]
        """Names in the list of models; ``None``: there is no list."""
        self.paths: dict[str, Callable[[Body], Any]] = {}
        """Further paths of POST requests, with their answers."""
        self.bodies: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.most_in_flight = 0
        self.in_flight = 0
        self.lock = threading.Lock()
        self.released = threading.Event()
        """Set at the end: a reply that hangs waits for it."""
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"ours": self}))
        self.http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/v1"

    def completion(self, body: Body, text: str | None = None, **choice: Any) -> Body:
        """The body of an honest response, with changes to its choice."""
        text = self.answer(body) if text is None else text
        part = {"message": {"role": "assistant", "content": text}} if "messages" in body else {}
        return {
            "model": self.name,
            "choices": [{"index": 0, "text": text, **part, "finish_reason": "stop", **choice}],
            "usage": {"prompt_tokens": len(json.dumps(body.get("chat_template_kwargs", 0)))},
        }


class Handler(BaseHTTPRequestHandler):
    ours: FaultyServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        """Nothing is printed."""

    def do_GET(self) -> None:
        if self.ours.models is None or self.path != "/v1/models":
            return self.send(404, {"error": {"message": "no such path"}})
        self.send(200, {"object": "list", "data": [{"id": name} for name in self.ours.models]})

    def do_POST(self) -> None:
        ours = self.ours
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.removeprefix("/v1/").removeprefix("/")
        with ours.lock:
            ours.in_flight += 1
            ours.most_in_flight = max(ours.most_in_flight, ours.in_flight)
            ours.bodies.append(body)
            ours.headers.append(dict(self.headers))
            reply = ours.replies.popleft() if ours.replies else honest
        try:
            if path in ours.paths:
                self.send(200, ours.paths[path](body))
            elif path in ("chat/completions", "completions"):
                reply(self, body)
            else:
                self.send(404, {"error": {"message": "no such path"}})
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with ours.lock:
                ours.in_flight -= 1

    def send(self, status: int, value: Any, **headers: str) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        self.wfile.write(data)


def honest(handler: Handler, body: Body) -> None:
    """An answer as servers give it: streamed where that was asked for."""
    whole = handler.ours.completion(body)
    if body.get("stream"):
        return streamed(whole["choices"][0]["text"].partition(" "))(handler, body)
    handler.send(200, whole)


def status(code: int, value: Any = None, **headers: str) -> Reply:
    """An error of HTTP."""
    return lambda handler, body: handler.send(code, {} if value is None else value, **headers)


def with_choice(text: str | None = None, **choice: Any) -> Reply:
    """An answer whose choice is not as it should be."""
    return lambda handler, body: handler.send(
        200, handler.ours.completion(body, text=text, **choice)
    )


def with_body(**changes: Any) -> Reply:
    """An answer of which parts of the body are others."""
    return lambda handler, body: handler.send(200, handler.ours.completion(body) | changes)


def raw(data: bytes, **headers: str) -> Reply:
    """These bytes in place of an answer."""
    return lambda handler, body: handler.send(200, data, **headers)


def cut(handler: Handler, body: Body) -> None:
    """Half of an answer, then the end of the connection."""
    data = json.dumps(handler.ours.completion(body)).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data[: len(data) // 2])
    handler.close_connection = True


def cut_after(text: str) -> Reply:
    """A streamed answer that begins with this text, then the end of the connection."""

    def reply(handler: Handler, body: Body) -> None:
        event = {"model": handler.ours.name, "choices": [{"delta": {"content": text}}]}
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        handler.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        handler.close_connection = True

    return reply


def hanging(handler: Handler, body: Body) -> None:
    """Nothing, until the test ends."""
    handler.ours.released.wait()
    handler.close_connection = True


def dripping(handler: Handler, body: Body) -> None:
    """A blank at a time, for ever: never silent, and never done."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while not handler.ours.released.wait(0.02):
        handler.wfile.write(b" ")
        handler.wfile.flush()
    handler.close_connection = True


def streamed(parts: Any, end: str | None = "stop") -> Reply:
    """Server-sent events with these parts of the text."""

    def reply(handler: Handler, body: Body) -> None:
        name = handler.ours.name
        is_chat = "messages" in body
        choices = [{"delta": {"content": p}} if is_chat else {"text": p} for p in parts]
        events = [{"model": name, "choices": [c]} for c in choices]
        events.append({"model": name, "choices": [{"delta": {}, "finish_reason": end}]})
        events.append({"model": name, "choices": [], "usage": {"prompt_tokens": 3}})
        lines = "".join(f"data: {json.dumps(e)}\n\n" for e in events) + "data: [DONE]\n\n"
        handler.send(200, lines.encode(), Content_Type="text/event-stream")

    return reply


@contextmanager
def serving() -> Iterator[FaultyServer]:
    """A server on a port of its own."""
    server = FaultyServer()
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.http.shutdown()
        server.http.server_close()
        thread.join()
