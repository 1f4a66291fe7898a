"""Renders a conversation as a model's prompt: the one way that trainers and backends share."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from harness.core.case import Message, turn_of
from harness.core.errors import HarnessError
from harness.core.plan import Request
from harness.core.printable import printable
from harness.core.template_arguments import Scalar
from harness.core.tool_form import ToolForm
from harness.core.tools import tools_of
from harness.engine.tokenization import Prompt
from harness.model_files.chat_template import ChatTemplate
from harness.model_files.tool_template import TOOL_TEMPLATE, tool_form_of

Arguments = Iterable[tuple[str, Scalar]]


def render(
    tokenizer: Any,
    messages: Sequence[Message],
    arguments: Arguments = (),
    *,
    adds_generation_prompt: bool = True,
    tools: str = "",
) -> str:
    """The prompt as text: through the tokenizer's chat template, ready for the answer.

    A tokenizer without a chat template gets the messages' contents, each followed by a line feed.
    ``tools`` is JSON text.

    Raises:
        HarnessError: there are several templates and no default.
        Exception: whatever the template raises.
    """
    if not has_template(tokenizer):
        return plain(messages)
    return _template(tokenizer, has_tools=bool(tools)).render(
        messages, arguments, adds_generation_prompt=adds_generation_prompt, tools=tools
    )


def render_answered(
    tokenizer: Any,
    messages: Sequence[Message],
    answer: Mapping[str, Any],
    arguments: Arguments = (),
    *,
    tools: str,
) -> str:
    """The conversation with its answer, a turn as OpenAI's protocol has it, as text; raises as
    ``render`` does."""
    turns = [turn_of(message) for message in messages]
    return _template(tokenizer, has_tools=bool(tools)).render_turns(
        [*turns, answer], tools_of(tools), adds_generation_prompt=False, **dict(arguments)
    )


def _template(tokenizer: Any, *, has_tools: bool) -> ChatTemplate:
    if (source := template_of(tokenizer, has_tools=has_tools)) is None:
        # transformers refuses such a tokenizer's prompts in the same way.
        raise HarnessError("there are several chat templates and none is called default")
    return ChatTemplate(source, tokenizer.special_tokens_map)


def tool_form(tokenizer: Any) -> ToolForm | None:
    """The form in which the tokenizer's chat template writes calls; ``None`` where it is not
    known."""
    source = template_of(tokenizer, has_tools=True)
    return tool_form_of(ChatTemplate(source, tokenizer.special_tokens_map)) if source else None


def read(
    request: Request,
    render: Callable[..., str],
    encode: Callable[[str], Sequence[int]],
    tool_form: Callable[[], ToolForm | None] = lambda: None,
) -> Prompt:
    """Render and tokenize a request. Chat templates are untrusted code: an exception in one, or a
    text that is not Unicode, becomes an error of this prompt only.

    Args:
        request: the request.
        render: the text of messages, with the template's arguments and the named ``tools``.
        encode: token ids of a text.
        tool_form: the form in which the template writes calls, asked for requests with tools.
    """
    try:
        text = _text(request, render)
        form = tool_form() if request.tools else None
    except Exception as error:
        reason = f"the chat template fails on it: {_first_line(error)}"
        return Prompt(request.key, "", (), reason)
    try:
        return Prompt(request.key, text, tuple(encode(text)), tool_form=form)
    except Exception as error:
        reason = f"the tokenizer fails on it: {_first_line(error)}"
        return Prompt(request.key, text, (), reason)


def _text(request: Request, render: Callable[..., str]) -> str:
    if request.is_rendered:
        return request.messages[0].content
    return with_tools(render, request.messages, request.template, request.tools)


def with_tools(
    render: Callable[..., str], messages: Sequence[Message], arguments: Arguments, tools: str
) -> str:
    """The prompt as ``render`` writes it, with the tools where there are some.

    Raises:
        HarnessError: it leaves them out.
        Exception: whatever ``render`` raises.
    """
    if not tools:
        return render(messages, arguments)
    text = render(messages, arguments, tools=tools)
    if text == render(messages, arguments):
        raise HarnessError(WRITES_NO_TOOLS)
    return text


def _first_line(error: Exception) -> str:
    return printable((str(error).splitlines() or [""])[0]) or type(error).__name__


def encode(tokenizer: Any, text: str) -> list[int]:
    """Token ids of a rendered prompt. A chat template has added its own special tokens."""
    ids = tokenizer(text, add_special_tokens=not has_template(tokenizer))["input_ids"]
    return [int(i) for i in ids]


WRITES_NO_TOOLS = "it writes no tools, so the model would not know of them"


def plain(messages: Sequence[Message]) -> str:
    """A conversation for a model that has no chat template."""
    return "".join(m.content + "\n" for m in messages)


def has_template(tokenizer: Any) -> bool:
    return bool(getattr(tokenizer, "chat_template", None))


def template_of(tokenizer: Any, *, has_tools: bool = False) -> str | None:
    """The Jinja source that renders a conversation, with tools or without; ``None`` where there is
    none, or several of which none is the default."""
    found = getattr(tokenizer, "chat_template", None) or None
    if not isinstance(found, dict):
        return found
    own = found.get(TOOL_TEMPLATE) if has_tools else None
    return own or found.get("default")
