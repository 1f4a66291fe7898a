"""Asks a server for one answer: whole for its text, or streamed for its times."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from harness.core.completion import Completion, Timing
from harness.core.errors import HarnessError, one_line
from harness.core.plan import Request
from harness.engine.served.client import BadRequest, Server
from harness.engine.served.logprobs import FIELDS
from harness.engine.served.protocol import NEUTRAL, Protocol
from harness.engine.served.retries import Retries

T = TypeVar("T")
USAGE = {"include_usage": True}
MAY_BE_LEFT_OUT = {**NEUTRAL, "stream_options": USAGE}
"""Fields, with the value without which the answer's text is the same."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The way to ask, and how often."""

    protocol: Protocol
    retries: Retries

    def completion(self, server: Server, request: Request) -> Completion:
        """The answer to a request.

        Raises:
            HarnessError: there is none.
        """
        return self.protocol.completion(request, self.answer(server, request))

    def answer(self, server: Server, request: Request) -> dict[str, Any]:
        """The body of the response; raises as ``completion`` does."""
        return self._sent(server, request, {}, server.post)

    def timed(self, server: Server, request: Request) -> Completion:
        """The answer with its times: the first token's is when the first text arrives."""

        return self._sent_streaming(server, request, lambda text: None, {})

    def streamed(
        self, server: Server, request: Request, on_text: Callable[[str], None]
    ) -> Completion:
        """The answer with its times; ``on_text`` is called with its text so far as it grows."""
        return self._sent_streaming(server, request, on_text, {"stream_options": USAGE})

    def _sent_streaming(
        self,
        server: Server,
        request: Request,
        on_text: Callable[[str], None],
        more: dict[str, Any],
    ) -> Completion:
        def read(path: str, body: dict[str, Any]) -> Completion:
            return self._streamed(request, server.stream(path, body), on_text)

        return self._sent(server, request, {"stream": True, **more}, read)

    def _sent(
        self,
        server: Server,
        request: Request,
        more: dict[str, Any],
        send: Callable[[str, dict[str, Any]], T],
    ) -> T:
        """The result of ``send``, which is called again after passing faults, and without the
        fields that the server refuses to know."""
        body = self._body(request) | more
        while True:
            sent = _defined(server, body)
            try:
                return self.retries.call(request.seed, lambda: send(self.protocol.path, sent))  # noqa: B023
            except BadRequest as error:
                _note_undefined(server, sent, error)

    def _body(self, request: Request) -> dict[str, Any]:
        try:
            return self.protocol.body(request)
        except Exception as error:  # of a chat template, which is untrusted code
            raise HarnessError(f"the chat template fails on it: {one_line(error)}") from None

    def _streamed(
        self, request: Request, chunks: Iterable[dict[str, Any]], on_text: Callable[[str], None]
    ) -> Completion:
        started, first = time.perf_counter(), None
        parts: list[str] = []
        name, reason, usage = None, None, None
        for chunk in chunks:
            name, choice = chunk.get("model", name), _choice(chunk)
            usage = chunk.get("usage") or usage
            text = self.protocol.streamed_text(choice, has_tools=bool(request.tools))
            if text and first is None:
                first = time.perf_counter() - started
            parts.append(text)
            if text:
                on_text("".join(parts))
            reason = choice.get("finish_reason") or reason
        seconds, text = time.perf_counter() - started, "".join(parts)
        whole = {"message": {"content": text}, "text": text, "finish_reason": reason}
        answer = {"model": name, "choices": [whole], "usage": usage}
        completion = self.protocol.completion(request, answer)
        return replace(completion, timing=Timing(seconds, first or seconds, batch_rows=1))


def _choice(chunk: dict[str, Any]) -> dict[str, Any]:
    """The choice in a part of a stream; an empty one in a part that holds usage alone."""
    choices = chunk.get("choices")
    if not isinstance(choices, list) or chunk.get("error"):
        raise HarnessError("the server ends its streamed answer with an error")
    if choices and not isinstance(choices[0], dict):
        raise HarnessError("the server's answer does not hold one choice")
    return choices[0] if choices else {}


def _defined(server: Server, body: dict[str, Any]) -> dict[str, Any]:
    """The body without fields that the server refuses to know and that change nothing."""
    return {
        name: value
        for name, value in body.items()
        if name not in server.undefined or not _may_be_left_out(name, value)
    }


def _may_be_left_out(name: str, value: object) -> bool:
    """True where the answer's text is the same without a field."""
    return name in FIELDS or (name in MAY_BE_LEFT_OUT and value == MAY_BE_LEFT_OUT[name])


def _note_undefined(server: Server, sent: dict[str, Any], error: BadRequest) -> None:
    """Remember the fields that the server refuses; raises the error where leaving them out would
    change the answer."""
    optional = (name for name, value in sent.items() if _may_be_left_out(name, value))
    refused = {name for name in optional if name in error.reason}
    if not refused:
        raise error
    server.undefined |= refused
