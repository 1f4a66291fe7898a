"""Reads an answer in OpenAI's protocol: a batch's response, a choice's text and why it ended.

A choice from which a server took a part of the model's answer is refused, never judged without it.
"""

import json
from collections.abc import Mapping
from typing import Any

from harness.core.completion import FinishReason
from harness.core.errors import HarnessError
from harness.core.printable import excerpt

CALLS = "tool_calls"
"""Where a message has the calls of tools; also the reason of an answer that ended with some."""
FINISH_REASONS: Mapping[str, FinishReason] = {
    "stop": FinishReason.STOP,
    "eos_token": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "length": FinishReason.LENGTH,
}
"""OpenAI's words, and those of text-generation-inference. Any other one is an error."""


def response_body(line: Mapping[str, Any]) -> dict[str, Any]:
    """The response's body in a line that a batch wrote.

    Raises:
        HarnessError: the line is an error.
    """
    response = line.get("response")
    body = response.get("body") if isinstance(response, dict) else None
    is_good = isinstance(response, dict) and response.get("status_code") == 200
    if line.get("error") or not is_good or not isinstance(body, dict):
        found = line.get("error") or body or response
        if isinstance(found, dict):
            found = found.get("error") or found.get("message") or found
        raise HarnessError(f"the batch has an error in its place: {excerpt(str(found), 200)}")
    return body


def text_in(part: Mapping[str, Any], name: str) -> str:
    """The text under a name of a response.

    Raises:
        HarnessError: there is no text, or one that is not Unicode.
    """
    text = part.get(name)
    if not isinstance(text, str):
        raise HarnessError(f"the server's answer holds no text: {name} is {shown(text)}")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise HarnessError(
            "the server's answer is not Unicode, it holds half a character"
        ) from None
    return text


def text_with_calls(message: Mapping[str, Any]) -> str:
    """The answer of a message to a prompt with tools: its text, or where the server found calls in
    it the JSON text of the calls, with the text that stood beside them as ``content``.

    Raises:
        HarnessError: the server took another part of the answer, or its text is not Unicode.
    """
    require_whole({**message, CALLS: None})
    if not message.get(CALLS):
        return text_in(message, "content") if message.get("content") is not None else ""
    beside = {"content": message["content"]} if message.get("content") else {}
    text = json.dumps({**beside, CALLS: message[CALLS]}, ensure_ascii=False)
    return text_in({CALLS: text}, CALLS)


def require_whole(message: Mapping[str, Any]) -> None:
    """Refuse a message from which the server has taken parts of the model's answer."""
    for name in ("reasoning_content", "reasoning", CALLS, "function_call", "refusal"):
        if message.get(name):
            raise HarnessError(
                f"the server puts a part of the answer into {name}, so its text is not the "
                "model's: start the server without a parser for that"
            )


def finish_reason_of(given: object) -> FinishReason:
    """The reason why an answer ended.

    Raises:
        HarnessError: it is neither of the two with which an answer is whole.
    """
    reason = FINISH_REASONS.get(given) if isinstance(given, str) else None
    if reason is None:
        raise HarnessError(
            f"the server ends its answer with finish_reason {shown(given)}, which is neither "
            "stop nor length: it is no whole answer"
        )
    return reason


def shown(value: object) -> str:
    """A value of a response as a message may show it."""
    return excerpt(value if isinstance(value, str) else repr(value)[:200])
