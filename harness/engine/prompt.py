"""How a conversation becomes the text a model reads. Trainers and backends share this one way."""

from collections.abc import Sequence
from typing import Any

from harness.core.case import Message


def render(tokenizer: Any, messages: Sequence[Message]) -> str:
    """The prompt as text: through the tokenizer's chat template, ready for the answer.

    A tokenizer without a chat template gets the messages' contents, each followed by a line feed.
    """
    if not has_template(tokenizer):
        return "".join(m.content + "\n" for m in messages)
    conversation = [{"role": m.role, "content": m.content} for m in messages]
    text = tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True)
    assert isinstance(text, str)
    return text


def encode(tokenizer: Any, text: str) -> list[int]:
    """Token ids of a rendered prompt. A chat template has written its own special tokens."""
    ids = tokenizer(text, add_special_tokens=not has_template(tokenizer))["input_ids"]
    return [int(i) for i in ids]


def has_template(tokenizer: Any) -> bool:
    return bool(getattr(tokenizer, "chat_template", None))
