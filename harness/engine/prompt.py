"""Renders a conversation as a model's prompt: the one way that trainers and backends share."""

from collections.abc import Callable, Sequence
from typing import Any

from harness.core.case import Message
from harness.core.plan import Request
from harness.core.printable import printable
from harness.engine.tokenization import Prompt


def render(tokenizer: Any, messages: Sequence[Message]) -> str:
    """The prompt as text: through the tokenizer's chat template, ready for the answer.

    A tokenizer without a chat template gets the messages' contents, each followed by a line feed.
    """
    if not has_template(tokenizer):
        return plain(messages)
    conversation = [{"role": m.role, "content": m.content} for m in messages]
    text = tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True)
    assert isinstance(text, str)
    return text


def read(
    request: Request,
    render: Callable[[Sequence[Message]], str],
    encode: Callable[[str], Sequence[int]],
) -> Prompt:
    """Render and tokenize a request. Chat templates are untrusted code: an exception in one, or a
    text that is not Unicode, becomes an error of this prompt only."""
    try:
        text = render(request.messages)
    except Exception as error:
        reason = f"the chat template fails on it: {_first_line(error)}"
        return Prompt(request.key, "", (), reason)
    try:
        return Prompt(request.key, text, tuple(encode(text)))
    except Exception as error:
        reason = f"the tokenizer fails on it: {_first_line(error)}"
        return Prompt(request.key, text, (), reason)


def _first_line(error: Exception) -> str:
    return printable((str(error).splitlines() or [""])[0]) or type(error).__name__


def encode(tokenizer: Any, text: str) -> list[int]:
    """Token ids of a rendered prompt. A chat template has added its own special tokens."""
    ids = tokenizer(text, add_special_tokens=not has_template(tokenizer))["input_ids"]
    return [int(i) for i in ids]


def plain(messages: Sequence[Message]) -> str:
    """A conversation for a model that has no chat template."""
    return "".join(m.content + "\n" for m in messages)


def has_template(tokenizer: Any) -> bool:
    return bool(getattr(tokenizer, "chat_template", None))
