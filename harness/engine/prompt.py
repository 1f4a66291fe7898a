"""Renders a conversation as a model's prompt: the one way that trainers and backends share."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.core.plan import Request
from harness.core.printable import printable
from harness.core.template_arguments import Scalar
from harness.engine.tokenization import Prompt
from harness.model_files.chat_template import ChatTemplate

Arguments = Iterable[tuple[str, Scalar]]


def render(
    tokenizer: Any,
    messages: Sequence[Message],
    arguments: Arguments = (),
    *,
    adds_generation_prompt: bool = True,
) -> str:
    """The prompt as text: through the tokenizer's chat template, ready for the answer.

    A tokenizer without a chat template gets the messages' contents, each followed by a line feed.

    Raises:
        HarnessError: there are several templates and no default.
        Exception: whatever the template raises.
    """
    if not has_template(tokenizer):
        return plain(messages)
    if (source := template_of(tokenizer)) is None:
        # transformers refuses such a tokenizer's prompts in the same way.
        raise HarnessError("there are several chat templates and none is called default")
    template = ChatTemplate(source, tokenizer.special_tokens_map)
    return template.render(messages, arguments, adds_generation_prompt=adds_generation_prompt)


def read(
    request: Request,
    render: Callable[[Sequence[Message], Arguments], str],
    encode: Callable[[str], Sequence[int]],
) -> Prompt:
    """Render and tokenize a request. Chat templates are untrusted code: an exception in one, or a
    text that is not Unicode, becomes an error of this prompt only."""
    try:
        is_text = request.is_rendered
        text = (
            request.messages[0].content if is_text else render(request.messages, request.template)
        )
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


def template_of(tokenizer: Any) -> str | None:
    """The Jinja source that renders a conversation without tools; ``None`` where there is none, or
    several of which none is the default."""
    found = getattr(tokenizer, "chat_template", None) or None
    return found.get("default") if isinstance(found, dict) else found
