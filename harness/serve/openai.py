"""OpenAI's protocol: request bodies to ``Request`` values, completions to response bodies.

A field is obeyed or refused by its name. Fields that change nothing with the value that a client
sends are accepted with that value alone.
"""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from harness.core.case import Message
from harness.core.completion import Completion
from harness.core.grammar import Grammar
from harness.core.plan import Request, Sampling, sha256_of
from harness.core.template_arguments import Scalar, checked
from harness.engine.served.protocol import NEUTRAL
from harness.serve.errors import ApiError
from harness.serve.limits import Limits
from harness.tasks.task_file import MAX_SEED, SamplingFile

ACCEPTED: Mapping[str, tuple[Any, ...]] = {
    **{
        name: (value, None)
        for name, value in NEUTRAL.items()
        if name not in ("top_k", "repetition_penalty", "repeat_penalty")
    },
    "n": (1, None),
    "best_of": (1, None),
    "echo": (False, None),
    "suffix": (None, ""),
    "logprobs": (False, None),
    "top_logprobs": (None,),
    "logit_bias": (None, {}),
    "presence_penalty": (0, None),
    "frequency_penalty": (0, None),
    "tools": (None, []),
    "tool_choice": (None, "none"),
    "parallel_tool_calls": (None, True, False),
    "functions": (None, []),
    "store": (None, False),
    "add_special_tokens": (False, None),
}
"""Fields that are accepted with a value that changes nothing, and refused with any other."""


MAX_STOPS = 16
MAX_STOP = 200
"""Characters of a text at which an answer ends."""


def _is_accepted(name: str, value: object) -> bool:
    same = (a for a in ACCEPTED.get(name, ()) if isinstance(a, bool) == isinstance(value, bool))
    return any(a == value for a in same)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _without_neutral(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: v for k, v in value.items() if k in cls.model_fields or not _is_accepted(k, v)}


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Stop = Annotated[str, Field(min_length=1, max_length=MAX_STOP)]
Stops = Annotated[
    list[Stop],
    Field(max_length=MAX_STOPS),
    BeforeValidator(_listed, json_schema_input_type=Stop | list[Stop]),
]
"""One text at which an answer ends, or several."""


class StreamOptions(_Body):
    include_usage: bool = False


def _whole(value: Any) -> Any:
    """The integer that a JSON number such as ``12.0`` is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Int = Annotated[int, BeforeValidator(_whole)]


class GenerationBody(_Body):
    """The fields that chat and completions share."""

    model: str | None = None
    """The served model's name; without it, the one that there is."""
    max_tokens: Int | None = Field(None, gt=0)
    temperature: float | None = Field(None, ge=0, allow_inf_nan=False)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: Int | None = Field(None, ge=0, le=2**31 - 1)
    repetition_penalty: float | None = Field(None, gt=0, allow_inf_nan=False)
    repeat_penalty: float | None = Field(None, gt=0, allow_inf_nan=False)
    """llama-server's name for it."""
    seed: Int | None = Field(None, ge=-MAX_SEED, le=MAX_SEED)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: Stops | None = None
    user: str | None = None
    """Who asks; not looked at."""

    @property
    def has_usage(self) -> bool:
        """The stream ends with the count of tokens."""
        return self.stream_options is not None and self.stream_options.include_usage

    def sampling(self, limits: Limits, max_tokens: int | None) -> Sampling:
        """The decoding that is asked for; greedy where nothing is said.

        Raises:
            ApiError: more tokens than the server allows, or two repetition penalties.
        """
        penalties = {p for p in (self.repetition_penalty, self.repeat_penalty) if p is not None}
        if len(penalties) > 1:
            raise ApiError(400, "repetition_penalty and repeat_penalty differ, give one of them")
        asked = {
            "max_new_tokens": allowed_tokens(max_tokens, limits),
            "temperature": self.temperature,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "repetition_penalty": next(iter(penalties), None),
            "seed": self.seed,
        }
        sampling = SamplingFile(**{k: v for k, v in asked.items() if v is not None}).value()
        return seeded(sampling, self.seed)


class TextPart(_Body):
    type: Literal["text"]
    text: str


def _joined(content: Any) -> Any:
    """The text of a message's parts, a line for each.

    Raises:
        ValueError: a part is no text.
    """
    if not isinstance(content, list):
        return content
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind != "text":
            raise ValueError(f"a part of type {kind!r:.40} is not supported here, send text")
        if part.keys() != {"type", "text"} or not isinstance(part["text"], str):
            raise ValueError("a part of type 'text' has a text, and nothing else")
    return "\n".join(part["text"] for part in content)


class ChatMessage(_Body):
    role: Literal["system", "user", "assistant"]
    content: Annotated[str, BeforeValidator(_joined, json_schema_input_type=str | list[TextPart])]
    name: None = None


class JsonSchema(_Body):
    """The schema of ``response_format``; its name and description change nothing."""

    schema_: dict[str, Any] = Field(alias="schema")
    name: str | None = None
    description: str | None = None
    strict: bool | None = None
    """An answer is held to the schema in either case."""


class ResponseFormat(_Body):
    """OpenAI's ``response_format``."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> "ResponseFormat":
        if (self.json_schema is None) == (self.type == "json_schema"):
            raise ValueError("json_schema belongs to the type json_schema, and to no other")
        return self


class ChatBody(GenerationBody):
    """The body of ``/v1/chat/completions``."""

    messages: list[ChatMessage] = Field(min_length=1)
    max_completion_tokens: Int | None = Field(None, gt=0)
    chat_template_kwargs: Annotated[dict[str, Scalar], BeforeValidator(checked)] | None = None
    """Arguments of the chat template."""
    response_format: ResponseFormat | None = None

    def request(self, limits: Limits, grammar: Grammar | None = None) -> Request:
        """The request, as a run's plan has it, with the grammar of its ``response_format``.

        Raises:
            ApiError: it goes beyond a limit, or does not end with a message of the user.
        """
        if self.messages[-1].role != "user":
            raise ApiError(400, "messages: the last one must be the user's", param="messages")
        both = {t for t in (self.max_tokens, self.max_completion_tokens) if t is not None}
        if len(both) > 1:
            raise ApiError(400, "max_tokens and max_completion_tokens differ, give one of them")
        messages = tuple(Message(m.role, m.content) for m in self.messages)
        template = tuple(sorted((self.chat_template_kwargs or {}).items()))
        sampling = self.sampling(limits, next(iter(both), None))
        asked = Request("chat", "", messages, sampling, template=template, grammar=grammar)
        return named(replace(asked, stop=tuple(self.stop or ())))


class CompletionBody(GenerationBody):
    """The body of ``/v1/completions``."""

    prompt: str = Field(min_length=1)
    """The model's input as it is: no chat template renders it."""

    def request(self, limits: Limits) -> Request:
        """The request of the prompt.

        Raises:
            ApiError: it goes beyond a limit.
        """
        message = (Message("user", self.prompt),)
        sampling = self.sampling(limits, self.max_tokens)
        stop = tuple(self.stop or ())
        return named(Request("completion", "", message, sampling, is_rendered=True, stop=stop))


def allowed_tokens(asked: int | None, limits: Limits) -> int:
    """The most tokens of an answer: as many as are asked for, else as a task's default.

    Raises:
        ApiError: more than the server allows.
    """
    if asked is not None and asked > limits.max_tokens:
        message = f"max_tokens: {asked} is above this server's limit of {limits.max_tokens}"
        raise ApiError(400, message, param="max_tokens", code="max_tokens_exceeded")
    return asked or min(Sampling().max_new_tokens, limits.max_tokens)


def seeded(sampling: Sampling, seed: int | None) -> Sampling:
    """The decoding with the seed that it runs by: none where it is greedy, a random one where none
    was given."""
    if sampling.temperature == 0:
        return replace(sampling, seed=0)
    return sampling if seed is not None else replace(sampling, seed=secrets.randbits(62))


def named(request: Request) -> Request:
    """The request with an id that says what is asked, so that equal ones are answered once, and the
    same one again is answered from the same seed."""
    grammar = request.grammar.identity if request.grammar else None
    asked = sha256_of([request.prompt_sha256, request.sampling, grammar, request.stop])
    return replace(request, case_id=asked[:32])


@dataclass(frozen=True)
class Reply:
    """Writes the response to one request, whole or in parts."""

    model: str
    is_chat: bool
    request_id: str
    """As in the log."""
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, completion: Completion) -> dict[str, Any]:
        """The response's body."""
        text: dict[str, Any] = {"text": completion.text}
        if self.is_chat:
            text = {"message": {"role": "assistant", "content": completion.text, "refusal": None}}
        kind = "chat.completion" if self.is_chat else "text_completion"
        choice = self._choice(text, completion.finish_reason.value)
        return {**self._head(kind), "choices": [choice], "usage": usage(completion)}

    def part(self, text: str, *, is_first: bool = False) -> bytes:
        """One part of a streamed answer."""
        role = {"role": "assistant"} if is_first else {}
        delta = {"delta": {**role, "content": text}} if self.is_chat else {"text": text}
        return self._event([self._choice(delta, None)])

    def end(self, completion: Completion, *, has_usage: bool) -> bytes:
        """The last parts of a streamed answer."""
        delta: dict[str, Any] = {"delta": {}} if self.is_chat else {"text": ""}
        last = self._event([self._choice(delta, completion.finish_reason.value)])
        counted = self._event([], usage=usage(completion)) if has_usage else b""
        return last + counted + b"data: [DONE]\n\n"

    def broken(self, error: ApiError) -> bytes:
        """The last part of a streamed answer that is not whole."""
        return _data({"error": error.error})

    def _choice(self, content: Mapping[str, Any], finish_reason: str | None) -> dict[str, Any]:
        return {"index": 0, **content, "logprobs": None, "finish_reason": finish_reason}

    def _event(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        kind = "chat.completion.chunk" if self.is_chat else "text_completion"
        return _data({**self._head(kind), "choices": choices, **more})

    def _head(self, kind: str) -> dict[str, Any]:
        prefix = "chatcmpl" if self.is_chat else "cmpl"
        head = {"id": f"{prefix}-{self.request_id}", "object": kind}
        return {**head, "created": self.created, "model": self.model}


def usage(completion: Completion) -> dict[str, int]:
    """Counts of tokens, the end token included."""
    prompt, answer = completion.prompt_tokens, len(completion.token_ids)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": prompt + answer,
    }


def _data(value: object) -> bytes:
    return b"data: " + json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n\n"
