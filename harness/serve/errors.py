"""Errors of the server, in the shape of OpenAI's protocol, and its JSON responses."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

from harness.core.completion import Completion
from harness.engine.row import PROMPT_PROBLEMS
from harness.serve.batching import QueueFull, Unavailable

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    413: "invalid_request_error",
    415: "invalid_request_error",
    422: "answer_failed",
    429: "rate_limit_error",
    499: "client_gone",
    500: "server_error",
    503: "unavailable_error",
    504: "timeout_error",
}
"""The error's ``type``, by status."""


class AsciiJson(JSONResponse):
    """A JSON response in ASCII: half a character in a model's answer survives as its escape."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


class ApiError(Exception):
    """A request that gets an error in place of an answer."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: int | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """
        Args:
            status: of HTTP.
            message: one line.
            param: name of the field that is wrong.
            code: a word for programs.
            retry_after: seconds after which to ask again.
            more: members beside ``error`` in the response.
        """
        super().__init__(message)
        self.status = status
        self.error = {
            "message": message,
            "type": TYPES.get(status, "invalid_request_error"),
            "param": param,
            "code": code,
        }
        self.more = dict(more or {})
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}

    def response(self) -> AsciiJson:
        """The HTTP response."""
        return AsciiJson({"error": self.error, **self.more}, self.status, self.headers)


def refused(error: QueueFull | Unavailable) -> ApiError:
    """The error of a request that the queue does not answer."""
    if isinstance(error, QueueFull):
        message, seconds = str(error), error.retry_after_seconds
        return ApiError(429, message, code="queue_full", retry_after=seconds)
    return ApiError(503, str(error), code="model_unavailable", retry_after=1)


def require_answer(completion: Completion) -> Completion:
    """The completion, unless it is an error.

    Raises:
        ApiError: the prompt cannot be answered (400), or the model failed on it (500).
    """
    if completion.error is None:
        return completion
    if completion.error.startswith(PROMPT_PROBLEMS):
        raise ApiError(400, completion.error, code="prompt_refused")
    raise ApiError(500, completion.error, code="model_failed")
