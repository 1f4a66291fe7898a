"""Asks the queue for a request of a client that may leave, within the time that one may take."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from concurrent.futures import Future
from typing import Any

from starlette.requests import Request as HttpRequest

from harness.core.completion import Completion
from harness.core.plan import Request
from harness.serve.batching import Batching, OnText, QueueFull, Unavailable
from harness.serve.errors import ApiError, refused, require_answer
from harness.serve.guard import Entry
from harness.serve.limits import Limits
from harness.serve.metrics import Metrics
from harness.serve.openai import Reply


class Asking:
    """Puts requests into the queue of one server, and waits for their answers."""

    def __init__(
        self, batching: Batching, limits: Limits, metrics: Metrics, *, logs_prompts: bool = False
    ) -> None:
        self.batching = batching
        self.limits = limits
        self.metrics = metrics
        self.logs_prompts = logs_prompts

    async def whole(self, request: Request, http: HttpRequest) -> Completion:
        """The answer to a request.

        Raises:
            ApiError: there is none; 499 where the client left, 504 where its time is over.
        """
        entry: Entry = http.scope["entry"]
        answer = asyncio.wrap_future(self._submitted(request, entry))
        gone = asyncio.create_task(_left(http))
        try:
            await _first_of(answer, gone, seconds=self._seconds_left(entry))
            if answer.done():
                return self._noted(answer.result(), entry)
            if gone.done():
                raise ApiError(499, "the client left")
            raise self._late()
        except Unavailable as error:
            raise refused(error) from None
        finally:
            gone.cancel()
            answer.cancel()

    async def streamed(
        self, request: Request, http: HttpRequest, reply: Reply, *, has_usage: bool
    ) -> AsyncGenerator[bytes, None]:
        """The parts of a streamed response. The first is there once the answer has begun, so that
        what fails before is an error with a status.

        Raises:
            ApiError: as ``whole`` does.
        """
        entry: Entry = http.scope["entry"]
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | None] = asyncio.Queue()

        def put(text: str | None) -> None:
            with contextlib.suppress(RuntimeError):  # The loop is closed: nobody reads.
                loop.call_soon_threadsafe(pieces.put_nowait, text)

        answer = self._submitted(request, entry, put)
        answer.add_done_callback(lambda _: put(None))
        parts = self._parts(answer, pieces, entry, reply, has_usage)
        gone = asyncio.create_task(_left(http))
        first = asyncio.ensure_future(anext(parts))
        await _first_of(first, gone)
        gone.cancel()
        if not first.done():
            answer.cancel()
            first.cancel()
            raise ApiError(499, "the client left")
        return _after(first.result(), parts)

    async def _parts(
        self,
        answer: "Future[Completion]",
        pieces: "asyncio.Queue[str | None]",
        entry: Entry,
        reply: Reply,
        has_usage: bool,
    ) -> AsyncGenerator[bytes, None]:
        """Parts of the answer; an error after the first part is a part itself."""
        sent = ""
        is_begun = False
        try:
            # No asyncio.timeout: the parts are taken by another task than the first one.
            while (
                text := await asyncio.wait_for(pieces.get(), self._seconds_left(entry))
            ) is not None:
                yield reply.part(text, is_first=not is_begun)
                sent, is_begun = sent + text, True
            completion = self._noted(answer.result(0), entry)
            if not completion.text.startswith(sent):
                raise ApiError(500, "the tokenizer read the answer's end otherwise than its start")
            if rest := completion.text[len(sent) :]:
                yield reply.part(rest, is_first=not is_begun)
            yield reply.end(completion, has_usage=has_usage)
        except (Unavailable, ApiError, TimeoutError) as fault:
            error = refused(fault) if isinstance(fault, Unavailable) else fault
            error = self._late() if isinstance(error, TimeoutError) else error
            if not is_begun:
                raise error from None
            entry.more["error"] = error.error["message"]
            yield reply.broken(error)
        finally:
            answer.cancel()

    def _submitted(
        self, request: Request, entry: Entry, on_text: OnText | None = None
    ) -> "Future[Completion]":
        entry.request, entry.completion = request, None
        if self.logs_prompts:
            entry.more["messages"] = [[m.role, m.content] for m in request.messages]
        try:
            return self.batching.submit(request, on_text)
        except (QueueFull, Unavailable) as error:
            raise refused(error) from None

    def _noted(self, completion: Completion, entry: Entry) -> Completion:
        """The completion, unless it is an error; its tokens are counted and in the log."""
        require_answer(completion)
        self.metrics.answered(completion)
        entry.completion = completion
        entry.more["prompt_tokens"] = completion.prompt_tokens
        entry.more["completion_tokens"] = len(completion.token_ids)
        if self.logs_prompts:
            entry.more["answer"] = completion.text
        return completion

    def _seconds_left(self, entry: Entry) -> float:
        """Seconds that are left for a request's answer."""
        return max(0.0, self.limits.seconds - entry.seconds)

    def _late(self) -> ApiError:
        return ApiError(504, f"no whole answer within {self.limits.seconds:g} s", code="timeout")


async def _left(http: HttpRequest) -> None:
    """Return when the client leaves."""
    while (await http.receive())["type"] != "http.disconnect":
        pass


async def _first_of(*futures: "asyncio.Future[Any]", seconds: float | None = None) -> None:
    """Wait until one of them is done, or the time is over."""
    await asyncio.wait(futures, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


async def _after(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(rest):
        yield first
        async for part in rest:
            yield part
