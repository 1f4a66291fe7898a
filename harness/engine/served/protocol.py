"""Requests and answers in OpenAI's chat and completions protocols.

What a server must not decide by itself is said in each request: servers take missing values from
their own defaults or from the model's ``generation_config.json``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.core.case import JsonValue
from harness.core.completion import Completion, FinishReason
from harness.core.errors import HarnessError
from harness.core.openai_answer import (
    CALLS,
    finish_reason_of,
    require_whole,
    shown,
    text_in,
    text_with_calls,
)
from harness.core.plan import Request
from harness.core.tool_form import ToolForm
from harness.core.tools import tools_of
from harness.engine.prompt import plain
from harness.engine.served.address import Api, SchemaBy
from harness.engine.served.logprobs import fields_of, logprobs_in
from harness.model_files.chat_template import ChatTemplate
from harness.model_files.tool_template import tool_form_of

NEUTRAL: Mapping[str, Any] = {
    "top_k": 0,
    "min_p": 0.0,
    "repetition_penalty": 1.0,
    "repeat_penalty": 1.0,
    "skip_special_tokens": False,
    "reasoning_format": "none",
    "separate_reasoning": False,
}
"""Fields beyond OpenAI's own, with the values that change nothing: top-k and min-p sampling, the
repetition penalty under its two names, special tokens that stay in the text (vLLM, SGLang), and
reasoning that does (llama-server, SGLang). A server that refuses one is asked
without it."""
SEED_LIMIT = 2**31
"""llama-server reads a seed of 32 bits."""
PATHS: Mapping[Api, str] = {"chat": "chat/completions", "completions": "completions"}


@dataclass(frozen=True, slots=True)
class Protocol:
    """The way in which one model is asked."""

    model: str
    """Its name on the server."""
    api: Api = "chat"
    schema: JsonValue = None
    """The JSON schema that every answer must fit."""
    schema_by: SchemaBy = "response_format"
    """The field that carries the schema."""
    template: ChatTemplate | None = field(default=None, compare=False)
    """Renders the prompt of a completions request, which has no messages."""

    @property
    def path(self) -> str:
        """Path of a request below the base URL."""
        return PATHS[self.api]

    def body(self, request: Request) -> dict[str, Any]:
        """The JSON object that asks for the answer to a request.

        Raises:
            Exception: whatever the chat template raises.
        """
        sampling = request.sampling
        return {
            "model": self.model,
            **self._prompt(request),
            "max_tokens": sampling.max_new_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": request.seed % SEED_LIMIT,
            "n": 1,
            "stream": False,
            **({"stop": list(request.stop)} if request.stop else {}),
            **NEUTRAL,
            "top_k": sampling.top_k,
            "repetition_penalty": sampling.repetition_penalty,
            "repeat_penalty": sampling.repetition_penalty,
            **schema_field(self.schema, self.schema_by),
            **(fields_of(self.api) if request.has_logprobs else {}),
        }

    def _prompt(self, request: Request) -> dict[str, Any]:
        if self.api == "chat":
            messages = [{"role": m.role, "content": m.content} for m in request.messages]
            arguments = {"chat_template_kwargs": dict(request.template)} if request.template else {}
            tools = {"tools": tools_of(request.tools)} if request.tools else {}
            return {"messages": messages, **arguments, **tools}
        if self.template is None:
            if request.tools:
                raise HarnessError("add +tokenizer=FOLDER, whose chat template writes the tools")
            return {"prompt": plain(request.messages)}
        prompt = self.template.render(request.messages, request.template, tools=request.tools)
        return {"prompt": prompt, "add_special_tokens": False}

    def completion(self, request: Request, answer: Mapping[str, Any]) -> Completion:
        """The completion that a response's body holds.

        Raises:
            HarnessError: it is another model's, or not one whole answer as the model gave it.
        """
        if answer.get("model") != self.model:
            raise HarnessError(
                f"the server answers under the name {shown(answer.get('model'))} and not "
                f"{self.model}, name the model that it serves after #"
            )
        choices = answer.get("choices")
        if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
            raise HarnessError("the server's answer does not hold one choice")
        choice: dict[str, Any] = choices[0]
        text = self._text(choice, has_tools=bool(request.tools))
        return Completion(
            text=text,
            finish_reason=_finish_reason(choice, has_tools=bool(request.tools)),
            case_id=request.case_id,
            repeat=request.repeat,
            token_ids=_token_ids(choice.get("token_ids")),
            prompt_tokens=_prompt_tokens(answer.get("usage")),
            logprobs=logprobs_in(choice, text) if request.has_logprobs else None,
            tool_form=self.tool_form if request.tools else None,
        )

    @property
    def tool_form(self) -> ToolForm | None:
        """The form of calls: in a chat the server reads them, else the template's."""
        if self.api == "chat":
            return "openai"
        return tool_form_of(self.template) if self.template else None

    def _text(self, choice: Mapping[str, Any], *, has_tools: bool) -> str:
        part = choice
        if self.api == "chat":
            part = choice.get("message") or {}
            if not isinstance(part, Mapping):
                raise HarnessError("the server's answer holds no message")
            if has_tools:
                return text_with_calls(part)
            require_whole(part)
        return text_in(part, "content" if self.api == "chat" else "text")

    def streamed_text(self, choice: Mapping[str, Any], *, has_tools: bool = False) -> str:
        """The text in a choice of a streamed answer's part; raises as ``completion`` does. Of calls
        it is a part of them as JSON, which says when they came."""
        part = choice.get("delta") or {} if self.api == "chat" else choice
        if not isinstance(part, Mapping):
            raise HarnessError("the server's answer holds no message")
        if has_tools and self.api == "chat":
            return text_with_calls(part)
        require_whole(part)
        name = "content" if self.api == "chat" else "text"
        return text_in(part, name) if part.get(name) is not None else ""


def schema_field(schema: JsonValue, by: SchemaBy) -> dict[str, Any]:
    """The field of a request that puts a JSON schema in force; none without a schema."""
    if schema is None:
        return {}
    if by == "structured_outputs":
        return {"structured_outputs": {"json": schema}}
    if by == "json_object":
        return {"response_format": {"type": "json_object", "schema": schema}}
    named = {"name": "answer", "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _finish_reason(choice: Mapping[str, Any], *, has_tools: bool) -> FinishReason:
    reason = choice.get("finish_reason")
    return FinishReason.STOP if has_tools and reason == CALLS else finish_reason_of(reason)


def _token_ids(given: object) -> tuple[int, ...]:
    is_ids = isinstance(given, list) and all(type(i) is int and i >= 0 for i in given)
    return tuple(given) if isinstance(given, list) and is_ids else ()


def _prompt_tokens(usage: object) -> int:
    """Tokens of the prompt; 0 where the server does not count them."""
    given = usage.get("prompt_tokens") if isinstance(usage, Mapping) else None
    return given if type(given) is int and given >= 0 else 0
