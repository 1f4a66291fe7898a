"""The routes of the server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp

from harness import __version__
from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.grammar import Grammar
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.engine.host import ModelHost
from harness.serve.asking import Asking
from harness.serve.batching import Batching
from harness.serve.errors import ApiError, AsciiJson
from harness.serve.grammars import format_grammar, task_grammar
from harness.serve.guard import Access, Entry, Guard, Log
from harness.serve.limits import Limits
from harness.serve.metrics import Metrics
from harness.serve.openai import (
    ChatBody,
    CompletionBody,
    GenerationBody,
    Reply,
    ResponseFormat,
)
from harness.serve.task_answers import (
    Judging,
    Policy,
    TaskAnswer,
    TaskBody,
    case_for,
    request_for,
)
from harness.tasks.task import Task

NOT_CONSTRAINABLE = "{} is not decoded here, so that no grammar can constrain it"


class ErrorBody(BaseModel):
    """The body of every error."""

    error: dict[str, Any]


ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody}
    for status in (400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 503, 504)
}


STREAMED = ("/v1/chat/completions", "/v1/completions")


@dataclass(frozen=True)
class ServerSettings:
    """Everything that a server is told."""

    ref: ModelRef
    tasks: Sequence[Task] = ()
    limits: Limits = field(default_factory=Limits)
    access: Access = field(default_factory=Access)
    policy: Policy = field(default_factory=partial(Policy, "raw"))
    """The policy of a task's request that names none."""
    is_constrainable: bool = True
    """Answers of the model's kind can be constrained to a grammar."""
    logs_prompts: bool = False
    names: tuple[str, ...] = ()
    """Names by which clients may ask for the model; its own where there are none."""


class Server:
    """One served model: its queue, its numbers and its ASGI application."""

    def __init__(self, served: ServerSettings, host: ModelHost, log: Log) -> None:
        """
        Raises:
            HarnessError: the policy is none for the model or a task.
        """
        self.served = served
        self.name = served.ref.name
        """The name by which clients ask for the model."""
        self.metrics = Metrics(lambda: self.batching.waiting, lambda: self.batching.is_ready)
        self.batching = Batching(
            host,
            served.ref,
            max_waiting=served.limits.max_waiting,
            on_batch=self.metrics.batch,
            on_death=lambda reason: self._died(reason, log),
        )
        self.asking = Asking(
            self.batching, served.limits, self.metrics, logs_prompts=served.logs_prompts
        )
        self.tasks = {task.name: Judging(task) for task in served.tasks}
        if served.policy.kind == "constrained":
            for task in served.tasks:
                self._task_grammar(task)
        self.routes: ASGIApp = self._routed()
        self.app: ASGIApp = Guard(
            self.routes,
            access=served.access,
            limits=served.limits,
            log=log,
            count=lambda route, entry: self.metrics.request(route, entry.status, entry.seconds),
        )

    @property
    def limits(self) -> Limits:
        return self.served.limits

    @property
    def opened(self) -> Sequence[tuple[ModelRef, Future[str | None]]]:
        """The model, and a future that is done once it was to be opened: why it is not."""
        return ((self.served.ref, self.batching.opened),)

    def _died(self, reason: str, log: Log) -> None:
        self.metrics.death()
        log({"event": "model_died", "reason": reason})

    def _routed(self) -> FastAPI:
        app = FastAPI(
            title="harness serve",
            version=__version__,
            docs_url=None,  # Its page loads a script from elsewhere.
            redoc_url=None,
            lifespan=self._lifespan,
        )
        for kind, act in HANDLERS.items():
            app.add_exception_handler(kind, act)
        get: Mapping[str, Callable[..., Any]] = {
            "/healthz": self.healthz,
            "/readyz": self.readyz,
            "/metrics": self.numbers,
            "/v1/models": self.models,
        }
        post: Mapping[str, Callable[..., Any]] = {
            "/v1/chat/completions": self.chat,
            "/v1/completions": self.completions,
            "/v1/tasks/{task}": self.task,
        }
        for path, answer in get.items():
            response = PlainTextResponse if path == "/metrics" else JSONResponse
            app.add_api_route(
                path, answer, response_model=None, responses=ERRORS, response_class=response
            )
        for path, answer in post.items():
            app.add_api_route(path, answer, methods=["POST"], response_model=None, responses=ERRORS)
        app.openapi = partial(self._described, app.openapi)  # type: ignore[method-assign]
        return app

    def _described(self, described: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The OpenAPI document, which names the tasks and the form of streams."""
        document = described()
        for path, item in document["paths"].items():
            if path in STREAMED:
                item["post"]["responses"]["200"]["content"]["text/event-stream"] = {}
            for parameter in item.get("post", {}).get("parameters", ()):
                parameter["schema"]["enum"] = list(self.tasks) or ["none"]
        return document

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        self.batching.start()
        yield
        await asyncio.to_thread(self.batching.close)

    async def healthz(self) -> Response:
        """The server runs."""
        return AsciiJson({"status": "ok"})

    async def readyz(self) -> Response:
        """The model is open."""
        if not self.batching.is_ready:
            reason = self.batching.problem or "the model is being opened"
            raise ApiError(503, reason, code="model_unavailable", retry_after=1)
        return AsciiJson({"status": "ready", "model": self.name})

    async def numbers(self) -> Response:
        """Numbers in Prometheus' format."""
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4")

    async def models(self) -> Response:
        """The one model."""
        name = next(iter(self.served.names), self.name)
        model = {"id": name, "object": "model", "created": 0, "owned_by": "harness"}
        return AsciiJson({"object": "list", "data": [model]})

    async def chat(self, body: ChatBody, http: HttpRequest) -> Response:
        """Answer a conversation."""
        grammar = None
        if body.response_format is not None:
            grammar = await asyncio.to_thread(self._format_grammar, body.response_format)
        request = body.request(self.served.limits, grammar)
        return await self._generated(body, request, http, is_chat=True)

    async def completions(self, body: CompletionBody, http: HttpRequest) -> Response:
        """Continue a text."""
        return await self._generated(body, body.request(self.served.limits), http, is_chat=False)

    async def task(self, task: str, body: TaskBody, http: HttpRequest) -> Response:
        """Answer a task, judged by its behaviors."""
        if task not in self.tasks:
            there = ", ".join(self.tasks) or "none"
            raise ApiError(404, f"no such task, there are: {there}", code="task_not_found")
        try:
            policy = self.served.policy if body.policy is None else Policy.parse(body.policy)
        except HarnessError as error:
            raise ApiError(400, str(error), param="policy") from None
        entry: Entry = http.scope["entry"]
        entry.policy = str(policy)
        answer = entry.judged = await self._task_answer(self.tasks[task], body, policy, http)
        self.metrics.task_answer(task, policy.kind, answer.result)
        if not answer.failed:
            return AsciiJson(answer.to_json())
        message = f"the answer fails {', '.join(answer.failed)}"
        raise ApiError(422, message, code="answer_failed", more=answer.to_json())

    async def _task_answer(
        self, judging: Judging, body: TaskBody, policy: Policy, http: HttpRequest
    ) -> TaskAnswer:
        """The first answer that passes, else the last one."""
        task = judging.task
        if policy.kind == "repair" and task.output.format != "json":
            raise ApiError(400, "policy repair is of JSON, the task's answers are none")
        case, grammar = case_for(task, body), None
        if policy.kind == "constrained":
            try:
                grammar = await asyncio.to_thread(self._task_grammar, task)
            except HarnessError as error:
                raise ApiError(400, str(error), param="policy") from None
        for attempt in range(policy.tries):
            request = request_for(task, case, self.served.limits, attempt, grammar)
            completion: Completion = await self.asking.whole(request, http)
            answer = await asyncio.to_thread(judging.judged, case, completion, attempt + 1)
            self.metrics.judged(task.name, answer.verdicts)
            if not answer.failed:
                return answer
        if policy.kind == "repair":
            return await asyncio.to_thread(judging.mended, case, answer)
        return answer

    def _task_grammar(self, task: Task) -> Grammar:
        """The grammar of a task's answers.

        Raises:
            HarnessError: there is none.
        """
        if not self.served.is_constrainable:
            raise HarnessError(f"policy constrained: {NOT_CONSTRAINABLE.format(self.served.ref)}")
        return task_grammar(task)

    def _format_grammar(self, asked: ResponseFormat) -> Grammar | None:
        grammar = format_grammar(asked)
        if grammar is not None and not self.served.is_constrainable:
            reason = NOT_CONSTRAINABLE.format(self.served.ref)
            raise ApiError(400, f"response_format: {reason}", param="response_format")
        return grammar

    async def _generated(
        self, body: GenerationBody, request: Request, http: HttpRequest, *, is_chat: bool
    ) -> Response:
        names = self.served.names or (self.name,)
        if body.model is not None and body.model not in names:
            message = f"no such model, this server has {names[0]}"
            raise ApiError(404, message, param="model", code="model_not_found")
        entry: Entry = http.scope["entry"]
        reply = Reply(self.name, is_chat, entry.id)
        if not body.stream:
            return AsciiJson(reply.whole(await self.asking.whole(request, http)))
        parts = await self.asking.streamed(request, http, reply, has_usage=body.has_usage)
        return StreamingResponse(parts, media_type="text/event-stream")


async def _api_error(http: HttpRequest, error: Any) -> Response:
    http.scope["entry"].more.setdefault("error", error.error["message"])
    response: Response = error.response()
    return response


async def _invalid(http: HttpRequest, error: Any) -> Response:
    """The first mistake of a body, named by its field."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body")[:200]
    if first["type"] == "extra_forbidden":
        message, code = f"{where} is not supported here, leave it out", "unsupported_parameter"
    else:
        reason = first["msg"].removeprefix("Value error, ")
        message, code = f"{where or 'the body'}: {reason}", "invalid_value"
    return await _api_error(http, ApiError(400, message, param=where or None, code=code))


async def _no_route(http: HttpRequest, error: Any) -> Response:
    assert isinstance(error, HTTPException)
    message = {404: "no such path", 405: "the path does not take this method"}
    text = message.get(error.status_code, str(error.detail))
    refused = ApiError(error.status_code, text)
    refused.headers |= error.headers or {}
    return await _api_error(http, refused)


HANDLERS: Mapping[type[Exception], Callable[..., Any]] = {
    ApiError: _api_error,
    RequestValidationError: _invalid,
    HTTPException: _no_route,
}
